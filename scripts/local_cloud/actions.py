"""EMR's actions on clusters, steps and what they consist of: a request in, an answer out."""

from collections.abc import Callable, Mapping
from typing import Any

from scripts.local_cloud import cluster_settings, instance_views, refused, stepping, views
from scripts.local_cloud.calls import Call, named_clusters
from scripts.local_cloud.cloud import page
from scripts.local_cloud.cluster import Cluster
from scripts.local_cloud.protocol import invalid, not_valid
from scripts.local_cloud.records import ENDED

MOST_STEPS = 256
MOST_AT_ONCE = 10
_NOT_BOTH = (
    "Instance fleets and instance groups are mutually exclusive. The EMR cluster specified in the "
    "request uses {has}. The {action} request does not support clusters that use {has}. Use the "
    "{other} request instead."
)


def run_job_flow(call: Call) -> dict[str, Any]:
    """RunJobFlow."""
    known = call.cloud.security_configurations(call.region)
    refused.check_launch(call.request, known)
    cluster = call.cloud.launch(call.request, call.region)
    arn = views.arn(cluster, call.cloud.account_id())
    return {"JobFlowId": cluster.id, "ClusterArn": arn}


def describe_cluster(call: Call) -> dict[str, Any]:
    """DescribeCluster."""
    cluster = call.cluster()
    with cluster.lock:
        return {"Cluster": views.cluster_view(cluster, call.cloud.account_id())}


def list_clusters(call: Call) -> dict[str, Any]:
    """ListClusters, by creation time and state."""
    asked = call.request
    wanted = asked.get("ClusterStates")
    after, before = asked.get("CreatedAfter"), asked.get("CreatedBefore")
    found = [
        views.summary(each, call.cloud.account_id())
        for each in call.cloud.clusters(call.region)
        if (not wanted or each.state in wanted)
        and (after is None or each.created_at.timestamp() >= after)
        and (before is None or each.created_at.timestamp() <= before)
    ]
    return page("Clusters", found, asked.get("Marker"))


def add_job_flow_steps(call: Call) -> dict[str, Any]:
    """AddJobFlowSteps."""
    cluster = call.cluster("JobFlowId")
    steps = call.request["Steps"]
    with cluster.lock:
        if cluster.is_over or cluster.asked_end:
            raise invalid(
                "A job flow that is shutting down, terminated, or finished may not be modified."
            )
        refused.check_steps(steps, cluster.concurrency)
        waiting = [step for step in cluster.steps if step.ended_at is None]
        if len(waiting) + len(steps) > MOST_STEPS:
            raise invalid(
                f"Maximum number of active steps(State = 'Running', 'Pending' or "
                f"'Cancel_Pending') for cluster exceeded. Limit: {MOST_STEPS}."
            )
        return {"StepIds": cluster.add_steps(steps)}


def cancel_steps(call: Call) -> dict[str, Any]:
    """CancelSteps: each step is told apart."""
    refused.check_count(call.request["StepIds"], MOST_STEPS, "step ids")
    cluster = call.cluster()
    is_forced = call.request.get("StepCancellationOption") == "TERMINATE_PROCESS"
    answers = []
    for step_id in call.request["StepIds"]:
        problem = stepping.cancel(cluster, step_id, is_forced)
        status = "FAILED" if problem else "SUBMITTED"
        answers.append({"StepId": step_id, "Status": status, "Reason": problem})
    return {"CancelStepsInfoList": answers}


def describe_step(call: Call) -> dict[str, Any]:
    """DescribeStep."""
    cluster, step_id = call.cluster(), call.request["StepId"]
    with cluster.lock:
        for step in cluster.steps:
            if step.id == step_id:
                return {"Step": views.step_view(step)}
    raise not_valid(f"Step id '{step_id}' is not valid.")


def list_steps(call: Call) -> dict[str, Any]:
    """ListSteps, the newest first, by state and id."""
    asked = call.request
    states, ids = asked.get("StepStates"), asked.get("StepIds")
    refused.check_count(ids, MOST_AT_ONCE, "step ids")
    cluster = call.cluster()
    if states and ids:
        raise not_valid("StepStates and StepIds are mutually exclusive.")
    with cluster.lock:
        unknown = [each for each in ids or [] if each not in {step.id for step in cluster.steps}]
        if unknown:
            raise not_valid(f"Step id '{unknown[0]}' is not valid.")
        found = [
            views.step_view(step)
            for step in reversed(cluster.steps)
            if (not states or step.state in states) and (not ids or step.id in ids)
        ]
    return page("Steps", found, asked.get("Marker"))


def list_instances(call: Call) -> dict[str, Any]:
    """ListInstances, by fleet or group, its kind, and state."""
    cluster, asked = call.cluster(), call.request
    states, fleet_id = asked.get("InstanceStates"), asked.get("InstanceFleetId")
    fleet_id = fleet_id or asked.get("InstanceGroupId")
    kinds = asked.get("InstanceGroupTypes") or [asked.get("InstanceFleetType")]
    with cluster.lock:
        found = [
            instance_views.instance_view(each, cluster)
            for each in cluster.instances
            if (not states or each.state in states)
            and (not fleet_id or each.fleet_id == fleet_id)
            and (kinds == [None] or each.kind in kinds)
        ]
    return page("Instances", found, asked.get("Marker"))


def list_instance_fleets(call: Call) -> dict[str, Any]:
    """ListInstanceFleets; refused for a cluster of groups."""
    cluster = call.cluster()
    _must_have(cluster, "fleets")
    with cluster.lock:
        found = [instance_views.fleet_view(each, cluster) for each in cluster.fleets]
    return page("InstanceFleets", found, call.request.get("Marker"))


def list_instance_groups(call: Call) -> dict[str, Any]:
    """ListInstanceGroups; refused for a cluster of fleets."""
    cluster = call.cluster()
    _must_have(cluster, "groups")
    with cluster.lock:
        found = [instance_views.group_view(each, cluster) for each in cluster.fleets]
    return page("InstanceGroups", found, call.request.get("Marker"))


def _must_have(cluster: Cluster, what: str) -> None:
    has = "groups" if cluster.fleets[0].is_group else "fleets"
    if has != what:
        action, other = (f"ListInstance{each.capitalize()}" for each in (what, has))
        raise not_valid(_NOT_BOTH.format(has=f"instance {has}", action=action, other=other))


def list_bootstrap_actions(call: Call) -> dict[str, Any]:
    """ListBootstrapActions."""
    actions = call.cluster().request.get("BootstrapActions", [])
    found = [
        {
            "Name": each["Name"],
            "ScriptPath": each["ScriptBootstrapAction"]["Path"],
            "Args": each["ScriptBootstrapAction"].get("Args", []),
        }
        for each in actions
    ]
    return page("BootstrapActions", found, call.request.get("Marker"))


def terminate_job_flows(call: Call) -> None:
    """TerminateJobFlows: those that are not protected end, also when others are."""
    refused.check_count(call.request["JobFlowIds"], MOST_AT_ONCE, "job flows")
    clusters = named_clusters(call)
    protected = [each for each in clusters if each.is_protected and each.state not in ENDED]
    for cluster in clusters:
        if cluster not in protected:
            cluster.ask_to_end()
    if protected:
        raise invalid(
            "Could not shut down one or more job flows since they are termination protected."
        )


ACTIONS: Mapping[str, Callable[[Call], Mapping[str, Any] | None]] = {
    "RunJobFlow": run_job_flow,
    "DescribeCluster": describe_cluster,
    "ListClusters": list_clusters,
    "AddJobFlowSteps": add_job_flow_steps,
    "CancelSteps": cancel_steps,
    "DescribeStep": describe_step,
    "ListSteps": list_steps,
    "ListInstances": list_instances,
    "ListInstanceFleets": list_instance_fleets,
    "ListInstanceGroups": list_instance_groups,
    "ListBootstrapActions": list_bootstrap_actions,
    "TerminateJobFlows": terminate_job_flows,
    **cluster_settings.ACTIONS,
}
