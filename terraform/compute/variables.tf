variable "deployment" {
  description = "Name of the deployment."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "bucket_name" {
  description = "Bucket with lake/, app/ and logs/."
  type        = string
}

variable "glue_database" {
  description = "Glue database of the lake tables. Null: there are none."
  type        = string
  default     = null
}

variable "deliverers" {
  description = "Datasets whose deliverers get a policy each."
  type        = set(string)
  default     = []
}

variable "architecture" {
  description = "Processor of the nodes: arm64 or x86_64."
  type        = string
}

variable "profile" {
  description = "Size of a cluster: single, standard or large."
  type        = string
}

variable "create_cluster" {
  description = "Whether there is a cluster that waits for steps."
  type        = bool
}

variable "idle_minutes" {
  description = "After how many idle minutes the cluster ends itself."
  type        = number
}

variable "max_minutes" {
  description = "After how many minutes a step ends the application."
  type        = number
}

variable "subnet_ids" {
  description = "The user's own private subnets. Empty: a VPC is made."
  type        = list(string)
}

variable "vpc_cidr" {
  description = "Addresses of the VPC that is made."
  type        = string
}

variable "kms_key_arn" {
  description = "KMS key for bucket and disks. Null: SSE-S3 and no disk encryption by EMR."
  type        = string
}

variable "project_dir" {
  description = "Root of the checkout, absolute."
  type        = string
}

variable "dist" {
  description = "Folder that `make package` wrote, absolute."
  type        = string
}

variable "package" {
  description = "Newest package: its version and the digest of its dependencies. Null: there is none."
  type        = object({ version = string, dependencies = string })
}

variable "prices" {
  description = "Price table: date, spot_share, and USD an hour by region and instance type. Null: there is none."
  type        = any
}

variable "tags" {
  description = "Tags of the deployment."
  type        = map(string)
}
