"""`python -m scripts.local_cloud` and the AWS CLI against what it starts."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awscli
import pytest
from awscli.clidriver import create_clidriver

from scripts.local_cloud import RunningCloud, control, emulator, files
from scripts.local_cloud.__main__ import main
from scripts.local_cloud.processes import marked
from scripts.local_cloud.settings import time_scale
from spark_app.errors import RunFailed
from tests import in_process
from tests.e2e.process import Ended
from tests.local_cloud.conftest import ended, step_states, until, wait_for
from tests.local_cloud.deployment import TAG, Deployment, fleet

CHECKOUT = Path(__file__).parents[2]
AWS = Path(sys.executable).parent / "aws"
AWS_DATA = Path(awscli.__file__).parent / "data"  # without it the AWS CLI is no more than boto3


# What the shell of the one who starts or uses it may hold, of another account and network.
SHELL = {
    "AWS_PROFILE": "none",
    "AWS_DEFAULT_PROFILE": "none",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}


def run(command: str, folder: Path, **environment: str) -> Ended:
    with in_process.at(CHECKOUT, environment):
        return in_process.ended(main, command, "--folder", folder)


def in_bash(script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-c", script],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True)
class Started:
    """A cloud that `start` started, and what it said."""

    folder: Path
    said: Ended


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A cloud of which these tests change nothing, started from a shell full of settings."""
    folder = tmp_path_factory.mktemp("started") / "cloud"
    yield Started(folder, run("start", folder, **SHELL))
    control.stop(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "cloud"
    control.stop(tmp_path / "cloud")


def test_start_says_what_to_do_next_and_a_second_start_says_that_it_runs(started: Started) -> None:
    state = files.read_state(started.folder)
    second = run("start", started.folder)

    assert started.said.code == second.code == 0, started.said.err + second.err
    assert "The local cloud runs; nothing here costs anything" in started.said.out
    assert "/env\n" in started.said.out and "make cloud-stop" in started.said.out
    assert second.out.startswith("The local cloud runs already.")
    assert files.read_state(started.folder) == state


def test_a_file_to_source_leads_the_aws_cli_to_it_whatever_the_shell_had(started: Started) -> None:
    script = f"source {started.folder}/env && {AWS} emr list-clusters && {AWS} s3 ls && env"

    ran = in_bash(script, AWS_PROFILE="work", AWS_SESSION_TOKEN="x")

    assert ran.returncode == 0, ran.stderr
    assert '"Clusters": []' in ran.stdout
    assert "AWS_PROFILE" not in ran.stdout and "AWS_SESSION_TOKEN" not in ran.stdout
    assert "AWS_ENDPOINT_URL_EMR=http://127.0.0.1:" in ran.stdout


def test_profiles_and_proxies_of_the_shell_that_starts_it_do_no_harm(started: Started) -> None:
    script = f"source {started.folder}/env && {AWS} emr list-clusters && {AWS} s3 ls"

    ran = in_bash(script, NO_PROXY="", **SHELL)

    assert started.said.code == ran.returncode == 0, started.said.err + ran.stderr
    assert '"Clusters": []' in ran.stdout


def test_a_profile_of_the_shell_does_not_reach_a_test_client(
    cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "none")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert cloud.client("emr").list_clusters()["Clusters"] is not None


def test_stop_ends_it_and_says_when_there_is_none(folder: Path) -> None:
    run("start", folder)

    first, second = run("stop", folder), run("stop", folder)

    assert (first.code, first.out) == (0, "The local cloud has ended.\n")
    assert (second.code, second.out) == (0, "No local cloud runs.\n")
    assert marked(folder) == [] and not (folder / "env").exists()


def test_two_servers_do_not_share_a_folder(started: Started) -> None:
    other = subprocess.run(
        [sys.executable, "-m", "scripts.local_cloud", "serve", "--folder", started.folder],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert other.returncode == 2
    said = other.stderr.splitlines()[-1]
    assert said.endswith(f"runs in {started.folder} already; stop it first")


def test_a_time_scale_that_is_no_number_is_refused(folder: Path) -> None:
    ran = run("start", folder, LOCAL_CLOUD_TIME_SCALE="fast")

    assert ran.code == 1
    assert "did not start: LOCAL_CLOUD_TIME_SCALE=fast is no number above 0" in ran.err


@pytest.mark.parametrize("wrong", ["", "0", "-1", "nan"])
def test_a_time_scale_is_above_zero(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_CLOUD_TIME_SCALE", wrong)

    with pytest.raises(ValueError, match="is no number above 0"):
        time_scale()


def test_time_passes_as_it_does_when_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCAL_CLOUD_TIME_SCALE", raising=False)

    assert time_scale() == 1


def test_without_the_emulator_it_says_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "_PROGRAM", folder / "none")

    with pytest.raises(RunFailed, match="ministack is not installed; run `make install-dev`"):
        emulator.start(folder)


def test_an_emulator_that_ends_at_once_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    monkeypatch.setattr(emulator, "_PROGRAM", Path("/bin/false"))

    with pytest.raises(RunFailed, match=f"ministack did not start; look at {folder}"):
        emulator.start(folder)


def test_the_aws_cli_launches_watches_and_reads_a_cluster(
    cloud: RunningCloud, deployment: Deployment, emr: Any
) -> None:
    def aws(query: str, *args: str) -> Any:
        words = ("emr", *args, "--output", "json", "--query", query)
        with in_process.at(CHECKOUT, {**cloud.environment, "AWS_DATA_PATH": str(AWS_DATA)}):
            ran = in_process.ended(create_clidriver().main, *words)
        assert ran.code == 0, ran.err
        return json.loads(ran.out) if ran.out.strip() else None

    fleets = json.dumps([fleet("MASTER", "m7g.xlarge")])
    step = "Type=CUSTOM_JAR,Name=hello,Jar=command-runner.jar,Args=[bash,-c,true]"
    ec2 = f"InstanceProfile={deployment.profile},SubnetIds={deployment.subnet}"
    launch = ("--release-label", "emr-spark-8.1.0", "--instance-fleets", fleets)
    roles = ("--service-role", deployment.service_role, "--ec2-attributes", ec2)
    tag = f"{TAG['Key']}={TAG['Value']}"

    cluster = aws("ClusterId", "create-cluster", "--name", "cli", *launch, *roles, "--tags", tag)
    (added,) = aws("StepIds", "add-steps", "--cluster-id", cluster, "--steps", step)
    # The AWS CLI itself looks every 30 s.
    until(lambda: step_states(emr, cluster), lambda states: states == ["COMPLETED"], "its end")
    wait_for(emr, cluster, "WAITING")
    aws("@", "wait", "cluster-running", "--cluster-id", cluster)
    aws("@", "wait", "step-complete", "--cluster-id", cluster, "--step-id", added)

    assert aws("Cluster.Status.State", "describe-cluster", "--cluster-id", cluster) == "WAITING"
    assert aws("Steps[].Name", "list-steps", "--cluster-id", cluster) == ["hello"]
    assert cluster in aws("Clusters[].Id", "list-clusters", "--active")
    aws("@", "terminate-clusters", "--cluster-ids", cluster)
    ended(emr, cluster)
