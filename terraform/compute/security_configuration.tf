resource "aws_emr_security_configuration" "this" {
  name = "${var.deployment}-${local.security_digest}"

  configuration = local.security_json

  # It cannot be changed, nor deleted while a cluster uses it: the new one comes first.
  lifecycle {
    create_before_destroy = true
  }
}

locals {
  security_json = jsonencode({
    InstanceMetadataServiceConfiguration = {
      MinimumInstanceMetadataServiceVersion = 2
      HttpPutResponseHopLimit               = 1
    }
    EncryptionConfiguration = {
      EnableInTransitEncryption = false
      EnableAtRestEncryption    = true
      AtRestEncryptionConfiguration = merge(
        {
          S3EncryptionConfiguration = merge(
            { EncryptionMode = local.has_key ? "SSE-KMS" : "SSE-S3" },
            { for key in local.keys : "AwsKmsKey" => key },
          )
        },
        # EMR encrypts disks only with a key; without one they are as the account's EBS default says.
        { for key in local.keys : "LocalDiskEncryptionConfiguration" => {
          EncryptionKeyProviderType = "AwsKms"
          AwsKmsKey                 = key
          EnableEbsEncryption       = true
        } },
      )
    }
  })
  security_digest = substr(sha256(local.security_json), 0, 8)
}
