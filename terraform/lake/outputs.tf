output "glue_database" {
  description = "Glue database of the lake tables. Null: there are none."
  value       = one(aws_glue_catalog_database.this[*].name)
}

output "bucket_name" {
  description = "Name of the bucket, once its protection is in place."
  value       = aws_s3_bucket.this.bucket

  depends_on = [
    aws_s3_bucket_policy.this,
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_versioning.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
  ]
}
