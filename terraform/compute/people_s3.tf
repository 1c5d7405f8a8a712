# What operators and readers may do in the bucket.
locals {
  operator_s3 = [
    {
      Sid       = "List"
      Effect    = "Allow"
      Action    = ["s3:ListBucket"]
      Resource  = [local.bucket_arn]
      Condition = { StringLike = { "s3:prefix" = ["lake", "lake/*", "app/*", "logs/*"] } }
    },
    {
      Sid      = "Read"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = [for prefix in ["lake/", "app/", "logs/"] : "${local.bucket_arn}/${prefix}*"]
    },
    {
      # A version's folder has 16 characters: launch.json is not in one, and stays Terraform's.
      Sid      = "UploadApplication"
      Effect   = "Allow"
      Action   = ["s3:PutObject", "s3:AbortMultipartUpload"]
      Resource = ["${local.bucket_arn}/app/????????????????/*"]
    },
    {
      # `publish` also writes that it did into the run's manifest.
      Sid      = "Publish"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = [for pattern in ["lake/locks/*", "lake/final/*", "lake/report/*", "lake/runs/*/run.json"] : "${local.bucket_arn}/${pattern}"]
    },
    {
      Sid      = "Prune"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = [for pattern in ["lake/locks/*", "lake/runs/*/staging/*", "lake/runs/*/final/*"] : "${local.bucket_arn}/${pattern}"]
    },
  ]

  # `forget` keeps the list of who is forgotten, takes away what quotes them, and makes tables again.
  operator_forget = [for statement in [
    {
      Sid      = "RememberWhoIsForgotten"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = [for pattern in ["lake/suppressed/*"] : "${local.bucket_arn}/${pattern}"]
    },
    {
      Sid      = "Forget"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = [for pattern in ["lake/quarantine/*", "lake/runs/*/report.html"] : "${local.bucket_arn}/${pattern}"]
    },
    {
      Sid      = "MakeAgain"
      Effect   = "Allow"
      Action   = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
      Resource = [for pattern in ["lake/runs/*", "lake/quality/*", "lake/quarantine/*"] : "${local.bucket_arn}/${pattern}"]
    },
  ] : statement if local.has_lakes]

  read_prefixes = concat(["lake/final/", "lake/report/"], local.has_lakes ? ["lake/tables/"] : [])

  reader_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "List"
          Effect    = "Allow"
          Action    = ["s3:ListBucket"]
          Resource  = [local.bucket_arn]
          Condition = { StringLike = { "s3:prefix" = [for prefix in local.read_prefixes : "${prefix}*"] } }
        },
        {
          Sid      = "Locate"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation"]
          Resource = [local.bucket_arn]
        },
        {
          Sid      = "Read" # a pinned version too
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:GetObjectVersion"]
          Resource = [for prefix in local.read_prefixes : "${local.bucket_arn}/${prefix}*"]
        },
      ],
      local.lake_reader_statements,
      [
        for key in local.keys :
        { Sid = "ReadWithKey", Effect = "Allow", Action = ["kms:Decrypt", "kms:DescribeKey"], Resource = [key] }
      ],
    )
  })
}
