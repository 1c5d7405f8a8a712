"""What EMR shows of a cluster's instances, fleets and groups."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scripts.local_cloud.cluster import Cluster
from scripts.local_cloud.records import Fleet, Instance


def timeline(
    created_at: datetime, ready_at: datetime | None, ended_at: datetime | None
) -> dict[str, Any]:
    """A timeline; what has not happened yet is left out."""
    return {
        "CreationDateTime": created_at,
        "ReadyDateTime": ready_at,
        "EndDateTime": ended_at,
    }


def dns(instance: Instance, cluster: Cluster) -> str:
    """An instance's name in the network."""
    name = instance.address.replace(".", "-")
    return f"ip-{name}.{cluster.account.region}.compute.internal"


def instance_view(instance: Instance, cluster: Cluster) -> dict[str, Any]:
    """An instance as ListInstances shows it."""
    fleet = next(each for each in cluster.fleets if each.id == instance.fleet_id)
    return {
        "Id": instance.id,
        "Ec2InstanceId": instance.ec2_id,
        "PublicDnsName": "",
        "PrivateDnsName": dns(instance, cluster),
        "PrivateIpAddress": instance.address,
        "Status": {
            "State": instance.state,
            "StateChangeReason": instance.reason,
            "Timeline": timeline(instance.created_at, instance.ready_at, instance.ended_at),
        },
        "InstanceGroupId" if fleet.is_group else "InstanceFleetId": fleet.id,
        "Market": instance.market,
        "InstanceType": instance.type,
        "EbsVolumes": [],
    }


def fleet_view(fleet: Fleet, cluster: Cluster) -> dict[str, Any]:
    """An instance fleet as ListInstanceFleets shows it."""
    asked = fleet.request
    types = asked.get("InstanceTypeConfigs", [])
    live = _live(fleet, cluster)
    weights = {each["InstanceType"]: each.get("WeightedCapacity", 1) for each in types}
    provisioned = {
        market: sum(weights.get(each.type, 1) for each in live if each.market == market)
        for market in ("ON_DEMAND", "SPOT")
    }
    return {
        "Id": fleet.id,
        "Name": asked.get("Name"),
        "Status": _part_status(fleet),
        "InstanceFleetType": fleet.kind,
        "TargetOnDemandCapacity": asked.get("TargetOnDemandCapacity", 0),
        "TargetSpotCapacity": asked.get("TargetSpotCapacity", 0),
        "ProvisionedOnDemandCapacity": provisioned["ON_DEMAND"],
        "ProvisionedSpotCapacity": provisioned["SPOT"],
        "InstanceTypeSpecifications": [_type_view(each) for each in types],
        "LaunchSpecifications": asked.get("LaunchSpecifications"),
        "ResizeSpecifications": asked.get("ResizeSpecifications"),
        "Context": asked.get("Context"),
    }


def _type_view(asked: Mapping[str, Any]) -> dict[str, Any]:
    ebs = asked.get("EbsConfiguration", {})
    copied = ("InstanceType", "BidPrice", "Configurations", "CustomAmiId", "Priority")
    percent = asked.get("BidPriceAsPercentageOfOnDemandPrice")
    if percent is None and "BidPrice" not in asked:
        percent = 100.0
    return {
        **{name: asked[name] for name in copied if name in asked},
        "WeightedCapacity": asked.get("WeightedCapacity", 1),
        "BidPriceAsPercentageOfOnDemandPrice": percent,
        "EbsBlockDevices": _block_devices(ebs),
        "EbsOptimized": ebs.get("EbsOptimized"),
    }


def _block_devices(ebs: Mapping[str, Any]) -> list[dict[str, Any]]:
    wanted = [
        each["VolumeSpecification"]
        for each in ebs.get("EbsBlockDeviceConfigs", [])
        for _ in range(each.get("VolumesPerInstance", 1))
    ]
    return [
        {"VolumeSpecification": each, "Device": f"/dev/sd{chr(ord('b') + number)}"}
        for number, each in enumerate(wanted)
    ]


def _part_status(fleet: Fleet) -> dict[str, Any]:
    return {
        "State": fleet.state,
        "StateChangeReason": {"Message": ""},
        "Timeline": timeline(fleet.created_at, fleet.ready_at, fleet.ended_at),
    }


def _live(fleet: Fleet, cluster: Cluster) -> list[Instance]:
    return [
        each
        for each in cluster.instances
        if each.fleet_id == fleet.id and each.state in ("RUNNING", "BOOTSTRAPPING")
    ]


def group_view(group: Fleet, cluster: Cluster) -> dict[str, Any]:
    """An instance group as ListInstanceGroups shows it."""
    asked = group.request
    ebs = asked.get("EbsConfiguration", {})
    return {
        "Id": group.id,
        "Name": asked.get("Name"),
        "Market": asked.get("Market", "ON_DEMAND"),
        "InstanceGroupType": group.kind,
        "BidPrice": asked.get("BidPrice"),
        "InstanceType": asked["InstanceType"],
        "RequestedInstanceCount": asked["InstanceCount"],
        "RunningInstanceCount": len(_live(group, cluster)),
        "Status": _part_status(group),
        "Configurations": asked.get("Configurations", []),
        "EbsBlockDevices": _block_devices(ebs),
        "EbsOptimized": ebs.get("EbsOptimized"),
        "ShrinkPolicy": {},
    }
