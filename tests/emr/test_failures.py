"""How a run on a cluster fails in ways that only AWS has, and what `submit` says then.

What a node can do is made to happen in `test_in_local_cloud.py`.
"""

from typing import Any

import pytest

from tests.emr.deployment import Deployment, check, error_of
from tests.emr.scripted_emr import BADLY, RUNNING, Fault, Plan

NEVER_RAN = (("STARTING", "PENDING"), ("TERMINATED_WITH_ERRORS", "CANCELLED"))


def test_a_shut_gate_names_the_checks_and_passes_on_exit_code_3(deployment: Deployment) -> None:
    def leave(*_: str) -> None:
        deployment.manifest("r1", "gate shut", 3, "the raw gate is shut; nothing was published")
        deployment.checks("r1", check("raw", "keys", "failed", detail="3 of 10 rows"))

    deployment.emr.plans["r1"] = Plan((RUNNING, BADLY), before_end=leave)

    ended = deployment.submit("r1")

    assert error_of(ended, 3) == (
        "the raw gate is shut; nothing was published (checks that failed: raw.keys)"
    )
    assert "failed:  raw keys: 3 of 10 rows" in ended.out.splitlines()


def test_a_run_that_reached_its_time_limit_says_so(deployment: Deployment) -> None:
    reason = "stopped by the time limit (--max-minutes); nothing was published; run again"
    deployment.emr.plans["r1"] = Plan(
        (RUNNING, BADLY), before_end=lambda *_: deployment.manifest("r1", "timed out", 1, reason)
    )

    ended = deployment.submit("r1")

    assert error_of(ended, 1) == reason
    assert "outcome: timed out" in ended.out


def test_denied_access_is_told_from_the_steps_log(deployment: Deployment) -> None:
    said = "An error occurred (AccessDenied) when calling the PutObject operation"
    deployment.fails("r1", f"{said}\n")

    line = error_of(deployment.submit("r1"), 2)

    assert line.startswith(f"access denied on the cluster ({said}); compare the role's policy")


def test_logs_that_cannot_be_read_do_not_hide_what_emr_says(deployment: Deployment) -> None:
    cluster = deployment.document()["cluster"] | {"LogUri": "s3://there-is-no-such-bucket/logs/"}
    deployment.put("app/launch.json", deployment.text(cluster=cluster).encode())
    deployment.fails("r1", failure={"Reason": "Unknown Error", "Message": "exit 9"})

    ended = deployment.submit("r1")

    assert "the logs cannot be read: the bucket of s3://there-is-no-such-bucket" in ended.err
    assert error_of(ended, 1).startswith("the step ended failed (exit 9); look at s3://there-is")


def test_a_bill_that_cannot_be_had_does_not_hide_the_outcome(deployment: Deployment) -> None:
    deployment.publishes("r1")
    denied = Fault(400, "AccessDeniedException", "User u is not authorized to perform: x")
    deployment.emr.faults["ListInstances"] = [denied]

    ended = deployment.submit("r1")

    assert ended.code == 0, ended.err
    assert "cost:    unknown: access to EMR is denied" in ended.out


@pytest.mark.parametrize(
    ("reason", "more", "words"),
    [
        (
            ("INTERNAL_ERROR", "The cluster could not be started"),
            {"error_codes": ["INTERNAL_ERROR_SPOT_NO_CAPACITY_PRIMARY"]},
            "there is no capacity",
        ),
        (("INSTANCE_FAILURE", "Spot instances were reclaimed"), {}, "a Spot instance was taken"),
        (("USER_REQUEST", "Terminated by user request"), {}, "was ended by somebody"),
    ],
)
def test_a_cluster_that_never_ran_the_step_is_told_by_emrs_reason(
    reason: tuple[str, str], more: dict[str, Any], words: str, deployment: Deployment
) -> None:
    deployment.emr.plans["r1"] = Plan(NEVER_RAN, reason, **more)

    line = error_of(deployment.submit("r1"), 1)

    assert words in line
    assert reason[1] in line


def test_a_run_that_left_nothing_in_the_lake_did_not_do_its_work(deployment: Deployment) -> None:
    line = error_of(deployment.submit("r1"), 1)

    assert line.startswith("the step ended well but left no run.json of run r1 in s3://")


def test_credentials_that_expire_while_waiting_leave_the_run_going(deployment: Deployment) -> None:
    deployment.emr.plans["r1"] = Plan((RUNNING, RUNNING, RUNNING))
    deployment.submit("r1", "--no-wait")
    deployment.emr.faults["DescribeStep"] = [Fault(400, "ExpiredTokenException", "expired")]

    line = error_of(deployment.app("watch", "j-0000000000000"), 2)

    assert "the AWS credentials have expired" in line
    assert line.endswith("come back with `python -m spark_app watch j-0000000000000`")
