# The user's own subnets. What EMR would only find out after minutes is checked by the plan.
data "aws_subnet" "given" {
  for_each = toset(var.subnet_ids)

  id = each.key
}

data "aws_vpc" "given" {
  count = local.is_own_vpc ? 0 : 1

  id = data.aws_subnet.given[var.subnet_ids[0]].vpc_id
}

# A subnet without a route table of its own has the VPC's main one.
data "aws_route_tables" "own" {
  for_each = toset(var.subnet_ids)

  vpc_id = data.aws_subnet.given[each.key].vpc_id

  filter {
    name   = "association.subnet-id"
    values = [each.key]
  }
}

data "aws_route_tables" "main" {
  for_each = toset(var.subnet_ids)

  vpc_id = data.aws_subnet.given[each.key].vpc_id

  filter {
    name   = "association.main"
    values = ["true"]
  }
}

data "aws_route_table" "given" {
  for_each = toset(var.subnet_ids)

  route_table_id = concat(data.aws_route_tables.own[each.key].ids, data.aws_route_tables.main[each.key].ids)[0]
}

locals {
  # EMR makes its endpoint in the VPC: it may do so by the tag, and the nodes find it by its name.
  untagged_vpcs    = [for vpc in data.aws_vpc.given : vpc.id if lookup(vpc.tags, "for-use-with-amazon-emr-managed-policies", "") != "true"]
  nameless_vpcs    = [for vpc in data.aws_vpc.given : vpc.id if !(vpc.enable_dns_support && vpc.enable_dns_hostnames)]
  foreign_subnets  = [for id, subnet in data.aws_subnet.given : id if subnet.vpc_id != local.vpc_id]
  untagged_subnets = [for id, subnet in data.aws_subnet.given : id if lookup(subnet.tags, "for-use-with-amazon-emr-managed-policies", "") != "true"]
  unrouted_subnets = [
    for id, table in data.aws_route_table.given : id
    if !contains([for route in table.routes : route.destination_prefix_list_id], data.aws_ec2_managed_prefix_list.s3.id)
  ]
}
