# A policy for each dataset's deliverer: new files below its folder, and nothing else. Versioning
# keeps what a file was before it was delivered again.
resource "aws_iam_policy" "deliverer" {
  for_each = var.deliverers

  name        = "${var.deployment}-${var.region}-deliverer-${each.key}"
  description = "Deliver files of ${each.key} to ${var.deployment}"
  policy      = local.deliverer_policies[each.key]
}

locals {
  deliverer_policies = { for dataset in var.deliverers : dataset => jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "Deliver"
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:AbortMultipartUpload"]
        Resource = ["${local.bucket_arn}/lake/raw/${dataset}/*"]
      }],
      [
        for key in local.keys : # Decrypt is what a file in several parts needs
        { Sid = "EncryptWithKey", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = [key] }
      ],
    )
  }) }
}
