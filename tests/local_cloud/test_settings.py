"""What can be changed of a cluster, security configurations, lists and their pages."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.conftest import ended, steps, wait_for
from tests.local_cloud.deployment import Deployment, bash, fleet

KEPT = {"KeepJobFlowAliveWhenNoSteps": True}
GROUPS = [
    {"Name": "m", "InstanceRole": "MASTER", "InstanceType": "m7g.xlarge", "InstanceCount": 1},
    {"Name": "c", "InstanceRole": "CORE", "InstanceType": "m7g.xlarge", "InstanceCount": 2},
]


@pytest.fixture(scope="module")
def kept(emr: Any, deployment: Deployment) -> Any:
    """A cluster that waits, for the tests of this module."""
    cluster = emr.run_job_flow(**deployment.request(instances=KEPT))["JobFlowId"]
    wait_for(emr, cluster, "WAITING")
    yield cluster
    emr.terminate_job_flows(JobFlowIds=[cluster])


def shown(emr: Any, cluster: str) -> dict[str, Any]:
    found: dict[str, Any] = emr.describe_cluster(ClusterId=cluster)["Cluster"]
    return found


def test_a_cluster_shows_what_was_asked_for(emr: Any, deployment: Deployment, kept: str) -> None:
    cluster = shown(emr, kept)

    assert cluster["ClusterArn"].startswith("arn:aws:elasticmapreduce:eu-central-1:")
    assert cluster["ReleaseLabel"] == "emr-spark-8.1.0"
    assert [each["Name"] for each in cluster["Applications"]] == ["Spark"]
    assert cluster["LogUri"] == f"s3://{deployment.bucket}/logs/"
    assert cluster["InstanceCollectionType"] == "INSTANCE_FLEET"
    assert cluster["AutoTerminate"] is False
    assert cluster["StepConcurrencyLevel"] == 1
    ec2 = cluster["Ec2InstanceAttributes"]
    assert ec2["IamInstanceProfile"] == deployment.profile
    assert ec2["Ec2SubnetId"] == deployment.subnet
    assert ec2["Ec2AvailabilityZone"] == "eu-central-1b"


@pytest.mark.parametrize(
    ("action", "argument", "key"),
    [
        ("set_termination_protection", "TerminationProtected", "TerminationProtected"),
        ("set_visible_to_all_users", "VisibleToAllUsers", "VisibleToAllUsers"),
        ("set_unhealthy_node_replacement", "UnhealthyNodeReplacement", "UnhealthyNodeReplacement"),
    ],
)
def test_a_flag_is_set_and_taken_back(
    emr: Any, kept: str, action: str, argument: str, key: str
) -> None:
    for value in (True, False):
        getattr(emr, action)(JobFlowIds=[kept], **{argument: value})
        assert shown(emr, kept)[key] is value


def test_tags_are_added_changed_and_removed(emr: Any, kept: str) -> None:
    emr.add_tags(ResourceId=kept, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    emr.add_tags(ResourceId=shown(emr, kept)["ClusterArn"], Tags=[{"Key": "a", "Value": "3"}])
    emr.remove_tags(ResourceId=kept, TagKeys=["b", "none"])

    tags = {tag["Key"]: tag["Value"] for tag in shown(emr, kept)["Tags"]}
    assert tags["a"] == "3" and "b" not in tags


def test_a_scaling_policy_is_kept_and_removed(emr: Any, kept: str) -> None:
    limits = {
        "UnitType": "InstanceFleetUnits",
        "MinimumCapacityUnits": 1,
        "MaximumCapacityUnits": 4,
    }
    policy = {"ComputeLimits": limits}

    emr.put_managed_scaling_policy(ClusterId=kept, ManagedScalingPolicy=policy)

    assert emr.get_managed_scaling_policy(ClusterId=kept)["ManagedScalingPolicy"] == policy
    emr.remove_managed_scaling_policy(ClusterId=kept)
    assert "ManagedScalingPolicy" not in emr.get_managed_scaling_policy(ClusterId=kept)
    for wrong in ({"UnitType": "Instances"}, {"MinimumCapacityUnits": 5}):
        with pytest.raises(ClientError, match="ValidationException"):
            emr.put_managed_scaling_policy(
                ClusterId=kept, ManagedScalingPolicy={"ComputeLimits": {**limits, **wrong}}
            )


def test_a_task_fleet_is_added_and_resized(emr: Any, kept: str) -> None:
    asked = fleet("TASK", "m7g.xlarge", spot=2)
    added = emr.add_instance_fleet(ClusterId=kept, InstanceFleet=asked)["InstanceFleetId"]

    def running() -> int:
        found = emr.list_instances(
            ClusterId=kept, InstanceFleetId=added, InstanceStates=["RUNNING"]
        )
        return len(found["Instances"])

    assert running() == 2
    smaller = {"InstanceFleetId": added, "TargetSpotCapacity": 1}
    emr.modify_instance_fleet(ClusterId=kept, InstanceFleet=smaller)
    assert running() == 1
    with pytest.raises(ClientError, match="Only one instance fleet of each type"):
        emr.add_instance_fleet(ClusterId=kept, InstanceFleet=asked)
    with pytest.raises(ClientError, match="Instance fleet id 'if-NONE' is not valid"):
        emr.modify_instance_fleet(ClusterId=kept, InstanceFleet={"InstanceFleetId": "if-NONE"})
    first = emr.list_instance_fleets(ClusterId=kept)["InstanceFleets"][0]["Id"]
    with pytest.raises(ClientError, match="MASTER instance fleet cannot be resized"):
        emr.modify_instance_fleet(ClusterId=kept, InstanceFleet={"InstanceFleetId": first})


def test_a_cluster_of_groups_lists_groups_and_one_of_fleets_lists_fleets(
    emr: Any, deployment: Deployment, launch: Callable[..., str], kept: str
) -> None:
    instances = {"InstanceFleets": None, "InstanceGroups": GROUPS}
    cluster = launch(deployment.request(bash("sleep 60"), instances=instances))
    wait_for(emr, cluster, "RUNNING")

    groups = emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]
    assert [(g["InstanceGroupType"], g["RunningInstanceCount"]) for g in groups] == [
        ("MASTER", 1),
        ("CORE", 2),
    ]
    found = emr.list_instances(ClusterId=cluster, InstanceGroupTypes=["CORE"])["Instances"]
    assert {each["InstanceGroupId"] for each in found} == {groups[1]["Id"]}
    with pytest.raises(ClientError, match="Use the ListInstanceGroups request instead"):
        emr.list_instance_fleets(ClusterId=cluster)
    with pytest.raises(ClientError, match="Use the ListInstanceFleets request instead"):
        emr.list_instance_groups(ClusterId=kept)


def test_bootstrap_actions_are_listed(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    script = {"Path": f"s3://{deployment.bucket}/none.sh", "Args": ["a", "b"]}
    action = {"Name": "dependencies", "ScriptBootstrapAction": script}

    cluster = launch(deployment.request(BootstrapActions=[action]))

    assert emr.list_bootstrap_actions(ClusterId=cluster)["BootstrapActions"] == [
        {"Name": "dependencies", "ScriptPath": script["Path"], "Args": ["a", "b"]}
    ]
    ended(emr, cluster)


def test_steps_are_listed_newest_first_by_state_and_id_and_in_pages(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(bash("sleep 60"), instances=KEPT))
    wait_for(emr, cluster, "RUNNING")
    emr.add_job_flow_steps(JobFlowId=cluster, Steps=[bash("true")] * 119)

    pages = list(emr.get_paginator("list_steps").paginate(ClusterId=cluster))

    assert [len(page["Steps"]) for page in pages] == [50, 50, 20]
    ids = [step["Id"] for page in pages for step in page["Steps"]]
    assert len(set(ids)) == 120
    running = emr.list_steps(ClusterId=cluster, StepStates=["RUNNING"])["Steps"]
    assert [step["Id"] for step in running] == ids[-1:]
    chosen = emr.list_steps(ClusterId=cluster, StepIds=ids[3:5])["Steps"]
    assert [step["Id"] for step in chosen] == ids[3:5]
    with pytest.raises(ClientError, match="Step id 's-NONE' is not valid"):
        emr.list_steps(ClusterId=cluster, StepIds=["s-NONE"])
    with pytest.raises(ClientError, match="Step id 's-NONE' is not valid"):
        emr.describe_step(ClusterId=cluster, StepId="s-NONE")
    with pytest.raises(ClientError, match="mutually exclusive"):
        emr.list_steps(ClusterId=cluster, StepIds=ids[:1], StepStates=["RUNNING"])
    with pytest.raises(ClientError, match="Maximum number of active steps"):
        emr.add_job_flow_steps(JobFlowId=cluster, Steps=[bash("true")] * 137)


def test_clusters_are_listed_by_state_and_time(
    emr: Any, deployment: Deployment, launch: Callable[..., str], kept: str
) -> None:
    over = launch(deployment.request(bash("true")))
    ended(emr, over)

    def ids(**asked: Any) -> set[str]:
        pages = emr.get_paginator("list_clusters").paginate(**asked)
        return {each["Id"] for page in pages for each in page["Clusters"]}

    assert {kept, over} <= ids()
    assert kept in ids(ClusterStates=["WAITING"]) and over not in ids(ClusterStates=["WAITING"])
    created_at = shown(emr, over)["Status"]["Timeline"]["CreationDateTime"]
    assert over in ids(CreatedAfter=created_at - timedelta(seconds=1))
    assert kept not in ids(CreatedAfter=created_at)
    assert ids(CreatedBefore=datetime(2020, 1, 1, tzinfo=UTC)) == set()


def test_a_security_configuration_lives_and_cannot_go_while_it_is_used(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    text = json.dumps(
        {"InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": 2}}
    )
    made = emr.create_security_configuration(Name="ours", SecurityConfiguration=text)
    cluster = launch(deployment.request(bash("sleep 60"), SecurityConfiguration="ours"))

    shown_ = emr.describe_security_configuration(Name="ours")
    assert shown_["SecurityConfiguration"] == text
    assert shown_["CreationDateTime"] == made["CreationDateTime"]
    listed = emr.list_security_configurations()["SecurityConfigurations"]
    assert [each["Name"] for each in listed] == ["ours"]
    with pytest.raises(ClientError, match="'ours' already exists"):
        emr.create_security_configuration(Name="ours", SecurityConfiguration=text)
    with pytest.raises(ClientError, match="not a valid JSON document"):
        emr.create_security_configuration(Name="other", SecurityConfiguration="[")
    with pytest.raises(ClientError, match="'ours' is in use"):
        emr.delete_security_configuration(Name="ours")

    emr.terminate_job_flows(JobFlowIds=[cluster])
    ended(emr, cluster)
    emr.delete_security_configuration(Name="ours")
    assert emr.list_security_configurations()["SecurityConfigurations"] == []
    assert steps(emr, cluster)[0]["Status"]["State"] == "CANCELLED"
