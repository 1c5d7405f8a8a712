"""No process outlives what it belongs to: a step, its cluster, the server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from scripts.local_cloud import RunningCloud, files, local_cloud
from scripts.local_cloud.account import Account
from scripts.local_cloud.node import Node
from scripts.local_cloud.node_work import NodeWork
from scripts.local_cloud.processes import marked
from scripts.local_cloud.settings import Settings
from tests.local_cloud.conftest import ended, steps, until, wait_for
from tests.local_cloud.deployment import Deployment, bash, deploy

# One that ignores being asked, one in the background, one in a session of its own, and one that
# has nothing of its cluster's environment either.
STUBBORN = (
    "trap '' TERM; (sleep 61 &); setsid sleep 62 & env -i setsid sleep 63 & "
    "while true; do sleep 0.2; done"
)
KEPT = {"KeepJobFlowAliveWhenNoSteps": True}


@pytest.fixture
def own_cloud(tmp_path: Path) -> Iterator[RunningCloud]:
    """A cloud that a test may kill."""
    with local_cloud(tmp_path / "cloud") as running:
        yield running


def commands(folder: Path) -> list[str]:
    """The command lines of what runs for a folder, our own inits left out."""
    found = []
    for process in marked(folder):
        try:
            line = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if "/local_cloud/init.py " not in line:
            found.append(line)
    return found


def unmarked(cloud: RunningCloud) -> list[psutil.Process]:
    """What of the stubborn step says of no folder that it belongs to it."""
    return [each for each in server_of(cloud).children(recursive=True) if is_line(each, "sleep 63")]


def is_line(process: psutil.Process, line: str) -> bool:
    """Whether a process has this command line."""
    try:
        return " ".join(process.cmdline()) == line
    except psutil.Error:
        return False


def server_of(cloud: RunningCloud) -> psutil.Process:
    """A cloud's server."""
    return psutil.Process((files.read_state(cloud.folder) or {})["pid"])


def gone(folder: Path) -> None:
    """Wait until nothing runs for a folder."""
    until(lambda: commands(folder), lambda found: not found, "an end of all processes")


def stubborn(emr: Any, deployment: Deployment, folder: Path) -> str:
    """A cluster whose step does not want to end."""
    cluster = str(
        emr.run_job_flow(**deployment.request(bash(STUBBORN), instances=KEPT))["JobFlowId"]
    )
    wait_for(emr, cluster, "RUNNING")
    until(
        lambda: [line for line in commands(folder) if line.startswith("sleep 6")],
        lambda found: sorted(found) == ["sleep 61", "sleep 62"],
        "the step's processes",
    )
    until(lambda: unmarked(deployment.cloud), bool, "the one without an environment")
    return cluster


def test_a_cancelled_step_is_killed_when_it_does_not_listen(
    emr: Any, deployment: Deployment, cloud: RunningCloud
) -> None:
    cluster = stubborn(emr, deployment, cloud.folder)

    emr.cancel_steps(ClusterId=cluster, StepIds=[steps(emr, cluster)[0]["Id"]])

    wait_for(emr, cluster, "WAITING")
    folder = cloud.folder / "clusters" / cluster
    left = until(lambda: commands(folder), lambda found: len(found) < 2, "an end of the step")
    assert left in (["sleep 62"], [])
    emr.terminate_job_flows(JobFlowIds=[cluster])
    ended(emr, cluster)
    assert commands(folder) == []


def test_an_ended_cluster_leaves_no_process(
    emr: Any, deployment: Deployment, cloud: RunningCloud
) -> None:
    cluster = stubborn(emr, deployment, cloud.folder)

    emr.terminate_job_flows(JobFlowIds=[cluster])

    ended(emr, cluster)
    assert commands(cloud.folder / "clusters" / cluster) == []
    assert not unmarked(cloud)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_server_that_ends_in_any_way_leaves_no_process(
    own_cloud: RunningCloud, number: signal.Signals
) -> None:
    stubborn(own_cloud.client("emr"), deploy(own_cloud), own_cloud.folder)
    assert any("ministack" in line for line in commands(own_cloud.folder))
    server = server_of(own_cloud)
    family = server.children(recursive=True)

    os.kill(server.pid, number)

    gone(own_cloud.folder)
    until(lambda: [p for p in family if alive(p)], lambda left: not left, "no child")


def alive(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


def test_a_server_whose_emulator_dies_ends_and_says_so(own_cloud: RunningCloud) -> None:
    emulator = next(
        each for each in marked(own_cloud.folder) if "ministack" in " ".join(each.cmdline())
    )

    emulator.kill()

    log = own_cloud.folder / "server.log"
    until(log.read_text, lambda text: "error: ministack ended" in text, "a message")
    assert not (own_cloud.folder / "env").exists()


@pytest.mark.parametrize("how", ["stop", "close"])
def test_what_is_ended_before_it_begins_never_runs(
    cloud: RunningCloud, deployment: Deployment, tmp_path: Path, how: str
) -> None:
    url = cloud.environment["AWS_ENDPOINT_URL"]
    node = Node(tmp_path / "node", url)
    node.prepare([])
    account = Account(Settings(cloud.folder, url), "eu-central-1")
    work = NodeWork(node, account, deployment.instance_role, "i-0")
    touch = {"Jar": "command-runner.jar", "Args": ["touch", str(tmp_path / "ran")]}

    if how == "stop":
        work.stop("s-1", 0)
    else:
        work.close(0)

    assert work.step("s-1", touch) == 137
    assert not (tmp_path / "ran").exists()


def test_the_cloud_of_a_test_ends_with_the_process_that_holds_it(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from scripts.local_cloud import local_cloud\n"
        "with local_cloud(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )

    assert ran.returncode == -signal.SIGKILL
    assert (tmp_path / "server.log").exists()
    gone(tmp_path)
