# Two policies for people and schedules; who gets them is yours to say.
resource "aws_iam_policy" "operator" {
  name        = "${var.deployment}-${var.region}-operator"
  description = "Submit, watch and end runs of ${var.deployment}, publish and prune"
  policy      = local.operator_policy
}

resource "aws_iam_policy" "reader" {
  name        = "${var.deployment}-${var.region}-reader"
  description = "Read the published tables and reports of ${var.deployment}"
  policy      = local.reader_policy
}

locals {
  clusters_arn = "arn:${local.partition}:elasticmapreduce:${var.region}:${local.account}:cluster/*"
  linked_roles = "arn:${local.partition}:iam::${local.account}:role/aws-service-role"

  operator_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.operator_emr, local.operator_iam, local.operator_s3, local.operator_forget, local.lake_writer_statements, local.key_statements)
  })

  operator_emr = [
    {
      # RunJobFlow names no cluster: there is none yet. The tags are what ties it to this deployment.
      # There is no right to tag what is there already: it would make any cluster this deployment's.
      Sid      = "Launch"
      Effect   = "Allow"
      Action   = ["elasticmapreduce:RunJobFlow"]
      Resource = ["*"]
      Condition = { StringEquals = {
        "aws:RequestTag/spark_app:deployment"                     = var.deployment
        "aws:RequestTag/for-use-with-amazon-emr-managed-policies" = "true"
        "aws:RequestedRegion"                                     = var.region
      } }
    },
    {
      Sid    = "OurClusters"
      Effect = "Allow"
      Action = [for action in [
        "AddJobFlowSteps", "CancelSteps", "DescribeStep", "ListBootstrapActions", "ListInstanceFleets",
        "ListInstances", "ListSteps", "TerminateJobFlows",
      ] : "elasticmapreduce:${action}"]
      Resource  = [local.clusters_arn]
      Condition = { StringEquals = { "aws:ResourceTag/spark_app:deployment" = var.deployment } }
    },
    {
      # A list does not say whose a cluster is; only its description, with the tags, does.
      Sid      = "SeeWhoseAClusterIs"
      Effect   = "Allow"
      Action   = ["elasticmapreduce:DescribeCluster"]
      Resource = [local.clusters_arn]
    },
    {
      Sid       = "FindClusters" # a list has no resource, so that no narrower one can be named
      Effect    = "Allow"
      Action    = ["elasticmapreduce:ListClusters"]
      Resource  = ["*"]
      Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
    },
  ]

  operator_iam = concat(
    [for role in [{ sid = "Service", arn = local.service_role_arn, service = "elasticmapreduce.amazonaws.com" },
      { sid = "Instance", arn = local.instance_role_arn, service = "ec2.amazonaws.com" }] : {
      Sid       = "Pass${role.sid}Role"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [role.arn]
      Condition = { StringEquals = { "iam:PassedToService" = role.service } }
    }],
    # A new account has not got these yet; the first launch makes them.
    [for role in [{ sid = "Emr", service = "elasticmapreduce.amazonaws.com", name = "AWSServiceRoleForEMRCleanup" },
      { sid = "Spot", service = "spot.amazonaws.com", name = "AWSServiceRoleForEC2Spot" }] : {
      Sid       = "Make${role.sid}LinkedRole"
      Effect    = "Allow"
      Action    = ["iam:CreateServiceLinkedRole"]
      Resource  = ["${local.linked_roles}/${role.service}/${role.name}"]
      Condition = { StringEquals = { "iam:AWSServiceName" = role.service } }
    }],
  )
}
