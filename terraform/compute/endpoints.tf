# The only ways out of our own VPC. In the user's own subnets they are the user's.
resource "aws_vpc_endpoint" "s3" {
  count = local.is_own_vpc ? 1 : 0

  vpc_id            = aws_vpc.this[0].id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private[0].id]
  policy            = local.s3_endpoint_policy
  tags              = { Name = "${var.deployment}-s3" }
}

# Release 8 and EMR talk through this one. Where it is missing EMR makes it, and nobody would delete
# it again, so that the VPC could not be destroyed. One zone is enough for all, and costs a third.
resource "aws_vpc_endpoint" "emr" {
  count = local.is_own_vpc ? 1 : 0

  vpc_id              = aws_vpc.this[0].id
  service_name        = "aws.api.${var.region}.emr-service-cell01"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [local.subnet_ids[0]]
  security_group_ids  = [aws_security_group.service_access.id]
  tags                = merge(local.emr_tag, { Name = "emr-service-vpce" })

  lifecycle {
    ignore_changes = [subnet_ids] # EMR may add the subnet of a cluster
  }
}

# Disks and bucket under a KMS key: the nodes must reach KMS.
resource "aws_vpc_endpoint" "kms" {
  count = local.is_own_vpc && local.has_key ? 1 : 0

  vpc_id              = aws_vpc.this[0].id
  service_name        = "com.amazonaws.${var.region}.kms"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [local.subnet_ids[0]]
  security_group_ids  = [aws_security_group.kms[0].id]
  policy              = local.kms_endpoint_policy
  tags                = { Name = "${var.deployment}-kms" }
}

resource "aws_security_group" "kms" {
  count = local.is_own_vpc && local.has_key ? 1 : 0

  name        = "${var.deployment}-kms"
  description = "KMS endpoint of ${var.deployment}"
  vpc_id      = local.vpc_id
  tags        = { Name = "${var.deployment}-kms" }
}

resource "aws_vpc_security_group_ingress_rule" "kms_from_nodes" {
  count = local.is_own_vpc && local.has_key ? 1 : 0

  description                  = "nodes to KMS"
  security_group_id            = aws_security_group.kms[0].id
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}
