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

run "the_nodes_are_in_private_subnets_one_in_each_zone" {
  command = plan

  module {
    source = "./compute"
  }

  assert {
    condition = { for zone, subnet in aws_subnet.private : zone => subnet.cidr_block } == {
      eu-central-1a = "10.42.0.0/20"
      eu-central-1b = "10.42.16.0/20"
      eu-central-1c = "10.42.32.0/20"
    }
    error_message = "Each zone has its own block."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : !subnet.map_public_ip_on_launch])
    error_message = "No node has a public address."
  }

  assert {
    condition     = length(coalesce(aws_route_table.private[0].route, [])) == 0
    error_message = "No route leads out: neither NAT nor internet gateway."
  }

  assert {
    condition     = alltrue([for tags in concat([for subnet in aws_subnet.private : subnet.tags], [aws_vpc.this[0].tags, aws_security_group.nodes.tags, aws_security_group.service_access.tags, aws_vpc_endpoint.emr[0].tags, aws_emr_cluster.this[0].tags]) : lookup(tags, "for-use-with-amazon-emr-managed-policies", "") == "true"])
    error_message = "Everything that EMR's service role must use carries EMR's tag."
  }

  assert {
    condition     = aws_default_security_group.closed[0].vpc_id == aws_vpc.this[0].id
    error_message = "The VPC's default group is taken over, without rules."
  }
}

run "a_new_zone_moves_no_subnet" {
  command = plan

  module {
    source = "./compute"
  }

  override_data {
    target          = data.aws_availability_zones.available
    override_during = plan
    values          = { names = ["eu-central-1b", "eu-central-1c", "eu-central-1d"] }
  }

  assert {
    condition     = aws_subnet.private["eu-central-1c"].cidr_block == "10.42.32.0/20"
    error_message = "A zone's block does not depend on which others there are."
  }
}

run "nothing_gets_in_but_emr_and_the_nodes_themselves" {
  command = plan

  module {
    source = "./compute"
  }

  override_resource {
    target          = aws_security_group.nodes
    override_during = plan
    values          = { id = "sg-nodes" }
  }

  override_resource {
    target          = aws_security_group.service_access
    override_during = plan
    values          = { id = "sg-service" }
  }

  assert {
    condition = alltrue([
      aws_vpc_security_group_ingress_rule.nodes_from_nodes.security_group_id == "sg-nodes",
      aws_vpc_security_group_ingress_rule.nodes_from_nodes.referenced_security_group_id == "sg-nodes",
      aws_vpc_security_group_ingress_rule.nodes_from_service.security_group_id == "sg-nodes",
      aws_vpc_security_group_ingress_rule.nodes_from_service.referenced_security_group_id == "sg-service",
      aws_vpc_security_group_ingress_rule.nodes_from_service.from_port == 8443,
      aws_vpc_security_group_ingress_rule.nodes_from_service.to_port == 8443,
    ])
    error_message = "Nodes are reached by nodes, and by EMR on 8443."
  }

  assert {
    condition = alltrue([
      aws_vpc_security_group_ingress_rule.service_from_nodes.security_group_id == "sg-service",
      aws_vpc_security_group_ingress_rule.service_from_nodes.referenced_security_group_id == "sg-nodes",
      aws_vpc_security_group_ingress_rule.service_from_nodes.from_port == 9443,
      aws_vpc_security_group_ingress_rule.service_from_nodes.to_port == 9443,
      aws_vpc_security_group_ingress_rule.service_from_vpc.security_group_id == "sg-service",
      aws_vpc_security_group_ingress_rule.service_from_vpc.cidr_ipv4 == "10.42.0.0/16",
      aws_vpc_security_group_ingress_rule.service_from_vpc.from_port == 443,
      aws_vpc_security_group_ingress_rule.service_from_vpc.to_port == 443,
    ])
    error_message = "EMR's endpoint is reached from the VPC on 443 and by nodes on 9443."
  }

  assert {
    condition = alltrue([
      aws_vpc_security_group_egress_rule.service_to_nodes.security_group_id == "sg-service",
      aws_vpc_security_group_egress_rule.service_to_nodes.referenced_security_group_id == "sg-nodes",
      aws_vpc_security_group_egress_rule.service_to_nodes.from_port == 8443,
    ])
    error_message = "EMR reaches the nodes on 8443."
  }

  assert {
    condition     = aws_security_group.nodes.revoke_rules_on_delete && aws_security_group.service_access.revoke_rules_on_delete
    error_message = "What EMR adds to the groups does not keep them from being deleted."
  }
}

run "nothing_gets_out_but_to_nodes_s3_and_emr" {
  command = plan

  module {
    source = "./compute"
  }

  override_resource {
    target          = aws_security_group.service_access
    override_during = plan
    values          = { id = "sg-service" }
  }

  assert {
    condition     = alltrue([for rule in aws_security_group.nodes.egress : length(coalesce(rule.cidr_blocks, [])) == 0 && length(coalesce(rule.ipv6_cidr_blocks, [])) == 0])
    error_message = "No address range may be reached, the internet least of all."
  }

  assert {
    condition     = toset([for rule in aws_security_group.nodes.egress : rule.from_port if contains(coalesce(rule.security_groups, []), "sg-service")]) == toset([443, 9443])
    error_message = "Nodes reach EMR on 443 and 9443."
  }

  assert {
    condition     = [for rule in aws_security_group.nodes.egress : "${rule.from_port}-${rule.to_port}" if contains(coalesce(rule.prefix_list_ids, []), "pl-6ea54007")] == ["443-443"]
    error_message = "Nodes reach S3 on 443."
  }

  assert {
    condition     = length(aws_security_group.nodes.egress) == 4 && length([for rule in aws_security_group.nodes.egress : rule if rule.self == true]) == 1
    error_message = "There is no other rule."
  }
}

run "the_s3_endpoint_lets_through_our_bucket_and_what_emr_needs" {
  command = plan

  module {
    source = "./compute"
  }

  assert {
    condition     = aws_vpc_endpoint.s3[0].vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.s3[0].service_name == "com.amazonaws.eu-central-1.s3"
    error_message = "S3 is reached without a charge."
  }

  assert {
    condition = toset(flatten(jsondecode(aws_vpc_endpoint.s3[0].policy).Statement[*].Resource)) == toset([
      "arn:aws:s3:::our-lake", "arn:aws:s3:::our-lake/*",
      "arn:aws:s3:::al2023-repos-eu-central-1-de612dc2/*",
      "arn:aws:s3:::repo.eu-central-1.emr.amazonaws.com/*",
      "arn:aws:s3:::aws157-instance-data-0-prod-eu-central-1/*",
      "arn:aws:s3:::aws157-instance-data-1-prod-eu-central-1/*",
      "arn:aws:s3:::aws157-logs-prod-eu-central-1/*",
      "arn:aws:s3:::prod.eu-central-1.appinfo.src/*",
    ])
    error_message = "No other bucket can be reached: nothing can be carried out of the VPC."
  }

  assert {
    condition     = jsondecode(aws_vpc_endpoint.s3[0].policy).Statement[0].Condition.StringEquals["aws:PrincipalAccount"] == "123456789012"
    error_message = "Our bucket is reached by our own account only."
  }
}

run "two_regions_name_their_buckets_otherwise" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    region = "ap-southeast-2"
  }

  assert {
    condition     = strcontains(aws_vpc_endpoint.s3[0].policy, "aws157-instance-data-bucket-0-prod-ap-southeast-2/*")
    error_message = "Sydney's instance data has another name."
  }
}

run "virginia_has_the_log_bucket_without_a_region" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    region = "us-east-1"
  }

  assert {
    condition     = strcontains(aws_vpc_endpoint.s3[0].policy, "aws157-logs-prod/*")
    error_message = "Virginia's log bucket has no region in its name."
  }
}
