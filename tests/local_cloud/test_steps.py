"""A cluster's steps: their order, what their failure does, how they are cancelled."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.local_cloud.conftest import (
    ended,
    step_states,
    steps,
    until,
    wait_for,
)
from tests.local_cloud.deployment import Deployment, bash, command

KEPT = {"KeepJobFlowAliveWhenNoSteps": True}
SLOW = bash("sleep 60")


def test_a_failed_step_ends_the_cluster_and_cancels_what_waits(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    failing = bash("exit 3", action="TERMINATE_CLUSTER")
    cluster = launch(deployment.request(failing, bash("true")))

    end = ("TERMINATED_WITH_ERRORS", "STEP_FAILURE", "Shut down as step failed")
    assert ended(emr, cluster) == end
    failed, cancelled = steps(emr, cluster)
    assert failed["Status"]["State"] == "FAILED"
    assert failed["Status"]["FailureDetails"] == {
        "Reason": "Unknown Error.",
        "LogFile": f"s3://{deployment.bucket}/logs/{cluster}/steps/{failed['Id']}/stderr.gz",
    }
    assert cancelled["Status"]["State"] == "CANCELLED"
    assert cancelled["Status"]["StateChangeReason"] == {"Message": "Job terminated"}


def test_a_failed_step_that_may_continue_lets_the_next_run(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(bash("exit 1"), bash("true")))

    assert ended(emr, cluster)[1:] == ("ALL_STEPS_COMPLETED", "Steps completed with errors")
    assert step_states(emr, cluster) == ["FAILED", "COMPLETED"]


def test_a_failed_step_that_cancels_and_waits_keeps_the_cluster(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    failing = bash("exit 1", action="CANCEL_AND_WAIT")
    cluster = launch(deployment.request(failing, bash("true"), instances=KEPT))

    wait_for(emr, cluster, "WAITING")
    assert step_states(emr, cluster) == ["FAILED", "CANCELLED"]


def test_a_failed_step_does_not_end_a_protected_cluster(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    failing = bash("exit 1", action="TERMINATE_CLUSTER")
    protected = {**KEPT, "TerminationProtected": True}
    cluster = launch(deployment.request(failing, instances=protected))

    wait_for(emr, cluster, "WAITING")
    assert step_states(emr, cluster) == ["FAILED"]


def test_steps_run_side_by_side_when_the_cluster_lets_them(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    three = [bash("sleep 60")] * 3
    cluster = launch(deployment.request(*three, StepConcurrencyLevel=2))
    two = ["RUNNING", "RUNNING", "PENDING"]
    until(lambda: step_states(emr, cluster), lambda states: states == two, "two at once")

    assert emr.modify_cluster(ClusterId=cluster, StepConcurrencyLevel=3)[
        "StepConcurrencyLevel"
    ] == (3)

    all_three = ["RUNNING"] * 3
    until(lambda: step_states(emr, cluster), lambda states: states == all_three, "three at once")


def test_two_clusters_run_at_once_each_in_its_own_folder(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    home = bash('test "$(ls $HOME/mnt/steps | wc -l)" = 1; sleep 1')
    first, second = (launch(deployment.request(home)) for _ in range(2))

    assert ended(emr, first)[0] == ended(emr, second)[0] == "TERMINATED"
    assert step_states(emr, first) == step_states(emr, second) == ["COMPLETED"]
    one, other = (steps(emr, each)[0]["Status"]["Timeline"] for each in (first, second))
    assert one["StartDateTime"] < other["EndDateTime"]
    assert other["StartDateTime"] < one["EndDateTime"]


@pytest.mark.parametrize("option", ["SEND_INTERRUPT", "TERMINATE_PROCESS"])
def test_a_running_step_is_cancelled_and_a_pending_one_too(
    emr: Any, deployment: Deployment, launch: Callable[..., str], option: str
) -> None:
    cluster = launch(deployment.request(SLOW, bash("true"), bash("true"), instances=KEPT))
    wait_for(emr, cluster, "RUNNING")
    running, pending, _ = (step["Id"] for step in steps(emr, cluster))

    answer = emr.cancel_steps(
        ClusterId=cluster, StepIds=[pending, running, "s-NONE"], StepCancellationOption=option
    )

    told = [(each["Status"], each.get("Reason")) for each in answer["CancelStepsInfoList"]]
    assert told[:2] == [("SUBMITTED", None)] * 2
    assert told[2] == ("FAILED", "Step id 's-NONE' is not valid.")
    wait_for(emr, cluster, "WAITING")
    assert step_states(emr, cluster) == ["CANCELLED", "CANCELLED", "COMPLETED"]
    again = emr.cancel_steps(ClusterId=cluster, StepIds=[running])["CancelStepsInfoList"][0]
    assert again["Status"] == "FAILED" and "CANCELLED" in again["Reason"]


def test_a_command_that_is_not_there_fails_its_step(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(command("no-such-program")))

    ended(emr, cluster)
    assert step_states(emr, cluster) == ["FAILED"]
