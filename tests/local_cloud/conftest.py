"""One cloud for the session; a deployment in it for each module."""

import gzip
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from scripts.local_cloud import RunningCloud, local_cloud
from tests.local_cloud.deployment import Deployment, deploy

WAIT_SECONDS = 90
T = TypeVar("T")
OVER = ("TERMINATED", "TERMINATED_WITH_ERRORS")


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud in which a minute passes in half a second."""
    with local_cloud(tmp_path_factory.mktemp("cloud"), time_scale=120) as running:
        yield running


@pytest.fixture(scope="session")
def deployment(cloud: RunningCloud) -> Deployment:
    """Roles, network and bucket, all as they should be."""
    return deploy(cloud)


@pytest.fixture(scope="session")
def emr(cloud: RunningCloud) -> Any:
    """A client of EMR that tries once."""
    return cloud.client("emr")


@pytest.fixture(autouse=True)
def _no_faults(cloud: RunningCloud) -> Iterator[None]:
    yield
    cloud.set_faults({})


@pytest.fixture
def launch(emr: Any) -> Iterator[Callable[..., str]]:
    """Launches clusters that do not outlive the test; gives their ids."""
    made: list[str] = []

    def run(request: dict[str, Any]) -> str:
        made.append(emr.run_job_flow(**request)["JobFlowId"])
        return made[-1]

    yield run
    for cluster_id in made:
        if state_of(emr, cluster_id) not in OVER:
            emr.set_termination_protection(JobFlowIds=[cluster_id], TerminationProtected=False)
            emr.terminate_job_flows(JobFlowIds=[cluster_id])


def until(ask: Callable[[], T], is_met: Callable[[T], object], what: str) -> T:
    """What `ask` gives as soon as it is as wanted."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        found = ask()
        if is_met(found):
            return found
        assert time.monotonic() < deadline, f"{what} did not come; the last was {found}"
        time.sleep(0.05)


def state_of(emr: Any, cluster_id: str) -> str:
    """A cluster's state."""
    return str(emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["Status"]["State"])


def wait_for(emr: Any, cluster_id: str, *states: str) -> dict[str, Any]:
    """A cluster's status once it is in one of the states."""
    return until(
        lambda: emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["Status"],
        lambda status: status["State"] in states,
        f"state {' or '.join(states)}",
    )


def ended(emr: Any, cluster_id: str) -> tuple[str, str, str]:
    """State, reason's code and message of a cluster once it is over."""
    status = wait_for(emr, cluster_id, *OVER)
    reason = status["StateChangeReason"]
    return status["State"], reason["Code"], reason["Message"]


def steps(emr: Any, cluster_id: str) -> list[dict[str, Any]]:
    """A cluster's steps in the order in which they were added."""
    return list(reversed(emr.list_steps(ClusterId=cluster_id)["Steps"]))


def step_states(emr: Any, cluster_id: str) -> list[str]:
    """The states of a cluster's steps."""
    return [step["Status"]["State"] for step in steps(emr, cluster_id)]


def log(deployment: Deployment, cluster_id: str, path: str) -> str:
    """A log in the bucket, unpacked."""
    s3, key = deployment.cloud.client("s3"), f"logs/{cluster_id}/{path}.gz"
    body = s3.get_object(Bucket=deployment.bucket, Key=key)["Body"].read()
    return gzip.decompress(body).decode()
