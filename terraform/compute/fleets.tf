# Each profile in RunJobFlow's words. Several types of one size, so that a zone which has run out of
# one has another; all of them are offered in every region where EMR is.
locals {
  families = {
    arm64  = ["m7g", "m6g"]
    x86_64 = ["m7i", "m6i", "m5"]
  }

  profiles = {
    single = {
      primary = { size = "xlarge", count = 1, disk_gb = 64 }
    }
    standard = {
      primary = { size = "xlarge", count = 1, disk_gb = 64 }
      core    = { size = "2xlarge", count = 2, disk_gb = 128 }
      task    = { size = "2xlarge", count = 4, disk_gb = 128 }
    }
    large = {
      primary = { size = "2xlarge", count = 1, disk_gb = 64 }
      core    = { size = "4xlarge", count = 4, disk_gb = 256 }
      task    = { size = "4xlarge", count = 12, disk_gb = 256 }
    }
  }
  profile = local.profiles[var.profile]

  wanted_fleets = [
    for fleet in [
      { name = "primary", type = "MASTER", capacity = "TargetOnDemandCapacity", strategy = "OnDemandSpecification" },
      { name = "core", type = "CORE", capacity = "TargetOnDemandCapacity", strategy = "OnDemandSpecification" },
      { name = "task", type = "TASK", capacity = "TargetSpotCapacity", strategy = "SpotSpecification" },
    ] : merge(fleet, local.profile[fleet.name]) if contains(keys(local.profile), fleet.name)
  ]

  strategies = {
    OnDemandSpecification = { AllocationStrategy = "lowest-price" }
    SpotSpecification = {
      AllocationStrategy     = "price-capacity-optimized"
      TimeoutAction          = "SWITCH_TO_ON_DEMAND"
      TimeoutDurationMinutes = 10
    }
  }

  fleets = [
    for fleet in local.wanted_fleets : {
      Name                   = fleet.name
      InstanceFleetType      = fleet.type
      TargetOnDemandCapacity = fleet.capacity == "TargetOnDemandCapacity" ? fleet.count : 0
      TargetSpotCapacity     = fleet.capacity == "TargetSpotCapacity" ? fleet.count : 0
      LaunchSpecifications   = { for key, value in local.strategies : key => value if key == fleet.strategy }
      InstanceTypeConfigs = [
        for family in local.families[var.architecture] : {
          InstanceType     = "${family}.${fleet.size}"
          WeightedCapacity = 1
          EbsConfiguration = {
            EbsBlockDeviceConfigs = [{
              VolumesPerInstance  = 1
              VolumeSpecification = { VolumeType = "gp3", SizeInGB = fleet.disk_gb }
            }]
          }
        }
      ]
    }
  ]
}
