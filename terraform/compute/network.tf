# Our own VPC: one private subnet per zone, and no way out but S3's gateway endpoint.
data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:a new zone only adds a subnet; no other subnet and no running cluster changes
  count = local.is_own_vpc ? 1 : 0

  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  is_own_vpc = length(var.subnet_ids) == 0
  zones      = local.is_own_vpc ? data.aws_availability_zones.available[0].names : []
  letters    = { for number, letter in split("", "abcdefghijklmnop") : letter => number } # not the zone's place in a list that grows
  vpc_id     = local.is_own_vpc ? aws_vpc.this[0].id : data.aws_subnet.given[var.subnet_ids[0]].vpc_id
  vpc_cidr   = local.is_own_vpc ? var.vpc_cidr : data.aws_vpc.given[0].cidr_block
  subnet_ids = local.is_own_vpc ? [for zone in local.zones : aws_subnet.private[zone].id] : var.subnet_ids
}

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:flow logs cost and are the account's to decide; nothing but S3 and EMR can be reached from here
  count = local.is_own_vpc ? 1 : 0

  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(local.emr_tag, { Name = var.deployment })
}

# The group that every VPC has, without a rule: nothing gets in or out by mistake.
resource "aws_default_security_group" "closed" {
  count = local.is_own_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = { Name = "${var.deployment}-unused" }
}

resource "aws_subnet" "private" {
  for_each = toset(local.zones)

  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(var.vpc_cidr, 4, local.letters[substr(each.key, -1, 1)])
  map_public_ip_on_launch = false
  tags                    = merge(local.emr_tag, { Name = "${var.deployment}-${each.key}" })
}

resource "aws_route_table" "private" {
  count = local.is_own_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = { Name = var.deployment }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private[0].id
}
