# Every validation has a run that trips it.
mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  dist = "./tests/fixtures/dist"
}

run "deployment_with_capitals" {
  command = plan

  variables {
    deployment = "Spark_App"
  }

  expect_failures = [var.deployment]
}

run "deployment_that_is_too_long_for_role_names" {
  command = plan

  variables {
    deployment = "a2345678901234567890123456"
  }

  expect_failures = [var.deployment]
}

run "region_that_is_a_zone" {
  command = plan

  variables {
    region = "eu-central-1a"
  }

  expect_failures = [var.region]
}

run "bucket_name_with_dots" {
  command = plan

  variables {
    bucket_name = "my.lake"
  }

  expect_failures = [var.bucket_name]
}

run "architecture_by_another_name" {
  command = plan

  variables {
    architecture = "aarch64"
  }

  expect_failures = [var.architecture]
}

run "unknown_profile" {
  command = plan

  variables {
    profile = "huge"
  }

  expect_failures = [var.profile]
}

run "no_idle_minutes" {
  command = plan

  variables {
    idle_minutes = 0
  }

  expect_failures = [var.idle_minutes]
}

run "more_idle_minutes_than_emr_takes" {
  command = plan

  variables {
    idle_minutes = 10081
  }

  expect_failures = [var.idle_minutes]
}

run "half_an_idle_minute" {
  command = plan

  variables {
    idle_minutes = 1.5
  }

  expect_failures = [var.idle_minutes]
}

run "no_max_minutes" {
  command = plan

  variables {
    max_minutes = 0
  }

  expect_failures = [var.max_minutes]
}

run "more_max_minutes_than_a_day" {
  command = plan

  variables {
    max_minutes = 1441
  }

  expect_failures = [var.max_minutes]
}

run "something_that_is_no_subnet" {
  command = plan

  variables {
    subnet_ids = ["vpc-0123456789abcdef0"]
  }

  expect_failures = [var.subnet_ids]
}

run "a_subnet_twice" {
  command = plan

  variables {
    subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef0"]
  }

  expect_failures = [var.subnet_ids]
}

run "a_block_that_is_too_small" {
  command = plan

  variables {
    vpc_cidr = "10.0.0.0/24"
  }

  expect_failures = [var.vpc_cidr]
}

run "a_block_that_is_none" {
  command = plan

  variables {
    vpc_cidr = "10.0.0.300/16"
  }

  expect_failures = [var.vpc_cidr]
}

run "the_alias_of_a_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:alias/lake"
  }

  expect_failures = [var.kms_key_arn]
}

run "a_key_of_another_region" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  expect_failures = [var.kms_key_arn]
}

run "logs_that_are_kept_for_no_day" {
  command = plan

  variables {
    log_days = 0
  }

  expect_failures = [var.log_days]
}

run "a_project_that_is_not_there" {
  command = plan

  variables {
    project_dir = "./tests"
  }

  expect_failures = [var.project_dir]
}

run "a_blank_dist" {
  command = plan

  variables {
    dist = " "
  }

  expect_failures = [var.dist]
}

run "too_many_tags" {
  command = plan

  variables {
    tags = { a = "1", b = "2", c = "3", d = "4", e = "5", f = "6", g = "7", h = "8" }
  }

  expect_failures = [var.tags]
}

run "a_tag_with_a_character_that_aws_refuses" {
  command = plan

  variables {
    tags = { team = "data;drop" }
  }

  expect_failures = [var.tags]
}

run "a_tag_that_is_set_here" {
  command = plan

  variables {
    tags = { "spark_app:deployment" = "other" }
  }

  expect_failures = [var.tags]
}
