"""The whole way on one machine: package, apply, add-steps, submit, read, destroy; in this order."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import load_catalog

from scripts.local_cloud import local_cloud
from scripts.local_cloud.settings import REGION
from spark_app.lake.glue import database_of
from tests.cloud.deployment import Deployment
from tests.e2e import process
from tests.e2e.process import JOB, ROOT

FINAL = f"lake/final/{JOB}/{JOB}.parquet"
STEP_SECONDS = 180
KEYS = {"client.access-key-id": "test", "client.secret-access-key": "test"}
EVENTS = b"""\
u1,android,Pixel 8,DE,open,17,2024-05-01 23:59:59.123456,,
u2,ios,,,buy,9007199254740993,2024-05-02 00:00:00.000001,2,0.0499
u3,ios,iPhone,FR,open,1.2E+10,2024-05-02 10:00:00.000000,,
"""
DEVICES = b"""\
{"meta": {"session_long": "d1", "date": "2017-08-09 10:00:00"}, "params": {"user_id": 7}, "n": 1}
{"params": {"user_id": 7}, "n": 1, "meta": {"date": "2017-08-09 10:00:00", "session_long": "d1"}}
"""
UNDER_WAY = ("PENDING", "RUNNING")
# What the emulators do not give back, so that a second plan sees a change in it.
NOT_RETURNED = {
    "module.compute.aws_security_group.nodes": {"egress"},  # its prefix list
    "module.compute.aws_vpc_endpoint.s3[0]": {"policy"},
    "module.compute.aws_vpc_endpoint.emr[0]": {"private_dns_enabled", "security_group_ids"},
    "module.compute.aws_vpc_endpoint.glue[0]": {
        *("policy", "private_dns_enabled", "security_group_ids"),
    },
}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Packaged and applied with lake tables, with the sample delivered; it ends with the tests of
    this file."""
    package = [sys.executable, "-m", "scripts.make_package", "--out", "dist"]
    subprocess.run(package, cwd=ROOT, check=True)
    folder = tmp_path_factory.mktemp("cloud")
    with local_cloud(folder) as cloud:
        made = Deployment(cloud)
        made.terraform("init", "-input=false")
        made.apply(lakes="true", deliverers='["app_event"]')
        made.deliver_sample()
        yield made
    process.until(lambda: not left_in(folder), "every process of the cloud to end", 15)


def left_in(folder: Path) -> list[psutil.Process]:
    """Processes that work in a folder."""
    found = []
    for one in psutil.process_iter():
        try:
            if any(str(folder) in part for part in [*one.cmdline(), one.cwd()]):
                found.append(one)
        except psutil.Error:
            continue
    return found


def table(content: bytes) -> Any:
    return pq.read_table(BytesIO(content)).replace_schema_metadata(None)


def live_clusters(deployment: Deployment) -> list[str]:
    states = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"]
    found = deployment.cloud.client("emr").list_clusters(ClusterStates=states)["Clusters"]
    return [cluster["Id"] for cluster in found]


def ended_state(deployment: Deployment, cluster: str, step: str) -> str:
    """The state of a step when it has ended, or after some minutes."""
    emr = deployment.cloud.client("emr")
    deadline = time.monotonic() + STEP_SECONDS
    while True:
        state = emr.describe_step(ClusterId=cluster, StepId=step)["Step"]["Status"]["State"]
        if state not in UNDER_WAY or time.monotonic() > deadline:
            return str(state)
        time.sleep(1)


def changes(plan: dict[str, Any]) -> dict[str, set[str]]:
    """The attributes that a plan would change, by resource."""
    found = {}
    for resource in plan.get("resource_changes", []):
        change = resource["change"]
        if set(change["actions"]) <= {"no-op", "read"}:
            continue
        before, after = change["before"] or {}, change["after"] or {}
        names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        found[resource["address"]] = names | set(change["actions"]) - {"update"}
    return found


def test_a_second_apply_would_change_only_what_the_emulators_do_not_return(
    deployment: Deployment,
) -> None:
    assert changes(deployment.plan()) == NOT_RETURNED


def test_the_printed_line_runs_the_job_on_the_waiting_cluster(deployment: Deployment) -> None:
    added = deployment.paste(deployment.outputs["add_steps"])
    assert added.code == 0, added.err
    cluster = deployment.outputs["cluster_id"]
    (step,) = json.loads(added.out)["StepIds"]
    assert ended_state(deployment, cluster, step) == "COMPLETED"
    assert "published" in deployment.app("runs").out
    assert live_clusters(deployment) == [cluster]


def test_a_dry_run_prints_the_request_and_starts_nothing(deployment: Deployment) -> None:
    before = deployment.keys("lake/")  # logs of the steps before may still arrive beside it
    ended = deployment.app("submit", JOB, "--dry-run")
    assert ended.code == 0, ended.err
    assert '"ReleaseLabel": "emr-spark-8.1.0"' in ended.out
    assert deployment.keys("lake/") == before


def test_submit_launches_a_cluster_that_publishes_and_ends(
    deployment: Deployment, tmp_path: Path
) -> None:
    ended = deployment.app("submit", JOB)
    assert ended.code == 0, ended.err
    for words in ("outcome: published", "cost:", "terminated", "completed"):
        assert words in ended.out + ended.err
    assert live_clusters(deployment) == [deployment.outputs["cluster_id"]]
    local = process.run(deployment.cloud.folder / "sample", tmp_path / "lake")
    assert local.code == 0, local.err
    assert table(deployment.read(FINAL)).equals(process.table(tmp_path / "lake"))


def test_submit_to_the_waiting_cluster_passes_on_why_a_gate_is_shut(
    deployment: Deployment,
) -> None:
    before = deployment.read(FINAL)
    cluster = deployment.outputs["cluster_id"]
    ended = deployment.app("submit", JOB, "--cluster-id", cluster, "--tolerance", "0")
    assert ended.code == 3, ended.err
    assert "quarantine_within_tolerance" in ended.errors[0]
    assert deployment.read(FINAL) == before


@pytest.mark.timeout(600)
def test_lake_tables_are_made_on_a_cluster_and_read_through_glue(deployment: Deployment) -> None:
    deployment.put("lake/raw/app_event/one.csv", EVENTS)
    deployment.put("lake/raw/device_event/olx/hydra/android/2017/08/09/one.json", DEVICES)
    for run_id in ("lakes", "nothing-new"):
        jobs = ("app_event", "device_event")
        ended = deployment.app("submit", *jobs, "--run-id", run_id, "--tolerance", "0.5")
        assert ended.code == 0, ended.err
    assert deployment.outputs["glue_database"] == database_of(deployment.lake)
    url = deployment.cloud.environment["AWS_ENDPOINT_URL"]
    known = {"glue.endpoint": url, "s3.endpoint": url, "client.region": REGION, **KEYS}
    catalogue = load_catalog("lake", type="glue", **known)
    database = deployment.outputs["glue_database"]
    devices = catalogue.load_table((database, "device_event")).scan().to_arrow().to_pylist()
    assert [(r["tracker"], r["user_id"], r["rescued_json"]) for r in devices] == [
        ("hydra", "7", '{"n":1}')
    ]
    events = catalogue.load_table((database, "app_event"))
    newest = events.current_snapshot()
    assert newest and newest.summary and newest.summary["spark_app.run_id"] == "lakes-app_event"
    rows = events.scan(selected_fields=("user_id", "log_id")).to_arrow().sort_by("user_id")
    assert rows.to_pylist() == [
        {"user_id": "u1", "log_id": "17"},
        {"user_id": "u2", "log_id": "9007199254740993"},
    ]
    shown = deployment.app("history", "app_event", "--region", REGION)
    assert shown.out.splitlines()[1].split()[0] == "lakes-app_event", shown.err
    left = deployment.keys("lake/runs/lakes-app_event/")
    assert not [key for key in left if "/staging/" in key]


def test_a_source_that_is_missing_is_told_by_the_application(deployment: Deployment) -> None:
    source = f"{deployment.lake}/raw/nothing/"
    cluster = deployment.outputs["cluster_id"]
    ended = deployment.app("submit", JOB, "--cluster-id", cluster, "--source", source)
    assert ended.code == 2, ended.err
    assert f"source {source} matches no file" in ended.errors[0]


def test_without_a_cluster_the_rest_stays(deployment: Deployment) -> None:
    deployment.variables["create_cluster"] = "false"
    ended = changes(deployment.plan()).keys() - NOT_RETURNED.keys()
    assert ended == {"module.compute.aws_emr_cluster.this[0]"}
    deployment.apply()
    deadline = time.monotonic() + 30
    while live_clusters(deployment) and time.monotonic() < deadline:
        time.sleep(1)
    assert not live_clusters(deployment)
    assert "cluster_id" not in deployment.outputs
    assert deployment.keys("app/launch.json")


def test_destroy_ends_compute_and_keeps_the_data(deployment: Deployment) -> None:
    versions = deployment.keys("app/")
    done = deployment.run(
        "make", "destroy", f"TERRAFORM={deployment.cloud.folder / 'terraform'}", "AUTO=1"
    )
    assert done.code == 0, done.out + done.err
    assert f"s3://{deployment.bucket}" in done.out
    assert table(deployment.read(FINAL)).num_rows == 768
    assert set(versions) - set(deployment.keys("app/")) == {"app/launch.json"}
    kept = deployment.terraform("state", "list").split()
    assert all(name.startswith(("module.lake", "data.")) for name in kept)
    assert "module.lake.aws_s3_bucket.this" in kept
