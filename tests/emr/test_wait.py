"""The limits of waiting, which take minutes outside of tests."""

from collections.abc import Callable

import pytest

from spark_app.emr.claim import Claim, Claims
from spark_app.emr.service import Emr
from spark_app.emr.submitting import SubmittedRun
from spark_app.emr.wait import wait
from spark_app.errors import RunFailed
from spark_app.lake.lake import Lake
from tests.emr import specs
from tests.emr.deployment import Deployment
from tests.emr.scripted_emr import RUNNING, Fault, Plan

CLUSTER, STEP = "j-0000000000000", "s-00000000000000"
Wait = Callable[[], list[str]]


@pytest.fixture
def waiting(here: Deployment) -> Wait:
    """Wait in this process for the run of the deployment's first cluster; what was said."""

    def waits() -> list[str]:
        said: list[str] = []
        wait(Emr(specs.REGION), SubmittedRun("r1", CLUSTER, STEP, is_own=True), said.append)
        return said

    return waits


def test_an_emr_that_stays_silent_is_given_up_and_the_run_is_not(
    deployment: Deployment, waiting: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.submit("r1", "--no-wait")
    deployment.emr.faults["DescribeCluster"] = [Fault(503, "ServiceUnavailable")] * 99
    monkeypatch.setattr("spark_app.emr.wait.SILENCE_SECONDS", 0.1)

    with pytest.raises(RunFailed, match=f"answers ServiceUnavailable.*come back .*{CLUSTER}"):
        waiting()


def test_a_cluster_that_does_not_end_after_its_run_is_named(
    deployment: Deployment, waiting: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.emr.plans["r1"] = Plan((RUNNING, ("WAITING", "COMPLETED")))
    deployment.submit("r1", "--no-wait")
    monkeypatch.setattr("spark_app.emr.wait.CLUSTER_END_SECONDS", 0.1)

    assert waiting()[-1] == f"the cluster does not end; `terminate {CLUSTER}` ends it"


def test_a_claim_that_was_taken_over_is_not_overwritten(here: Deployment) -> None:
    claims = Claims(Lake(here.lake), specs.spec(), specs.submission())
    mine, other = (Claim(run_id, "2026-11-25T12:00:00+00:00", True) for run_id in ("r1", "r2"))
    assert claims.write(other, None)
    assert not claims.write(mine, None)

    with pytest.raises(
        RunFailed, match="was taken over while run r1 was submitted; it runs on j-9"
    ):
        claims.complete(mine, "j-9", None)
    assert claims.read()[0] == other
