# What EMR itself may do (the service role) and what the nodes may do (the instance role).
locals {
  service_role_name  = "${var.deployment}-${var.region}-service"
  instance_role_name = "${var.deployment}-${var.region}-instance"
  service_role_arn   = "arn:${local.partition}:iam::${local.account}:role/${local.service_role_name}"
  instance_role_arn  = "arn:${local.partition}:iam::${local.account}:role/${local.instance_role_name}"
}

resource "aws_iam_role" "service" {
  name        = local.service_role_name
  description = "EMR starts and ends the nodes of ${var.deployment}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "elasticmapreduce.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:elasticmapreduce:${var.region}:${local.account}:*" }
      }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "service" {
  role       = aws_iam_role.service.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
}

resource "aws_iam_role_policy" "service" {
  name   = "nodes"
  role   = aws_iam_role.service.id
  policy = local.service_policy
}

resource "aws_iam_role" "instance" {
  name        = local.instance_role_name
  description = "What the nodes of ${var.deployment} may do"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "instance" {
  name   = "lake"
  role   = aws_iam_role.instance.id
  policy = local.instance_policy
}

resource "aws_iam_instance_profile" "nodes" {
  name = local.instance_role_name
  role = aws_iam_role.instance.name
}
