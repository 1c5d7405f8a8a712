# Which version of each lake table readers see. The application makes and changes the tables in it:
# Terraform must own none, or there would be two histories of one table.
resource "aws_glue_catalog_database" "this" {
  count = var.lakes ? 1 : 0

  name         = local.database_name
  description  = "Lake tables of ${local.lake_uri}"
  location_uri = "${local.lake_uri}/tables"

  lifecycle {
    prevent_destroy = true # without it nobody finds the tables, although their files stay
  }
}

locals {
  # The name that the application derives from the lake's URI: words for people, and a digest.
  lake_uri      = "s3://${var.bucket_name}/lake"
  database_name = "${replace("${var.bucket_name}/lake", "/[^a-z0-9]+/", "_")}_${substr(sha256(local.lake_uri), 0, 8)}"
}
