"""What EMR shows of a cluster and its parts, in the members of its own model."""

from typing import Any

from scripts.local_cloud.applications import version
from scripts.local_cloud.cluster import Cluster
from scripts.local_cloud.instance_views import dns, timeline
from scripts.local_cloud.launch import subnets_of
from scripts.local_cloud.records import Step

_SHOWN = (
    "Name",
    "LogUri",
    "LogEncryptionKmsKeyId",
    "ReleaseLabel",
    "Applications",
    "ServiceRole",
    "Configurations",
    "SecurityConfiguration",
    "AutoScalingRole",
    "CustomAmiId",
    "EbsRootVolumeSize",
    "EbsRootVolumeIops",
    "EbsRootVolumeThroughput",
    "KerberosAttributes",
    "OSReleaseLabel",
)
_GROUPS = (
    "EmrManagedMasterSecurityGroup",
    "EmrManagedSlaveSecurityGroup",
    "ServiceAccessSecurityGroup",
    "AdditionalMasterSecurityGroups",
    "AdditionalSlaveSecurityGroups",
)


def arn(cluster: Cluster, account_id: str) -> str:
    """A cluster's ARN."""
    return f"arn:aws:elasticmapreduce:{cluster.account.region}:{account_id}:cluster/{cluster.id}"


def summary(cluster: Cluster, account_id: str) -> dict[str, Any]:
    """A cluster as ListClusters shows it."""
    return {
        "Id": cluster.id,
        "Name": cluster.request["Name"],
        "Status": _status(cluster),
        "NormalizedInstanceHours": _normalized_hours(cluster),
        "ClusterArn": arn(cluster, account_id),
    }


def cluster_view(cluster: Cluster, account_id: str) -> dict[str, Any]:
    """A cluster as DescribeCluster shows it."""
    asked = cluster.request
    is_grouped = any(fleet.is_group for fleet in cluster.fleets)
    return {
        **{name: asked[name] for name in _SHOWN if name in asked},
        **summary(cluster, account_id),
        "Applications": [
            {"Version": version(each["Name"], asked["ReleaseLabel"]), **each}
            for each in asked.get("Applications", [])
        ],
        "Ec2InstanceAttributes": _ec2(cluster),
        "InstanceCollectionType": "INSTANCE_GROUP" if is_grouped else "INSTANCE_FLEET",
        "AutoTerminate": not cluster.keeps_alive,
        "TerminationProtected": cluster.is_protected,
        "UnhealthyNodeReplacement": cluster.replaces_unhealthy,
        "VisibleToAllUsers": cluster.is_visible,
        "Tags": [{"Key": key, "Value": value} for key, value in cluster.tags.items()],
        "ScaleDownBehavior": asked.get("ScaleDownBehavior", "TERMINATE_AT_TASK_COMPLETION"),
        "RepoUpgradeOnBoot": asked.get("RepoUpgradeOnBoot"),
        "StepConcurrencyLevel": cluster.concurrency,
        "PlacementGroups": asked.get("PlacementGroupConfigs", []),
        "MasterPublicDnsName": dns(cluster.primary, cluster) if cluster.instances else "",
    }


def _status(cluster: Cluster) -> dict[str, Any]:
    code, message = cluster.reason
    return {
        "State": cluster.state,
        "StateChangeReason": ({"Code": code} if code else {}) | {"Message": message},
        "Timeline": timeline(cluster.created_at, cluster.ready_at, cluster.ended_at),
        "ErrorDetails": list(cluster.error_details) or None,
    }


def _ec2(cluster: Cluster) -> dict[str, Any]:
    instances = cluster.request["Instances"]
    return {
        **{name: instances[name] for name in _GROUPS if name in instances},
        "Ec2KeyName": instances.get("Ec2KeyName"),
        "Ec2SubnetId": cluster.subnet or next(iter(subnets_of(instances)), None),
        "RequestedEc2SubnetIds": subnets_of(instances),
        "Ec2AvailabilityZone": cluster.zone,
        "RequestedEc2AvailabilityZones": [],
        "IamInstanceProfile": cluster.request["JobFlowRole"],
    }


def _normalized_hours(cluster: Cluster) -> int:
    return 8 * len(cluster.instances) if cluster.ready_at else 0


def step_view(step: Step) -> dict[str, Any]:
    """A step as ListSteps and DescribeStep show it."""
    jar = step.request["HadoopJarStep"]
    properties = {pair["Key"]: pair.get("Value", "") for pair in jar.get("Properties", [])}
    return {
        "Id": step.id,
        "Name": step.request["Name"],
        "Config": {
            "Jar": jar["Jar"],
            "Properties": properties,
            "MainClass": jar.get("MainClass"),
            "Args": jar.get("Args", []),
        },
        "ActionOnFailure": step.action,
        "Status": {
            "State": step.state,
            "StateChangeReason": {"Message": step.reason} if step.reason else {},
            "FailureDetails": step.failure,
            "Timeline": {
                "CreationDateTime": step.created_at,
                "StartDateTime": step.started_at,
                "EndDateTime": step.ended_at,
            },
        },
    }
