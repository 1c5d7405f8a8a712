# Two groups: the nodes, and the service's way in. What may leave the nodes is a closed list, held at
# every apply. What may come in is declared by single rules, because EMR adds its own variants of
# them to a group that it is handed, and an apply must not take those from a running cluster.
resource "aws_security_group" "nodes" {
  name                   = "${var.deployment}-nodes"
  description            = "Nodes of the EMR clusters of ${var.deployment}"
  vpc_id                 = local.vpc_id
  revoke_rules_on_delete = true
  tags                   = merge(local.emr_tag, { Name = "${var.deployment}-nodes" })

  egress {
    description = "node to node"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    self        = true
  }

  egress {
    description     = "S3 of this region"
    from_port       = 443
    to_port         = 443
    protocol        = "tcp"
    prefix_list_ids = [data.aws_ec2_managed_prefix_list.s3.id]
  }

  dynamic "egress" {
    for_each = local.service_ports

    content {
      description     = "EMR: ${egress.value}"
      from_port       = egress.key
      to_port         = egress.key
      protocol        = "tcp"
      security_groups = [aws_security_group.service_access.id]
    }
  }

  dynamic "egress" {
    for_each = local.has_key || local.has_lakes ? [local.vpc_cidr] : []

    content {
      description = "${join(" and ", setsubtract(local.endpoints, ["EMR"]))} endpoint in the VPC"
      from_port   = 443
      to_port     = 443
      protocol    = "tcp"
      cidr_blocks = [egress.value]
    }
  }
}

# Of the endpoint through which cluster and EMR talk. It has no inline rule: they would make a cycle.
resource "aws_security_group" "service_access" {
  name                   = "${var.deployment}-service-access"
  description            = "Access of the EMR service to the clusters of ${var.deployment}"
  vpc_id                 = local.vpc_id
  revoke_rules_on_delete = true
  tags                   = merge(local.emr_tag, { Name = "${var.deployment}-service-access" })
}

locals {
  # Release 8 talks through its endpoint on 443. The older pair, 9443 and 8443, is what EMR looks for
  # in a service access group of any release.
  service_ports = { "443" = "service endpoint", "9443" = "cluster manager" }
}

resource "aws_vpc_security_group_ingress_rule" "nodes_from_nodes" {
  description                  = "node to node"
  security_group_id            = aws_security_group.nodes.id
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_ingress_rule" "nodes_from_service" {
  description                  = "EMR to the nodes"
  security_group_id            = aws_security_group.nodes.id
  referenced_security_group_id = aws_security_group.service_access.id
  ip_protocol                  = "tcp"
  from_port                    = 8443
  to_port                      = 8443
}

resource "aws_vpc_security_group_egress_rule" "service_to_nodes" {
  description                  = "EMR to the nodes"
  security_group_id            = aws_security_group.service_access.id
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "tcp"
  from_port                    = 8443
  to_port                      = 8443
}

resource "aws_vpc_security_group_ingress_rule" "service_from_nodes" {
  description                  = "nodes to EMR's cluster manager"
  security_group_id            = aws_security_group.service_access.id
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "tcp"
  from_port                    = 9443
  to_port                      = 9443
}

resource "aws_vpc_security_group_ingress_rule" "service_from_vpc" {
  description       = "VPC to EMR's service endpoint"
  security_group_id = aws_security_group.service_access.id
  cidr_ipv4         = local.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
