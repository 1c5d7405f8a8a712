locals {
  lock_version_days  = 1 # a lock is renewed every 30 seconds
  old_version_days   = 30
  table_version_days = 3 # what a lake table still needs of the past are files of its own
  upload_days        = 7
}

# Nothing here ends a current version outside logs/: no rule can know which run is published.
# What is old in runs/ is `prune`'s.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "logs"
    status = "Enabled"

    filter {
      prefix = "logs/"
    }

    expiration {
      days = var.log_days
    }
  }

  rule {
    id     = "incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = local.upload_days
    }
  }

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    expiration {
      expired_object_delete_marker = true
    }

    noncurrent_version_expiration {
      noncurrent_days = local.old_version_days
    }
  }

  rule {
    id     = "lock-versions"
    status = "Enabled"

    filter {
      prefix = "lake/locks/"
    }

    noncurrent_version_expiration {
      noncurrent_days = local.lock_version_days
    }
  }

  dynamic "rule" {
    for_each = var.lakes ? ["table-versions"] : []

    content {
      id     = rule.value
      status = "Enabled"

      filter {
        prefix = "lake/tables/"
      }

      noncurrent_version_expiration {
        noncurrent_days = local.table_version_days
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
