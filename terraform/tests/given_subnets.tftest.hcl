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
  subnet_ids     = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  vpc_cidr       = "10.42.0.0/16"
  kms_key_arn    = null
  project_dir    = "/project"
  dist           = "/project/dist"
  package        = { version = "0123456789abcdef", dependencies = "fedcba9876543210" }
  prices         = { date = "2026-11", region = { eu-central-1 = { "m7g.xlarge" = { ec2_usd = 0.2, emr_usd = 0.05 }, "m6g.xlarge" = { ec2_usd = 0.1, emr_usd = 0.02 } } } }
  tags           = { "spark_app:deployment" = "shares" }
}

run "given_subnets_are_used_as_they_are" {
  command = plan

  module {
    source = "./compute"
  }

  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.private) + length(aws_vpc_endpoint.s3) + length(aws_vpc_endpoint.emr) + length(aws_route_table.private) == 0
    error_message = "Nothing is made in the user's network but security groups."
  }

  assert {
    condition     = output.launch_spec.cluster.Instances.Ec2SubnetIds == tolist(["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"])
    error_message = "Clusters are started in the given subnets."
  }

  assert {
    condition     = aws_security_group.nodes.vpc_id == "vpc-0given" && aws_vpc_security_group_ingress_rule.service_from_vpc.cidr_ipv4 == "172.20.0.0/16"
    error_message = "The groups are in the subnets' VPC."
  }
}

run "a_subnet_without_emrs_tag_is_refused" {
  command = plan

  module {
    source = "./compute"
  }

  override_data {
    target          = data.aws_subnet.given["subnet-0123456789abcdef1"]
    override_during = plan
    values          = { vpc_id = "vpc-0given", tags = {} }
  }

  expect_failures = [terraform_data.application]
}

run "a_vpc_without_emrs_tag_is_refused" {
  command = plan

  module {
    source = "./compute"
  }

  override_data {
    target          = data.aws_vpc.given[0]
    override_during = plan
    values          = { id = "vpc-0given", cidr_block = "172.20.0.0/16", enable_dns_support = true, enable_dns_hostnames = true, tags = {} }
  }

  expect_failures = [terraform_data.application]
}

run "a_vpc_in_which_names_are_not_found_is_refused" {
  command = plan

  module {
    source = "./compute"
  }

  override_data {
    target          = data.aws_vpc.given[0]
    override_during = plan
    values          = { id = "vpc-0given", cidr_block = "172.20.0.0/16", enable_dns_support = true, enable_dns_hostnames = false, tags = { "for-use-with-amazon-emr-managed-policies" = "true" } }
  }

  expect_failures = [terraform_data.application]
}

run "subnets_of_two_vpcs_are_refused" {
  command = plan

  module {
    source = "./compute"
  }

  override_data {
    target          = data.aws_subnet.given["subnet-0123456789abcdef1"]
    override_during = plan
    values          = { vpc_id = "vpc-0other", tags = { "for-use-with-amazon-emr-managed-policies" = "true" } }
  }

  expect_failures = [terraform_data.application]
}

run "a_subnet_without_a_route_to_s3_is_refused" {
  command = plan

  module {
    source = "./compute"
  }

  override_data {
    target          = data.aws_route_table.given["subnet-0123456789abcdef0"]
    override_during = plan
    values          = { routes = [{ cidr_block = "0.0.0.0/0", nat_gateway_id = "nat-1", destination_prefix_list_id = "" }] }
  }

  expect_failures = [terraform_data.application]
}

run "with_a_key_the_nodes_may_reach_an_endpoint_in_the_given_vpc" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition     = length(aws_vpc_endpoint.kms) == 0
    error_message = "In the user's network the KMS endpoint is the user's."
  }

  assert {
    condition     = contains(flatten([for rule in aws_security_group.nodes.egress : rule.cidr_blocks if rule.from_port == 443 && rule.cidr_blocks != null]), "172.20.0.0/16")
    error_message = "It can be reached."
  }
}
