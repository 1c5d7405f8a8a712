data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# AWS's addresses of S3 in the region: all that nodes may reach outside the VPC.
data "aws_ec2_managed_prefix_list" "s3" {
  name = "com.amazonaws.${var.region}.s3"
}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  bucket_arn = "arn:${local.partition}:s3:::${var.bucket_name}"

  # AmazonEMRServicePolicy_v2 lets EMR use only what carries this tag.
  emr_tag = { "for-use-with-amazon-emr-managed-policies" = "true" }
}
