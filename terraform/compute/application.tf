# Uploads the package. There is no resource for its objects, so that no later apply or destroy
# deletes a version which a cluster or a schedule still uses. Does nothing when it is there.
resource "terraform_data" "application" {
  input            = local.application
  triggers_replace = [local.application]

  provisioner "local-exec" {
    working_dir = var.project_dir
    command     = "'${var.project_dir}/.venv/bin/python' -m scripts.upload_package --dist '${var.dist}' --to 's3://${var.bucket_name}/app/' --region '${var.region}'"
  }

  lifecycle {
    precondition {
      condition     = var.package != null
      error_message = "There is no package in ${var.dist}: run `make package` first, or write dist as the folder that it wrote."
    }

    precondition {
      condition     = length(local.foreign_subnets) == 0
      error_message = "Write subnet_ids of one VPC: ${join(", ", local.foreign_subnets)} is not in ${nonsensitive(try(local.vpc_id, ""))}."
    }

    precondition {
      condition     = length(local.untagged_vpcs) == 0
      error_message = "EMR may not make its endpoint in ${join(", ", local.untagged_vpcs)}: tag the VPC with for-use-with-amazon-emr-managed-policies = true."
    }

    precondition {
      condition     = length(local.nameless_vpcs) == 0
      error_message = "The nodes could not find EMR's endpoint in ${join(", ", local.nameless_vpcs)}: turn on DNS support and DNS hostnames of the VPC."
    }

    precondition {
      condition     = length(local.untagged_subnets) == 0
      error_message = "EMR may not use ${join(", ", local.untagged_subnets)}: tag it with for-use-with-amazon-emr-managed-policies = true."
    }

    precondition {
      condition     = length(local.unrouted_subnets) == 0
      error_message = "The nodes could not reach S3 from ${join(", ", local.unrouted_subnets)}: add its route table to a gateway endpoint for com.amazonaws.${var.region}.s3."
    }
  }
}

# What `submit` starts clusters from. Written last: whoever reads it finds its version uploaded.
resource "aws_s3_object" "launch_spec" {
  bucket       = var.bucket_name
  key          = "app/launch.json"
  content      = local.launch_json
  content_type = "application/json"

  depends_on = [terraform_data.application]
}
