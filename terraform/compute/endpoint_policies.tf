# What may pass the endpoints: our bucket for our account, and the buckets from which Amazon Linux
# and EMR install themselves and to which EMR sends its own logs. Their names are AWS's.
locals {
  instance_data = var.region == "ap-southeast-2" ? "aws157-instance-data-bucket" : "aws157-instance-data"

  read_buckets = [
    "al2023-repos-${var.region}-de612dc2",
    "repo.${var.region}.emr.amazonaws.com",
    "${local.instance_data}-0-prod-${var.region}",
    "${local.instance_data}-1-prod-${var.region}",
  ]
  written_buckets = [
    var.region == "us-east-1" ? "aws157-logs-prod" : "aws157-logs-prod-${var.region}",
    "prod.${var.region}.appinfo.src",
  ]

  s3_endpoint_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OurBucket"
        Effect    = "Allow"
        Principal = "*"
        Action    = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts", "s3:PutObject"]
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
      },
      {
        Sid       = "AmazonLinuxAndEmr"
        Effect    = "Allow"
        Principal = "*"
        Action    = ["s3:GetObject"]
        Resource  = [for bucket in local.read_buckets : "arn:${local.partition}:s3:::${bucket}/*"]
      },
      {
        Sid       = "EmrsOwnLogs"
        Effect    = "Allow"
        Principal = "*"
        Action    = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource  = [for bucket in local.written_buckets : "arn:${local.partition}:s3:::${bucket}/*"]
      },
    ]
  })

  kms_endpoint_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OurKey"
      Effect    = "Allow"
      Principal = "*"
      Action    = local.kms_use
      Resource  = local.keys
      Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
    }]
  })
}
