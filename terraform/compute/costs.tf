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
  endpoints = concat(["EMR"], local.has_key ? ["KMS"] : [], local.has_lakes ? ["Glue"] : [])
  endpoints_text = {
    1 = "endpoint to EMR"
    2 = "two endpoints, to ${join(" and ", local.endpoints)},"
    3 = "three endpoints, to EMR, KMS and Glue,"
  }[length(local.endpoints)]
  network_text = local.is_own_vpc ? "the network's ${local.endpoints_text} about ${8 * length(local.endpoints)} USD a month, with or without a cluster" : "the network is yours"
}
