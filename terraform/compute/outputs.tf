output "cluster_id" {
  description = "Id of the cluster that waits for steps. Null: there is none."
  value       = one(aws_emr_cluster.this[*].id)
}

output "cost_text" {
  description = "What a waiting cluster costs an hour and how long it idles, in words."
  value       = local.cost_text
}

output "deliverer_policies" {
  description = "ARN and JSON of each deliverer's policy."
  value       = { for dataset, policy in aws_iam_policy.deliverer : dataset => { arn = policy.arn, json = local.deliverer_policies[dataset] } }
}

output "hourly_usd" {
  description = "What a waiting cluster costs, in USD an hour. Null: the price table lacks the region or a type."
  value       = local.hourly_usd
}

output "instance_role_arn" {
  description = "ARN of the nodes' role."
  value       = local.instance_role_arn
}

output "launch_spec" {
  description = "The launch specification, the content of app/launch.json."
  value       = local.launch_spec
}

output "network_text" {
  description = "What the network costs with or without a cluster, in words."
  value       = local.network_text
}

output "operator_policy" {
  description = "ARN and JSON of the operator's policy."
  value       = { arn = aws_iam_policy.operator.arn, json = local.operator_policy }
}

output "reader_policy" {
  description = "ARN and JSON of the reader's policy."
  value       = { arn = aws_iam_policy.reader.arn, json = local.reader_policy }
}
