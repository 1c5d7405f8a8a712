# What the cluster costs while it waits, from the table that `submit` reads too, at the dearest of
# its types. A region or a type without a price only makes the sum unknown.
locals {
  hourly_usd = try(tonumber(format("%.4f", sum([
    for fleet in values(local.kept_fleets) : fleet.TargetOnDemandCapacity * max([
      for config in fleet.InstanceTypeConfigs : sum(values(var.prices.region[var.region][config.InstanceType]))
    ]...)
  ]))), null)

  cost_text = join(" ", [
    local.hourly_usd == null ? "what it costs an hour is unknown, the price table lacks ${var.region}" : "${format("%.2f", local.hourly_usd)} USD an hour (EC2 and EMR, estimated prices of ${try(var.prices.date, "unknown")})",
    "while it runs; it ends itself after ${var.idle_minutes} idle minutes",
  ])

  # An interface endpoint is billed by the hour, in one zone 0.010 to 0.012 USD, whether used or not.
  network_text = local.is_own_vpc ? "the network's ${local.has_key ? "two endpoints, to EMR and KMS," : "endpoint to EMR"} about ${local.has_key ? 16 : 8} USD a month, with or without a cluster" : "the network is yours"
}
