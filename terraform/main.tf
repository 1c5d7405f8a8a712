data "aws_caller_identity" "current" {}

locals {
  bucket_name = coalesce(var.bucket_name, "${var.deployment}-${data.aws_caller_identity.current.account_id}-${var.region}")
  tags        = merge(var.tags, { "spark_app:deployment" = var.deployment })
}

module "lake" {
  source = "./lake"

  bucket_name = local.bucket_name
  kms_key_arn = var.kms_key_arn
  lakes       = var.lakes
  log_days    = var.log_days
}

# All of it can be destroyed without a loss: terraform destroy -target=module.compute
module "compute" {
  source = "./compute"

  deployment     = var.deployment
  region         = var.region
  bucket_name    = module.lake.bucket_name
  glue_database  = module.lake.glue_database
  deliverers     = var.deliverers
  architecture   = var.architecture
  profile        = var.profile
  create_cluster = var.create_cluster
  idle_minutes   = var.idle_minutes
  max_minutes    = var.max_minutes
  subnet_ids     = var.subnet_ids
  vpc_cidr       = var.vpc_cidr
  kms_key_arn    = var.kms_key_arn
  project_dir    = local.project_dir
  dist           = local.dist
  package        = local.package
  prices         = local.prices
  tags           = local.tags
}
