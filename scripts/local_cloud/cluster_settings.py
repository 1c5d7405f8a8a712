"""EMR's actions on what can be changed of a cluster, and on security configurations."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from scripts.local_cloud import refused, views
from scripts.local_cloud.calls import Call, named_clusters
from scripts.local_cloud.cloud import page
from scripts.local_cloud.cluster import Cluster
from scripts.local_cloud.protocol import invalid, not_valid
from scripts.local_cloud.records import Fleet, new_id, new_instance
from scripts.local_cloud.settings import now

Answer = Mapping[str, Any] | None


def _set_flag(name: str, key: str) -> Callable[[Call], Answer]:
    """The action that sets a flag of the clusters that are named."""

    def action(call: Call) -> Answer:
        for cluster in named_clusters(call):
            _must_live(cluster)
            with cluster.lock:
                setattr(cluster, name, call.request[key])
                cluster.lock.notify_all()
        return None

    return action


def _must_live(cluster: Cluster) -> None:
    if cluster.is_over:
        raise invalid(
            "A job flow that is shutting down, terminated, or finished may not be modified."
        )


def modify_cluster(call: Call) -> Answer:
    """ModifyCluster: how many steps run at once."""
    cluster = call.cluster()
    _must_live(cluster)
    level = call.request.get("StepConcurrencyLevel", cluster.concurrency)
    with cluster.lock:
        waiting = [step.request for step in cluster.steps if step.ended_at is None]
        refused.check_concurrency(level, waiting)
        cluster.concurrency = level
        cluster.lock.notify_all()
    return {"StepConcurrencyLevel": level}


def put_auto_termination(call: Call) -> Answer:
    """PutAutoTerminationPolicy."""
    cluster = call.cluster()
    _must_live(cluster)
    policy = call.request.get("AutoTerminationPolicy", {})
    refused.check_idle(policy)
    with cluster.lock:
        cluster.auto_termination = policy
        cluster.lock.notify_all()
    return {}


def get_auto_termination(call: Call) -> Answer:
    """GetAutoTerminationPolicy; empty when there is none."""
    return {"AutoTerminationPolicy": call.cluster().auto_termination}


def remove_auto_termination(call: Call) -> Answer:
    """RemoveAutoTerminationPolicy."""
    call.cluster().auto_termination = None
    return {}


def put_scaling(call: Call) -> Answer:
    """PutManagedScalingPolicy; kept and shown, the cluster does not grow by it."""
    cluster, policy = call.cluster(), call.request["ManagedScalingPolicy"]
    _must_live(cluster)
    limits = policy.get("ComputeLimits")
    if not limits or limits["MinimumCapacityUnits"] > limits["MaximumCapacityUnits"]:
        raise invalid("ComputeLimits: MinimumCapacityUnits must not exceed MaximumCapacityUnits.")
    is_fleets = limits["UnitType"] == "InstanceFleetUnits"
    if is_fleets == cluster.fleets[0].is_group:
        raise invalid(f"UnitType {limits['UnitType']} does not fit the cluster's instances.")
    cluster.scaling = policy
    return {}


def get_scaling(call: Call) -> Answer:
    """GetManagedScalingPolicy; empty when there is none."""
    return {"ManagedScalingPolicy": call.cluster().scaling}


def remove_scaling(call: Call) -> Answer:
    """RemoveManagedScalingPolicy."""
    call.cluster().scaling = None
    return {}


def _cluster_with_tags(call: Call) -> Cluster:
    resource = call.request["ResourceId"]
    return call.cloud.cluster(resource.rsplit("/", 1)[-1], call.region)


def add_tags(call: Call) -> Answer:
    """AddTags."""
    cluster, tags = _cluster_with_tags(call), call.request["Tags"]
    refused.check_tags(tags)
    _must_live(cluster)
    with cluster.lock:
        cluster.tags.update({tag["Key"]: tag.get("Value", "") for tag in tags})
    return {}


def remove_tags(call: Call) -> Answer:
    """RemoveTags; a key that is not there is no mistake."""
    cluster = _cluster_with_tags(call)
    with cluster.lock:
        for key in call.request["TagKeys"]:
            cluster.tags.pop(key, None)
    return {}


def create_security_configuration(call: Call) -> Answer:
    """CreateSecurityConfiguration."""
    name, text = call.request["Name"], call.request["SecurityConfiguration"]
    try:
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise not_valid("Security configuration is not a valid JSON document.")
    created_at = call.cloud.keep_security_configuration(name, text, call.region)
    return {"Name": name, "CreationDateTime": created_at}


def describe_security_configuration(call: Call) -> Answer:
    """DescribeSecurityConfiguration."""
    name = call.request["Name"]
    text, created_at = call.cloud.security_configuration(name, call.region)
    return {"Name": name, "SecurityConfiguration": text, "CreationDateTime": created_at}


def delete_security_configuration(call: Call) -> Answer:
    """DeleteSecurityConfiguration."""
    call.cloud.forget_security_configuration(call.request["Name"], call.region)
    return {}


def list_security_configurations(call: Call) -> Answer:
    """ListSecurityConfigurations."""
    known = call.cloud.security_configurations(call.region)
    found = [{"Name": name, "CreationDateTime": at} for name, (_, at) in known.items()]
    return page("SecurityConfigurations", found, call.request.get("Marker"))


def add_instance_fleet(call: Call) -> Answer:
    """AddInstanceFleet: a task fleet, which is there at once."""
    cluster, asked = call.cluster(), call.request["InstanceFleet"]
    _must_live(cluster)
    if cluster.fleets[0].is_group:
        raise not_valid("Instance fleets and instance groups are mutually exclusive.")
    if asked["InstanceFleetType"] in {each.kind for each in cluster.fleets}:
        raise not_valid("Only one instance fleet of each type may be specified.")
    refused.check_fleet(asked)
    fleet = Fleet(new_id("if-"), asked["InstanceFleetType"], False, dict(asked))
    with cluster.lock:
        cluster.fleets.append(fleet)
        _resize(cluster, fleet)
    arn = views.arn(cluster, call.cloud.account_id())
    return {"ClusterId": cluster.id, "InstanceFleetId": fleet.id, "ClusterArn": arn}


def modify_instance_fleet(call: Call) -> Answer:
    """ModifyInstanceFleet: other target capacities."""
    cluster, asked = call.cluster(), call.request["InstanceFleet"]
    _must_live(cluster)
    fleet_id = asked["InstanceFleetId"]
    fleet = next((each for each in cluster.fleets if each.id == fleet_id), None)
    if fleet is None:
        raise not_valid(f"Instance fleet id '{fleet_id}' is not valid.")
    if fleet.kind == "MASTER":
        raise not_valid("The MASTER instance fleet cannot be resized.")
    with cluster.lock:
        fleet.request.update({name: asked[name] for name in asked if name != "InstanceFleetId"})
        _resize(cluster, fleet)
    return None


def _resize(cluster: Cluster, fleet: Fleet) -> None:
    """Let a fleet have as many instances of its first type as its targets ask for."""
    first = fleet.request["InstanceTypeConfigs"][0]
    weight, ready = first.get("WeightedCapacity", 1) or 1, now()
    for market, key in (("ON_DEMAND", "OnDemand"), ("SPOT", "Spot")):
        wanted = math.ceil(fleet.request.get(f"Target{key}Capacity", 0) / weight)
        live = [
            each
            for each in cluster.instances
            if (each.fleet_id, each.market) == (fleet.id, market) and each.ended_at is None
        ]
        for each in live[wanted:]:
            each.state, each.ended_at = "TERMINATED", ready
        for _ in range(wanted - len(live)):
            each = new_instance(fleet, first["InstanceType"], market)
            each.state, each.ready_at = "RUNNING", ready
            cluster.instances.append(each)
    fleet.state, fleet.ready_at = "RUNNING", fleet.ready_at or ready


ACTIONS: Mapping[str, Callable[[Call], Answer]] = {
    "SetTerminationProtection": _set_flag("is_protected", "TerminationProtected"),
    "SetKeepJobFlowAliveWhenNoSteps": _set_flag("keeps_alive", "KeepJobFlowAliveWhenNoSteps"),
    "SetVisibleToAllUsers": _set_flag("is_visible", "VisibleToAllUsers"),
    "SetUnhealthyNodeReplacement": _set_flag("replaces_unhealthy", "UnhealthyNodeReplacement"),
    "ModifyCluster": modify_cluster,
    "PutAutoTerminationPolicy": put_auto_termination,
    "GetAutoTerminationPolicy": get_auto_termination,
    "RemoveAutoTerminationPolicy": remove_auto_termination,
    "PutManagedScalingPolicy": put_scaling,
    "GetManagedScalingPolicy": get_scaling,
    "RemoveManagedScalingPolicy": remove_scaling,
    "AddTags": add_tags,
    "RemoveTags": remove_tags,
    "CreateSecurityConfiguration": create_security_configuration,
    "DescribeSecurityConfiguration": describe_security_configuration,
    "DeleteSecurityConfiguration": delete_security_configuration,
    "ListSecurityConfigurations": list_security_configurations,
    "AddInstanceFleet": add_instance_fleet,
    "ModifyInstanceFleet": modify_instance_fleet,
}
