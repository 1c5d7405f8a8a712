"""`python -m scripts.local_cloud` and the AWS CLI against what it starts."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.local_cloud import RunningCloud, control, emulator, files
from scripts.local_cloud.processes import marked
from scripts.local_cloud.settings import time_scale
from spark_app.errors import RunFailed
from tests.local_cloud.conftest import ended
from tests.local_cloud.deployment import TAG, Deployment, fleet

CHECKOUT = Path(__file__).parents[2]
AWS = Path(sys.executable).parent / "aws"


def run(*args: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "scripts.local_cloud", *args],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "cloud"
    control.stop(tmp_path / "cloud")


def test_start_says_what_to_do_next_and_a_second_start_says_that_it_runs(folder: Path) -> None:
    first = run("start", "--folder", str(folder))
    state = files.read_state(folder)
    second = run("start", "--folder", str(folder))

    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "The local cloud runs; nothing here costs anything" in first.stdout
    assert "/env\n" in first.stdout and "make cloud-stop" in first.stdout
    assert second.stdout.startswith("The local cloud runs already.")
    assert files.read_state(folder) == state


def test_a_file_to_source_leads_the_aws_cli_to_it_whatever_the_shell_had(folder: Path) -> None:
    run("start", "--folder", str(folder))
    shell = f"source {folder}/env && {AWS} emr list-clusters && {AWS} s3 ls && env"

    ran = subprocess.run(
        ["bash", "-c", shell],
        env={"PATH": "/usr/bin:/bin", "AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "x"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert '"Clusters": []' in ran.stdout
    assert "AWS_PROFILE" not in ran.stdout and "AWS_SESSION_TOKEN" not in ran.stdout
    assert "AWS_ENDPOINT_URL_EMR=http://127.0.0.1:" in ran.stdout


def test_profiles_and_proxies_of_the_shell_that_starts_it_do_no_harm(folder: Path) -> None:
    shell = {"AWS_PROFILE": "none", "AWS_DEFAULT_PROFILE": "none", "AWS_USE_FIPS_ENDPOINT": "true"}
    shell |= {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    started = run("start", "--folder", str(folder), **shell)
    assert started.returncode == 0, started.stderr

    ran = subprocess.run(
        ["bash", "-c", f"source {folder}/env && {AWS} emr list-clusters && {AWS} s3 ls"],
        env={"PATH": "/usr/bin:/bin", "NO_PROXY": "", **shell},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert '"Clusters": []' in ran.stdout


def test_a_profile_of_the_shell_does_not_reach_a_test_client(
    cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "none")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert cloud.client("emr").list_clusters()["Clusters"] is not None


def test_stop_ends_it_and_says_when_there_is_none(folder: Path) -> None:
    run("start", "--folder", str(folder))

    first, second = run("stop", "--folder", str(folder)), run("stop", "--folder", str(folder))

    assert (first.returncode, first.stdout) == (0, "The local cloud has ended.\n")
    assert (second.returncode, second.stdout) == (0, "No local cloud runs.\n")
    assert marked(folder) == [] and not (folder / "env").exists()


def test_two_servers_do_not_share_a_folder(folder: Path) -> None:
    run("start", "--folder", str(folder))

    other = run("serve", "--folder", str(folder))

    assert other.returncode == 2
    assert other.stderr.splitlines()[-1].endswith("runs in " + f"{folder} already; stop it first")


def test_a_time_scale_that_is_no_number_is_refused(folder: Path) -> None:
    ran = run("start", "--folder", str(folder), LOCAL_CLOUD_TIME_SCALE="fast")

    assert ran.returncode == 1
    assert "did not start: LOCAL_CLOUD_TIME_SCALE=fast is no number above 0" in ran.stderr


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


def test_the_copy_of_terraform_has_an_override_and_no_state(tmp_path: Path) -> None:
    source = tmp_path / "project" / "terraform"
    for name in (
        "main.tf",
        "lake/main.tf",
        "terraform.tfstate",
        "my.auto.tfvars",
        "backend.tf",
        ".terraform/providers/x",
        "real_override.tf",
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("")
    (source / "variables.tf").write_text('variable "project_dir" {\n  type = string\n}\n')

    copy = files.copy_terraform(tmp_path / "cloud", source)

    assert copy is not None
    names = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    assert names == {"main.tf", "variables.tf", "lake/main.tf", "local_cloud_override.tf"}
    override = (copy / "local_cloud_override.tf").read_text()
    assert "s3_use_path_style = true" in override and "max_retries       = 2" in override
    assert f'default = "{tmp_path / "project"}"' in override


def test_without_terraform_there_is_no_copy(tmp_path: Path) -> None:
    assert files.copy_terraform(tmp_path / "cloud", tmp_path / "none") is None


def test_the_aws_cli_launches_watches_and_reads_a_cluster(
    cloud: RunningCloud, deployment: Deployment
) -> None:
    def aws(query: str, *args: str) -> Any:
        ran = subprocess.run(
            [AWS, "emr", *args, "--output", "json", "--query", query],
            env=cloud.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    fleets = json.dumps([fleet("MASTER", "m7g.xlarge")])
    step = "Type=CUSTOM_JAR,Name=hello,Jar=command-runner.jar,Args=[bash,-c,true]"
    ec2 = f"InstanceProfile={deployment.profile},SubnetIds={deployment.subnet}"
    launch = ("--release-label", "emr-spark-8.1.0", "--instance-fleets", fleets)
    roles = ("--service-role", deployment.service_role, "--ec2-attributes", ec2)
    tag = f"{TAG['Key']}={TAG['Value']}"

    cluster = aws("ClusterId", "create-cluster", "--name", "cli", *launch, *roles, "--tags", tag)
    (added,) = aws("StepIds", "add-steps", "--cluster-id", cluster, "--steps", step)
    aws("@", "wait", "cluster-running", "--cluster-id", cluster)
    aws("@", "wait", "step-complete", "--cluster-id", cluster, "--step-id", added)

    assert aws("Cluster.Status.State", "describe-cluster", "--cluster-id", cluster) == "WAITING"
    assert aws("Steps[].Name", "list-steps", "--cluster-id", cluster) == ["hello"]
    assert cluster in aws("Clusters[].Id", "list-clusters", "--active")
    aws("@", "terminate-clusters", "--cluster-ids", cluster)
    ended(cloud.client("emr"), cluster)
