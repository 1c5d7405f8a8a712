# What a user reads after `apply`.
mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  dist = "./tests/fixtures/dist"
}

run "by_default_one_small_node_waits" {
  command = plan

  assert {
    condition     = startswith(output.add_steps, "aws emr add-steps --region eu-central-1 --cluster-id j-2AXXXXXXGAPLF --steps '[{")
    error_message = "The line to paste names region and cluster."
  }

  assert {
    condition = jsondecode(trimsuffix(split("--steps '", output.add_steps)[1], "'"))[0].Args == [
      "spark-submit", "--deploy-mode", "client",
      "--conf", "spark.pyspark.python=/opt/spark_app/env/bin/python",
      "--conf", "spark.pyspark.driver.python=/opt/spark_app/env/bin/python",
      "--conf", "spark.hadoop.fs.s3a.endpoint.region=eu-central-1",
      "--py-files", "s3://spark-app-123456789012-eu-central-1/app/0123456789abcdef/spark_app.zip",
      "s3://spark-app-123456789012-eu-central-1/app/0123456789abcdef/main.py",
      "run", "organic_share", "--lake", "s3://spark-app-123456789012-eu-central-1/lake",
      "--region", "eu-central-1", "--max-minutes", "60",
    ]
    error_message = "The step has the arguments that `submit` sends too."
  }

  assert {
    condition     = output.lake == "s3://spark-app-123456789012-eu-central-1/lake"
    error_message = "The lake lies in a bucket that account and region make unique."
  }

  assert {
    condition     = output.hourly_usd * 28 / 60 < 0.15
    error_message = "A run of 20 minutes, and 8 for start and end, costs less than 0.15 USD."
  }

  assert {
    condition     = can(regex("^the cluster costs 0\\.[0-9]{2} USD an hour .*; it ends itself after 15 idle minutes; the network's endpoint to EMR about 8 USD a month", output.cost))
    error_message = output.cost
  }
}

run "without_a_cluster_there_is_no_line_to_paste" {
  command = plan

  variables {
    create_cluster = false
  }

  assert {
    condition     = output.add_steps == null && output.cluster_id == null
    error_message = "Nothing waits for steps."
  }

  assert {
    condition     = startswith(output.cost, "no cluster waits; one that did would cost ")
    error_message = output.cost
  }

  assert {
    condition     = output.launch_spec.cluster.Instances.KeepJobFlowAliveWhenNoSteps == false
    error_message = "`submit` still finds how to start one."
  }
}

run "a_region_without_prices_only_makes_the_sum_unknown" {
  command = plan

  variables {
    region = "sa-east-1"
  }

  assert {
    condition     = output.hourly_usd == null && strcontains(output.cost, "unknown, the price table lacks sa-east-1")
    error_message = output.cost
  }
}

run "names_and_tags_are_the_users" {
  command = plan

  variables {
    deployment  = "shares"
    bucket_name = "our-lake"
    tags        = { team = "data" }
  }

  assert {
    condition     = output.instance_role_arn == "arn:aws:iam::123456789012:role/shares-eu-central-1-instance"
    error_message = "The nodes' role can be named in a policy of the user's own."
  }

  assert {
    condition     = output.lake == "s3://our-lake/lake" && output.launch_spec.cluster.Name == "shares"
    error_message = "Bucket and deployment are named as asked for."
  }

  assert {
    condition = { for tag in output.launch_spec.cluster.Tags : tag.Key => tag.Value } == {
      "for-use-with-amazon-emr-managed-policies" = "true"
      "spark_app:dependencies"                   = "fedcba9876543210"
      "spark_app:deployment"                     = "shares"
      "team"                                     = "data"
    }
    error_message = "A launched cluster carries the deployment, its dependencies, EMR's tag and the user's."
  }
}
