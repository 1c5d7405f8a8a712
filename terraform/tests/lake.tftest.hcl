mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  bucket_name = "our-lake"
  log_days    = 90
}

run "the_bucket_is_private_versioned_and_encrypted" {
  command = plan

  module {
    source = "./lake"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Nothing makes the bucket public."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "There are no ACLs."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "What is overwritten stays as an old version."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "Without a key the bucket has SSE-S3."
  }
}

run "only_tls_is_answered" {
  command = plan

  module {
    source = "./lake"
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement == [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::our-lake", "arn:aws:s3:::our-lake/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "Everybody is refused without TLS, and the policy allows nobody anything."
  }
}

run "only_logs_and_what_is_no_longer_current_ever_expire" {
  command = plan

  module {
    source = "./lake"
  }

  assert {
    condition     = toset([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : "${rule.id} ${rule.filter[0].prefix}" if length(rule.expiration) > 0 && rule.id != "old-versions"]) == toset(["logs logs/"])
    error_message = "Current objects expire below logs/ only: no rule can know which run is published."
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.expiration[0].expired_object_delete_marker if rule.id == "old-versions"])
    error_message = "The other expiration is of delete markers, which S3 lets nobody join with days."
  }

  assert {
    condition = { for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id => rule.noncurrent_version_expiration[0].noncurrent_days if length(rule.noncurrent_version_expiration) > 0 } == {
      "lock-versions" = 1
      "old-versions"  = 30
    }
    error_message = "Old versions go after 30 days, those of locks after one."
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.filter[0].prefix if rule.id == "lock-versions"]) == "lake/locks/"
    error_message = "Only versions of locks go after a day."
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.abort_incomplete_multipart_upload[0].days_after_initiation if length(rule.abort_incomplete_multipart_upload) > 0]) == 7
    error_message = "S3A leaves incomplete uploads behind, which cost."
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.expiration[0].days if rule.id == "logs"]) == 90
    error_message = "Logs go after log_days."
  }
}

run "a_given_key_encrypts_the_bucket" {
  command = plan

  module {
    source = "./lake"
  }

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : alltrue([
      rule.bucket_key_enabled,
      rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms",
      rule.apply_server_side_encryption_by_default[0].kms_master_key_id == var.kms_key_arn,
    ])])
    error_message = "Objects are under the key, by way of a bucket key."
  }
}
