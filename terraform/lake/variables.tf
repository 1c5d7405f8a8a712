variable "bucket_name" {
  description = "Name of the bucket."
  type        = string
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the bucket. Null: SSE-S3."
  type        = string
  default     = null
}

variable "lakes" {
  description = "Whether there are lake tables."
  type        = bool
  default     = false
}

variable "log_days" {
  description = "After how many days what lies below logs/ is deleted."
  type        = number
}
