# Both roles' own policies. AmazonEMRServicePolicy_v2 may pass only the role EMR_EC2_DefaultRole and
# has no right on a key.
locals {
  has_key = var.kms_key_arn != null
  keys    = compact([var.kms_key_arn])
  kms_use = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"]

  service_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "PassInstanceRole"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = [local.instance_role_arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" } }
      }],
      [for statement in [
        {
          Sid      = "UseKey"
          Effect   = "Allow"
          Action   = concat(local.kms_use, ["kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"])
          Resource = [var.kms_key_arn]
        },
        {
          Sid       = "LendKeyToDisks"
          Effect    = "Allow"
          Action    = ["kms:CreateGrant"]
          Resource  = [var.kms_key_arn]
          Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
        },
      ] : statement if local.has_key],
    )
  })

  written_prefixes = ["lake/runs/", "lake/quarantine/", "lake/quality/", "lake/final/", "lake/report/", "lake/locks/", "logs/"]

  # Spark's committer writes below _temporary/ (or __magic…/), moves, and deletes what it moved. What
  # was committed can be deleted by nobody but `prune`.
  deleted_patterns = concat(
    [
      "lake/locks/*",
      "lake/runs/*/staging/*/_temporary/*",
      "lake/runs/*/staging/*/__magic*",
      "lake/quarantine/*/_temporary/*",
      "lake/quarantine/*/__magic*",
    ],
    # A run of a lake table stages what it reads, and takes it away when it has published.
    [for pattern in ["lake/runs/*/staging/*"] : pattern if local.has_lakes],
  )

  instance_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "List"
          Effect    = "Allow"
          Action    = ["s3:ListBucket"]
          Resource  = [local.bucket_arn]
          Condition = { StringLike = { "s3:prefix" = ["lake", "lake/*", "app/*"] } }
        },
        {
          Sid      = "LookAtBucket"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
          Resource = [local.bucket_arn]
        },
        {
          Sid      = "Read"
          Effect   = "Allow"
          Action   = ["s3:GetObject"]
          Resource = ["${local.bucket_arn}/lake/*", "${local.bucket_arn}/app/*"]
        },
        {
          Sid      = "Write"
          Effect   = "Allow"
          Action   = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
          Resource = [for prefix in local.written_prefixes : "${local.bucket_arn}/${prefix}*"]
        },
        {
          Sid      = "Delete"
          Effect   = "Allow"
          Action   = ["s3:DeleteObject"]
          Resource = [for pattern in local.deleted_patterns : "${local.bucket_arn}/${pattern}"]
        },
      ],
      local.lake_writer_statements,
      local.key_statements,
    )
  })

  key_statements = [
    for key in local.keys : { Sid = "UseKey", Effect = "Allow", Action = local.kms_use, Resource = [key] }
  ]
}
