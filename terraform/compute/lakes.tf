# What lake tables need of the nodes and the network; nothing of it is there without them. Their
# database is the lake's.
locals {
  has_lakes = var.glue_database != null
  glue_arn  = "arn:${local.partition}:glue:${var.region}:${local.account}"
  glue_resources = local.has_lakes ? [
    "${local.glue_arn}:catalog", # every right on a database or table is one on the catalogue as well
    "${local.glue_arn}:database/${var.glue_database}",
    "${local.glue_arn}:table/${var.glue_database}/*",
  ] : []
  glue_read  = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables"]
  glue_write = [for action in ["GetDatabase", "GetTable", "CreateTable", "UpdateTable"] : "glue:${action}"]

  lake_reader_statements = [for statement in [
    {
      Sid      = "FindLakeTables"
      Effect   = "Allow"
      Action   = local.glue_read
      Resource = local.glue_resources
    },
  ] : statement if local.has_lakes]

  # Nodes and operators: nobody else writes what readers of lake tables read.
  lake_writer_statements = [for statement in [
    {
      Sid      = "PublishLakeTables"
      Effect   = "Allow"
      Action   = local.glue_write
      Resource = local.glue_resources
    },
    {
      # What expired is deleted by whoever publishes.
      Sid      = "WriteLakeTables"
      Effect   = "Allow"
      Action   = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:DeleteObject"]
      Resource = ["${local.bucket_arn}/lake/tables/*"]
    },
  ] : statement if local.has_lakes]

  lake_configurations = [for configuration in [
    {
      Classification = "iceberg-defaults"
      Properties     = { "iceberg.enabled" = "true" }
    },
  ] : configuration if local.has_lakes]

  glue_endpoint_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OurDatabase"
      Effect    = "Allow"
      Principal = "*"
      Action    = local.glue_write
      Resource  = local.glue_resources
      Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
    }]
  })
}

# One zone is enough for all, and costs a third.
resource "aws_vpc_endpoint" "glue" {
  count = local.is_own_vpc && local.has_lakes ? 1 : 0

  vpc_id              = aws_vpc.this[0].id
  service_name        = "com.amazonaws.${var.region}.glue"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [local.subnet_ids[0]]
  security_group_ids  = [aws_security_group.glue[0].id]
  policy              = local.glue_endpoint_policy
  tags                = { Name = "${var.deployment}-glue" }
}

resource "aws_security_group" "glue" {
  count = local.is_own_vpc && local.has_lakes ? 1 : 0

  name        = "${var.deployment}-glue"
  description = "Glue endpoint of ${var.deployment}"
  vpc_id      = local.vpc_id
  tags        = { Name = "${var.deployment}-glue" }
}

resource "aws_vpc_security_group_ingress_rule" "glue_from_nodes" {
  count = local.is_own_vpc && local.has_lakes ? 1 : 0

  description                  = "nodes to Glue"
  security_group_id            = aws_security_group.glue[0].id
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}
