"""A cluster's life: its states and their reasons, its steps, its ends."""

from collections.abc import Callable
from typing import Any

from tests.local_cloud.conftest import (
    ended,
    state_of,
    step_states,
    steps,
    until,
    wait_for,
)
from tests.local_cloud.deployment import Deployment, bash, bootstrap, fleet

KEPT = {"KeepJobFlowAliveWhenNoSteps": True}
SLOW = bash("sleep 60")


def reason(status: dict[str, Any]) -> tuple[str | None, str]:
    return status["StateChangeReason"].get("Code"), status["StateChangeReason"]["Message"]


def test_a_transient_cluster_starts_bootstraps_runs_and_ends(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(bash("sleep 1")))

    assert state_of(emr, cluster) == "STARTING"
    wait_for(emr, cluster, "BOOTSTRAPPING")
    assert reason(wait_for(emr, cluster, "RUNNING")) == (None, "Running step")
    assert step_states(emr, cluster) == ["RUNNING"]
    assert ended(emr, cluster) == ("TERMINATED", "ALL_STEPS_COMPLETED", "Steps completed")
    assert step_states(emr, cluster) == ["COMPLETED"]
    line = emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["Timeline"]
    assert line["CreationDateTime"] < line["ReadyDateTime"] < line["EndDateTime"]
    of_step = steps(emr, cluster)[0]["Status"]["Timeline"]
    took = of_step["EndDateTime"] - of_step["StartDateTime"]
    assert took.total_seconds() >= 1


def test_a_transient_cluster_without_steps_ends_at_once(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request())

    assert ended(emr, cluster) == ("TERMINATED", "ALL_STEPS_COMPLETED", "Steps completed")


def test_a_kept_cluster_waits_takes_steps_one_after_the_other_and_waits_again(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(instances=KEPT))
    assert reason(wait_for(emr, cluster, "WAITING")) == (None, "Cluster ready to run steps.")

    emr.add_job_flow_steps(JobFlowId=cluster, Steps=[bash("sleep 1"), bash("sleep 0.2")])

    wait_for(emr, cluster, "RUNNING")
    assert step_states(emr, cluster) == ["RUNNING", "PENDING"]
    status = wait_for(emr, cluster, "WAITING")
    assert reason(status) == (None, "Cluster ready after last step completed.")
    first, second = (step["Status"]["Timeline"] for step in steps(emr, cluster))
    assert first["EndDateTime"] <= second["StartDateTime"]


def test_a_cluster_is_ended_in_the_middle_of_a_step(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(SLOW, bash("true")))
    wait_for(emr, cluster, "RUNNING")

    emr.terminate_job_flows(JobFlowIds=[cluster])

    assert state_of(emr, cluster) in ("TERMINATING", "TERMINATED")
    assert ended(emr, cluster) == ("TERMINATED", "USER_REQUEST", "Terminated by user request")
    assert step_states(emr, cluster) == ["CANCELLED", "CANCELLED"]


def test_a_cluster_is_ended_in_the_middle_of_its_bootstrap(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    s3 = deployment.cloud.client("s3")
    s3.put_object(Bucket=deployment.bucket, Key="app/slow.sh", Body=b"sleep 60\n")
    slow = bootstrap(f"s3://{deployment.bucket}/app/slow.sh")
    cluster = launch(deployment.request(bash("true"), BootstrapActions=[slow]))
    folder = deployment.cloud.folder / "clusters" / cluster / "mnt" / "bootstrap-actions" / "1"
    until((folder / "slow.sh").exists, bool, "the bootstrap action")

    emr.terminate_job_flows(JobFlowIds=[cluster])

    assert ended(emr, cluster)[1] == "USER_REQUEST"


def test_a_cluster_is_ended_while_it_starts(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(bash("true")))

    emr.terminate_job_flows(JobFlowIds=[cluster])

    assert ended(emr, cluster)[1] == "USER_REQUEST"
    assert step_states(emr, cluster) == ["CANCELLED"]


def test_an_idle_cluster_ends_itself_and_a_busy_one_does_not(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    policy = {"IdleTimeout": 60}
    request = deployment.request(bash("sleep 2"), instances=KEPT, AutoTerminationPolicy=policy)
    cluster = launch(request)

    assert ended(emr, cluster)[:2] == ("TERMINATED", "ALL_STEPS_COMPLETED")
    assert step_states(emr, cluster) == ["COMPLETED"]


def test_a_policy_comes_and_goes_on_a_waiting_cluster(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(instances=KEPT))
    policy = {"IdleTimeout": 3600}
    emr.put_auto_termination_policy(ClusterId=cluster, AutoTerminationPolicy=policy)
    shown = emr.get_auto_termination_policy(ClusterId=cluster)
    assert shown["AutoTerminationPolicy"] == policy

    emr.remove_auto_termination_policy(ClusterId=cluster)

    assert "AutoTerminationPolicy" not in emr.get_auto_termination_policy(ClusterId=cluster)
    wait_for(emr, cluster, "WAITING")


def test_a_cluster_that_is_no_longer_kept_ends(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(instances=KEPT))
    wait_for(emr, cluster, "WAITING")

    emr.set_keep_job_flow_alive_when_no_steps(
        JobFlowIds=[cluster], KeepJobFlowAliveWhenNoSteps=False
    )

    assert ended(emr, cluster)[1] == "ALL_STEPS_COMPLETED"


def test_instances_have_types_markets_fleets_and_real_times(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    fleets = [
        fleet("MASTER", "m7g.xlarge"),
        fleet("CORE", "r7g.xlarge", on_demand=2),
        fleet("TASK", "m7g.2xlarge", spot=3),
    ]
    cluster = launch(deployment.request(bash("sleep 1"), instances={"InstanceFleets": fleets}))
    wait_for(emr, cluster, "RUNNING")

    shown = {each["InstanceFleetType"]: each for each in fleets_of(emr, cluster)}
    assert shown["TASK"]["ProvisionedSpotCapacity"] == 3
    assert shown["CORE"]["ProvisionedOnDemandCapacity"] == 2
    ended(emr, cluster)
    instances = emr.list_instances(ClusterId=cluster, InstanceFleetType="TASK")["Instances"]
    assert {each["InstanceFleetId"] for each in instances} == {shown["TASK"]["Id"]}
    assert {(each["InstanceType"], each["Market"]) for each in instances} == {
        ("m7g.2xlarge", "SPOT")
    }
    for each in instances:
        line = each["Status"]["Timeline"]
        assert each["Status"]["State"] == "TERMINATED"
        assert line["CreationDateTime"] < line["ReadyDateTime"] < line["EndDateTime"]
    assert len(emr.list_instances(ClusterId=cluster)["Instances"]) == 6
    running = emr.list_instances(ClusterId=cluster, InstanceStates=["RUNNING"])["Instances"]
    assert running == []


def fleets_of(emr: Any, cluster: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = emr.list_instance_fleets(ClusterId=cluster)["InstanceFleets"]
    return found
