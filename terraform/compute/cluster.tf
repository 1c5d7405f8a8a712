# The cluster that waits for steps, made of the launch specification: without the task fleet, kept
# alive, and ended by itself when idle. Steps are never declared here.
locals {
  kept_fleets = { for fleet in local.fleets : fleet.InstanceFleetType => fleet if fleet.InstanceFleetType != "TASK" }
}

# Its change makes a new cluster. A fleet that is no longer wanted would not do so by itself, and a
# zone that AWS adds must not.
resource "terraform_data" "shape" {
  input = { profile = var.profile, architecture = var.architecture, subnet_ids = var.subnet_ids }
}

resource "aws_emr_cluster" "this" {
  count = var.create_cluster ? 1 : 0

  name                   = local.cluster.Name
  release_label          = local.cluster.ReleaseLabel
  applications           = local.cluster.Applications[*].Name
  log_uri                = local.cluster.LogUri
  service_role           = local.cluster.ServiceRole
  security_configuration = local.cluster.SecurityConfiguration
  ebs_root_volume_size   = local.cluster.EbsRootVolumeSize
  step_concurrency_level = local.cluster.StepConcurrencyLevel
  visible_to_all_users   = local.cluster.VisibleToAllUsers
  configurations_json    = jsonencode(local.cluster.Configurations)
  tags                   = local.cluster_tags

  keep_job_flow_alive_when_no_steps = true
  termination_protection            = false

  auto_termination_policy {
    idle_timeout = var.idle_minutes * 60
  }

  ec2_attributes {
    instance_profile                  = aws_iam_instance_profile.nodes.name
    subnet_ids                        = local.cluster.Instances.Ec2SubnetIds
    emr_managed_master_security_group = local.cluster.Instances.EmrManagedMasterSecurityGroup
    emr_managed_slave_security_group  = local.cluster.Instances.EmrManagedSlaveSecurityGroup
    service_access_security_group     = local.cluster.Instances.ServiceAccessSecurityGroup
  }

  bootstrap_action {
    name = local.bootstrap.Name
    path = local.bootstrap.ScriptBootstrapAction.Path
    args = local.bootstrap.ScriptBootstrapAction.Args
  }

  master_instance_fleet {
    name                      = local.kept_fleets.MASTER.Name
    target_on_demand_capacity = local.kept_fleets.MASTER.TargetOnDemandCapacity

    dynamic "instance_type_configs" {
      for_each = local.kept_fleets.MASTER.InstanceTypeConfigs

      content {
        instance_type     = instance_type_configs.value.InstanceType
        weighted_capacity = instance_type_configs.value.WeightedCapacity

        dynamic "ebs_config" {
          for_each = instance_type_configs.value.EbsConfiguration.EbsBlockDeviceConfigs

          content {
            type                 = ebs_config.value.VolumeSpecification.VolumeType
            size                 = ebs_config.value.VolumeSpecification.SizeInGB
            volumes_per_instance = ebs_config.value.VolumesPerInstance
          }
        }
      }
    }

    launch_specifications {
      on_demand_specification {
        allocation_strategy = local.kept_fleets.MASTER.LaunchSpecifications.OnDemandSpecification.AllocationStrategy
      }
    }
  }

  dynamic "core_instance_fleet" {
    for_each = [for type, fleet in local.kept_fleets : fleet if type == "CORE"]
    iterator = core

    content {
      name                      = core.value.Name
      target_on_demand_capacity = core.value.TargetOnDemandCapacity

      dynamic "instance_type_configs" {
        for_each = core.value.InstanceTypeConfigs

        content {
          instance_type     = instance_type_configs.value.InstanceType
          weighted_capacity = instance_type_configs.value.WeightedCapacity

          dynamic "ebs_config" {
            for_each = instance_type_configs.value.EbsConfiguration.EbsBlockDeviceConfigs

            content {
              type                 = ebs_config.value.VolumeSpecification.VolumeType
              size                 = ebs_config.value.VolumeSpecification.SizeInGB
              volumes_per_instance = ebs_config.value.VolumesPerInstance
            }
          }
        }
      }

      launch_specifications {
        on_demand_specification {
          allocation_strategy = core.value.LaunchSpecifications.OnDemandSpecification.AllocationStrategy
        }
      }
    }
  }

  # Says what begins to cost, and only when it does. Its text has no quotes: it goes to a shell.
  provisioner "local-exec" {
    command = "echo 'cluster ${self.id} is new: ${local.cost_text}'"
  }

  lifecycle {
    # A new application version must not end a running cluster: steps name their version, and one
    # that needs other dependencies than were bootstrapped here refuses to run.
    ignore_changes = [
      bootstrap_action,
      step,
      tags["spark_app:dependencies"],
      tags_all["spark_app:dependencies"],
      ec2_attributes[0].subnet_ids,
      core_instance_fleet[0].target_on_demand_capacity,
      master_instance_fleet[0].target_on_demand_capacity,
    ]
    replace_triggered_by = [terraform_data.shape]
  }

  # Without the rights, the routes and the package it would end with an error minutes later; when it
  # ends, all of that must still be there.
  depends_on = [
    aws_iam_role_policy.instance,
    aws_iam_role_policy.service,
    aws_iam_role_policy_attachment.service,
    aws_route_table_association.private,
    aws_s3_object.launch_spec,
    aws_vpc_endpoint.emr,
    aws_vpc_endpoint.glue,
    aws_vpc_endpoint.kms,
    aws_vpc_endpoint.s3,
    aws_vpc_security_group_egress_rule.service_to_nodes,
    aws_vpc_security_group_ingress_rule.nodes_from_nodes,
    aws_vpc_security_group_ingress_rule.nodes_from_service,
    aws_vpc_security_group_ingress_rule.glue_from_nodes,
    aws_vpc_security_group_ingress_rule.kms_from_nodes,
    aws_vpc_security_group_ingress_rule.service_from_nodes,
    aws_vpc_security_group_ingress_rule.service_from_vpc,
  ]
}
