mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  deployment     = "shares"
  region         = "eu-central-1"
  bucket_name    = "our-lake"
  architecture   = "arm64"
  profile        = "single"
  create_cluster = true
  idle_minutes   = 15
  max_minutes    = 60
  subnet_ids     = []
  vpc_cidr       = "10.42.0.0/16"
  kms_key_arn    = null
  project_dir    = "/project"
  dist           = "/project/dist"
  package        = { version = "0123456789abcdef", dependencies = "fedcba9876543210" }
  prices         = { date = "2026-11", region = { eu-central-1 = { "m7g.xlarge" = { ec2_usd = 0.2, emr_usd = 0.05 }, "m6g.xlarge" = { ec2_usd = 0.1, emr_usd = 0.02 } } } }
  tags           = { "spark_app:deployment" = "shares" }
}

run "the_cluster_is_one_node_that_ends_itself" {
  command = plan

  module {
    source = "./compute"
  }

  assert {
    condition     = aws_emr_cluster.this[0].release_label == "emr-spark-8.1.0" && aws_emr_cluster.this[0].applications == toset(["Spark"])
    error_message = "The release has neither Hadoop nor Hive to ask for."
  }

  assert {
    condition     = aws_emr_cluster.this[0].master_instance_fleet[0].target_on_demand_capacity == 1 && length(coalesce(aws_emr_cluster.this[0].core_instance_fleet, [])) == 0
    error_message = "One primary node and nothing else."
  }

  assert {
    condition     = toset(aws_emr_cluster.this[0].master_instance_fleet[0].instance_type_configs[*].instance_type) == toset(["m7g.xlarge", "m6g.xlarge"])
    error_message = "Several Graviton types of one size."
  }

  assert {
    condition     = aws_emr_cluster.this[0].keep_job_flow_alive_when_no_steps && aws_emr_cluster.this[0].auto_termination_policy[0].idle_timeout == 900
    error_message = "It waits for steps, for idle_minutes."
  }

  assert {
    condition     = length(coalesce(aws_emr_cluster.this[0].step, [])) == 0
    error_message = "Terraform declares no step."
  }

  assert {
    condition     = aws_emr_cluster.this[0].ec2_attributes[0].key_name == null && aws_emr_cluster.this[0].security_configuration == aws_emr_security_configuration.this.name
    error_message = "No key pair; the security configuration is ours."
  }

  assert {
    condition     = output.hourly_usd == 0.25
    error_message = "The price is that of the dearest type."
  }
}

run "the_launch_specification_is_the_cluster_but_for_how_it_ends" {
  command = plan

  module {
    source = "./compute"
  }

  assert {
    condition     = aws_s3_object.launch_spec.content == jsonencode(output.launch_spec) && aws_s3_object.launch_spec.key == "app/launch.json"
    error_message = "The object is the output."
  }

  assert {
    condition = { for key, value in output.launch_spec : key => value if key != "cluster" } == {
      schema       = 1
      region       = "eu-central-1"
      lake         = "s3://our-lake/lake"
      application  = "s3://our-lake/app/0123456789abcdef/"
      version      = "0123456789abcdef"
      dependencies = "fedcba9876543210"
      max_minutes  = 60
      idle_minutes = 15
    }
    error_message = "It says what `submit` needs to know."
  }

  assert {
    condition = alltrue([
      output.launch_spec.cluster.ServiceRole == "arn:aws:iam::123456789012:role/shares-eu-central-1-service",
      output.launch_spec.cluster.JobFlowRole == aws_emr_cluster.this[0].ec2_attributes[0].instance_profile,
      output.launch_spec.cluster.ReleaseLabel == aws_emr_cluster.this[0].release_label,
      output.launch_spec.cluster.LogUri == "s3://our-lake/logs/",
      output.launch_spec.cluster.StepConcurrencyLevel == 1,
      output.launch_spec.cluster.Instances.KeepJobFlowAliveWhenNoSteps == false,
      output.launch_spec.cluster.Instances.TerminationProtected == false,
    ])
    error_message = "A launched cluster is the waiting one, but ends after its steps."
  }

  assert {
    condition = output.launch_spec.cluster.BootstrapActions == [{
      Name = "dependencies"
      ScriptBootstrapAction = {
        Path = "s3://our-lake/app/0123456789abcdef/bootstrap.sh"
        Args = ["s3://our-lake/app/0123456789abcdef/", "/opt/spark_app", "eu-central-1"]
      }
    }]
    error_message = "The node is told the application, the folder and the region."
  }
}

run "without_a_cluster_everything_else_stays" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    create_cluster = false
  }

  assert {
    condition     = length(aws_emr_cluster.this) == 0 && aws_vpc.this[0].cidr_block == "10.42.0.0/16" && aws_s3_object.launch_spec.key == "app/launch.json"
    error_message = "Only the cluster goes."
  }
}

run "a_standard_cluster_has_core_nodes_and_a_launched_one_task_nodes_too" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    profile      = "standard"
    architecture = "x86_64"
  }

  assert {
    condition     = aws_emr_cluster.this[0].core_instance_fleet[0].target_on_demand_capacity == 2 && aws_emr_cluster.this[0].core_instance_fleet[0].target_spot_capacity == null
    error_message = "Core nodes are on demand: they hold data."
  }

  assert {
    condition     = toset(aws_emr_cluster.this[0].core_instance_fleet[0].instance_type_configs[*].instance_type) == toset(["m7i.2xlarge", "m6i.2xlarge", "m5.2xlarge"])
    error_message = "Several Intel types of one size."
  }

  assert {
    condition     = output.launch_spec.cluster.Instances.InstanceFleets[*].InstanceFleetType == ["MASTER", "CORE", "TASK"]
    error_message = "`submit` launches a task fleet as well."
  }

  assert {
    condition = alltrue([
      output.launch_spec.cluster.Instances.InstanceFleets[2].TargetSpotCapacity == 4,
      output.launch_spec.cluster.Instances.InstanceFleets[2].TargetOnDemandCapacity == 0,
      output.launch_spec.cluster.Instances.InstanceFleets[2].LaunchSpecifications == { SpotSpecification = {
        AllocationStrategy     = "price-capacity-optimized"
        TimeoutAction          = "SWITCH_TO_ON_DEMAND"
        TimeoutDurationMinutes = 10
      } },
    ])
    error_message = "Task nodes are Spot, and on demand when there is none."
  }

  assert {
    condition     = output.hourly_usd == null
    error_message = "A type without a price makes the sum unknown, and nothing fails."
  }
}

run "a_large_cluster_is_larger" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    profile = "large"
  }

  assert {
    condition     = [for fleet in output.launch_spec.cluster.Instances.InstanceFleets : "${fleet.TargetOnDemandCapacity + fleet.TargetSpotCapacity} ${fleet.InstanceTypeConfigs[0].InstanceType}"] == ["1 m7g.2xlarge", "4 m7g.4xlarge", "12 m7g.4xlarge"]
    error_message = "Core and task nodes have 16 cores."
  }
}

run "without_a_package_the_plan_says_to_make_one" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    package = null
  }

  expect_failures = [terraform_data.application]
}

run "without_a_price_table_nothing_fails" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    prices = null
  }

  assert {
    condition     = output.hourly_usd == null && strcontains(output.cost_text, "unknown")
    error_message = output.cost_text
  }
}
