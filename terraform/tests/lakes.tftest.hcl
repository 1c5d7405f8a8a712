# Lake tables and deliverers: what `lakes` and `deliverers` add, and that nothing of it is there without.
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

run "without_lakes_there_is_nothing_of_them" {
  command = plan

  module {
    source = "./compute"
  }

  assert {
    condition     = length(aws_vpc_endpoint.glue) + length(aws_security_group.glue) + length(aws_vpc_security_group_ingress_rule.glue_from_nodes) + length(aws_iam_policy.deliverer) == 0
    error_message = "No endpoint is paid for, and no policy made."
  }

  assert {
    condition     = alltrue([for policy in [aws_iam_role_policy.instance.policy, aws_iam_policy.operator.policy, aws_iam_policy.reader.policy] : !strcontains(policy, "glue:") && !strcontains(policy, "lake/tables/")])
    error_message = "Nobody has a right on Glue or below lake/tables/."
  }

  assert {
    condition     = !contains(flatten([for statement in jsondecode(aws_iam_role_policy.instance.policy).Statement : statement.Resource]), "arn:aws:s3:::our-lake/lake/runs/*/staging/*")
    error_message = "The nodes delete nothing that was staged."
  }

  assert {
    condition = output.launch_spec.cluster.Configurations == [{
      Classification = "spark-defaults"
      Properties     = { "spark.hadoop.fs.s3a.endpoint.region" = "eu-central-1", "spark.yarn.maxAppAttempts" = "1" }
    }]
    error_message = "A cluster is started as before."
  }

  assert {
    condition     = length([for rule in aws_security_group.nodes.egress : rule if rule.cidr_blocks != null && length(coalesce(rule.cidr_blocks, [])) > 0]) == 0
    error_message = "The nodes reach no further address."
  }
}

run "without_lakes_the_lake_has_no_database_and_no_further_rule" {
  command = plan

  module {
    source = "./lake"
  }

  variables {
    log_days = 90
  }

  assert {
    condition     = length(aws_glue_catalog_database.this) == 0 && output.glue_database == null
    error_message = "There is no database."
  }

  assert {
    condition     = !contains(aws_s3_bucket_lifecycle_configuration.this.rule[*].id, "table-versions")
    error_message = "Old versions go as before."
  }
}

run "lakes_have_a_database_with_the_name_that_the_application_derives" {
  command = plan

  module {
    source = "./lake"
  }

  variables {
    lakes    = true
    log_days = 90
  }

  assert {
    condition     = aws_glue_catalog_database.this[0].name == "our_lake_lake_6243b826" && aws_glue_catalog_database.this[0].location_uri == "s3://our-lake/lake/tables"
    error_message = "Name and place follow from the lake's URI."
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : "${rule.filter[0].prefix} ${rule.noncurrent_version_expiration[0].noncurrent_days}" if rule.id == "table-versions"]) == "lake/tables/ 3"
    error_message = "What a table no longer needs is gone after 3 days."
  }
}

run "lakes_come_with_rights_a_way_and_icebergs_jars" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    glue_database = "our_lake_lake_6243b826"
  }

  assert {
    condition     = aws_vpc_endpoint.glue[0].service_name == "com.amazonaws.eu-central-1.glue" && aws_vpc_endpoint.glue[0].private_dns_enabled && length(aws_vpc_endpoint.glue[0].subnet_ids) == 1
    error_message = "One endpoint to Glue, in one zone."
  }

  assert {
    condition = jsondecode(aws_vpc_endpoint.glue[0].policy).Statement[0].Resource == [
      "arn:aws:glue:eu-central-1:123456789012:catalog",
      "arn:aws:glue:eu-central-1:123456789012:database/our_lake_lake_6243b826",
      "arn:aws:glue:eu-central-1:123456789012:table/our_lake_lake_6243b826/*",
    ]
    error_message = "It leads to this database alone."
  }

  assert {
    condition     = contains(flatten([for rule in aws_security_group.nodes.egress : rule.cidr_blocks if rule.description == "Glue endpoint in the VPC" && rule.from_port == 443]), "10.42.0.0/16") && aws_vpc_security_group_ingress_rule.glue_from_nodes[0].from_port == 443
    error_message = "The endpoint can be reached."
  }

  assert {
    condition = output.launch_spec.cluster.Configurations == [
      {
        Classification = "spark-defaults"
        Properties     = { "spark.hadoop.fs.s3a.endpoint.region" = "eu-central-1", "spark.speculation" = "false", "spark.yarn.maxAppAttempts" = "1" }
      },
      {
        Classification = "iceberg-defaults"
        Properties     = { "iceberg.enabled" = "true" }
      },
    ]
    error_message = "A cluster brings Iceberg, and no task runs twice."
  }

  assert {
    condition     = output.network_text == "the network's two endpoints, to EMR and Glue, about 16 USD a month, with or without a cluster"
    error_message = output.network_text
  }
}

run "with_a_key_the_three_endpoints_are_told" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    glue_database = "our_lake_lake_6243b826"
    kms_key_arn   = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    deliverers    = ["app_event"]
  }

  assert {
    condition     = output.network_text == "the network's three endpoints, to EMR, KMS and Glue, about 24 USD a month, with or without a cluster"
    error_message = output.network_text
  }

  assert {
    condition     = contains(flatten([for statement in jsondecode(aws_iam_policy.deliverer["app_event"].policy).Statement : statement.Resource if contains(statement.Action, "kms:GenerateDataKey")]), var.kms_key_arn)
    error_message = "A deliverer encrypts with the key."
  }
}

run "in_the_users_own_subnets_the_way_to_glue_is_the_users" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    glue_database = "our_lake_lake_6243b826"
    subnet_ids    = ["subnet-0123456789abcdef0"]
  }

  assert {
    condition     = length(aws_vpc_endpoint.glue) + length(aws_security_group.glue) == 0
    error_message = "No endpoint is made there."
  }

  assert {
    condition     = contains(aws_security_group.nodes.egress[*].description, "Glue endpoint in the VPC")
    error_message = "The nodes may use the user's."
  }
}

run "a_deliverer_may_put_files_of_one_dataset" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    deliverers = ["app_event"]
  }

  assert {
    condition = jsondecode(aws_iam_policy.deliverer["app_event"].policy).Statement == [{
      Sid      = "Deliver"
      Effect   = "Allow"
      Action   = ["s3:PutObject", "s3:AbortMultipartUpload"]
      Resource = ["arn:aws:s3:::our-lake/lake/raw/app_event/*"]
    }]
    error_message = "Nothing else."
  }
}
