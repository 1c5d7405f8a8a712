# Every validation has a value that trips it; a run has one value for each of some variables.
mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  dist = "./tests/fixtures/dist"
}

run "wrong_values" {
  command = plan

  variables {
    deployment   = "Spark_App"
    bucket_name  = "my.lake"
    architecture = "aarch64"
    profile      = "huge"
    idle_minutes = 0
    max_minutes  = 0
    subnet_ids   = ["vpc-0123456789abcdef0"]
    vpc_cidr     = "10.0.0.0/24" # too small
    kms_key_arn  = "arn:aws:kms:eu-central-1:123456789012:alias/lake"
    deliverers   = ["app_event", "raw/../*"]
    log_days     = 0
    project_dir  = "./tests"
    dist         = " "
    tags         = { a = "1", b = "2", c = "3", d = "4", e = "5", f = "6", g = "7", h = "8" }
  }

  expect_failures = [
    var.deployment,
    var.bucket_name,
    var.architecture,
    var.profile,
    var.idle_minutes,
    var.max_minutes,
    var.subnet_ids,
    var.vpc_cidr,
    var.kms_key_arn,
    var.deliverers,
    var.log_days,
    var.project_dir,
    var.dist,
    var.tags,
  ]
}

run "other_wrong_values" {
  command = plan

  variables {
    deployment   = "a2345678901234567890123456" # too long for the names of roles
    idle_minutes = 10081                        # more than EMR takes
    max_minutes  = 1441
    subnet_ids   = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef0"]
    vpc_cidr     = "10.0.0.300/16"
    kms_key_arn  = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    tags         = { team = "data;drop" }
  }

  expect_failures = [
    var.deployment,
    var.idle_minutes,
    var.max_minutes,
    var.subnet_ids,
    var.vpc_cidr,
    var.kms_key_arn,
    var.tags,
  ]
}

# Apart from a key, which is held against the region.
run "more_wrong_values" {
  command = plan

  variables {
    region       = "eu-central-1a" # a zone
    idle_minutes = 1.5
    tags         = { "spark_app:deployment" = "other" }
  }

  expect_failures = [var.region, var.idle_minutes, var.tags]
}
