# What `make package` made: the version to upload and the digest of its dependencies.
locals {
  checkouts   = [for folder in ["${path.root}/..", "${path.root}/../.."] : folder if fileexists("${folder}/pyproject.toml")]
  project_dir = abspath(try(coalesce(var.project_dir, local.checkouts...), "${path.root}/.."))
  dist        = abspath(coalesce(var.dist, "${local.project_dir}/dist"))
  package     = try(jsondecode(file("${local.dist}/package.json")), null)
  prices      = try(jsondecode(file("${local.project_dir}/spark_app/emr/prices.json")), null)
}
