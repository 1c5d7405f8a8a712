locals {
  spec = module.compute.launch_spec
  step = {
    Type            = "CUSTOM_JAR"
    Name            = "spark_app organic_share"
    ActionOnFailure = "CONTINUE"
    Jar             = "command-runner.jar"
    Args = [
      "spark-submit", "--deploy-mode", "client",
      "--conf", "spark.pyspark.python=/opt/spark_app/env/bin/python",
      "--conf", "spark.pyspark.driver.python=/opt/spark_app/env/bin/python",
      "--conf", "spark.hadoop.fs.s3a.endpoint.region=${var.region}",
      "--py-files", "${local.spec.application}spark_app.zip",
      "${local.spec.application}main.py",
      "run", "organic_share", "--lake", local.spec.lake, "--region", var.region, "--max-minutes", tostring(var.max_minutes),
    ]
  }
}

output "add_steps" {
  description = "The line that runs the job on the waiting cluster, ready to paste. Null: there is no cluster; use `submit`."
  value       = module.compute.cluster_id != null ? "aws emr add-steps --region ${var.region} --cluster-id ${module.compute.cluster_id} --steps '${jsonencode([local.step])}'" : null
}

output "cluster_id" {
  description = "Id of the cluster that waits for steps. Null: create_cluster is false."
  value       = module.compute.cluster_id
}

output "cost" {
  description = "What the waiting cluster costs an hour and when it ends itself; one that ended is made again by the next apply."
  value       = var.create_cluster ? "the cluster costs ${module.compute.cost_text}; ${module.compute.network_text}" : "no cluster waits; one that did would cost ${module.compute.cost_text}; ${module.compute.network_text}"
}

output "deliverer_policies" {
  description = "ARN and JSON of the policy of each dataset's deliverer."
  value       = module.compute.deliverer_policies
}

output "glue_database" {
  description = "Glue database of the lake tables: what Athena and other readers name. Null: lakes is false."
  value       = module.lake.glue_database
}

output "hourly_usd" {
  description = "What a waiting cluster costs, in USD an hour (EC2 and EMR, estimated prices). Null: the price table lacks the region or a type."
  value       = module.compute.hourly_usd
}

output "instance_role_arn" {
  description = "ARN of the nodes' role: who the policy of a key of yours has to name."
  value       = module.compute.instance_role_arn
}

output "lake" {
  description = "URI of the lake: what --lake and SPARK_APP_LAKE take."
  value       = "s3://${module.lake.bucket_name}/lake"
}

output "launch_spec" {
  description = "How a cluster of this deployment is started, the content of app/launch.json."
  value       = local.spec
}

output "operator_policy" {
  description = "ARN and JSON of the policy for people and schedules that submit runs."
  value       = module.compute.operator_policy
}

output "reader_policy" {
  description = "ARN and JSON of the policy for people and tools that read what is published."
  value       = module.compute.reader_policy
}

output "kept" {
  description = "What `make destroy` leaves: the bucket with the lake, the application's versions and the logs."
  value       = "s3://${module.lake.bucket_name}/"
}
