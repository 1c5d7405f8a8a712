"""Clusters, nodes and EMR itself fail under the real application; `submit` and readers look on.

Afterwards, always: readers see exactly the old or exactly the new table, the message names the
cause, the next run succeeds without clean-up, and nothing runs on.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest

from scripts import make_package
from scripts.local_cloud import local_cloud
from tests.e2e import process, raw_files
from tests.emr import specs
from tests.emr.real import Real
from tests.faults.watching import COUNTS, reading

SEEDS = range(int(os.environ.get("FAULT_SEEDS", "3")))
JOB = "organic_share"
KILLED = ("the step ended failed", "the bootstrap of the cluster failed", "the run was killed")
FINAL = f"lake/final/{JOB}/{JOB}.parquet"
ROOT = process.ROOT
# The environment of the checkout, as a bootstrap would have made it.
BOOTSTRAP = f"""#!/bin/bash
set -eu
mkdir -p "$2/env/bin"
cp {ROOT}/.venv/pyvenv.cfg "$2/env/"
ln -s {ROOT}/.venv/lib "$2/env/lib"
ln -s "$(readlink -f {ROOT}/.venv/bin/python)" "$2/env/bin/python"
printf {specs.DEPENDENCIES} > "$2/env/dependencies"
"""
# The application, whose reading of raw takes longer than any limit.
SLOW = """
import time
from spark_app.run import reading
from spark_app.cli import run

reading.read = lambda *_: time.sleep(600)
run()
"""


class Deployed(Real):
    """The real application in a local cloud, with two weeks delivered."""

    def files(self) -> dict[str, bytes]:
        return {
            "main.py": (ROOT / "bootstrap" / "main.py").read_bytes(),
            "spark_app.zip": make_package.archive(ROOT, specs.DEPENDENCIES),
            "bootstrap.sh": BOOTSTRAP.encode(),
        }

    def document(self, **overrides: Any) -> dict[str, Any]:
        exports = {"SPARK_APP_LOCK_DEAD_SECONDS": "5"}
        export = {"Classification": "export", "Properties": exports}
        environment = {"Classification": "spark-env", "Configurations": [export]}
        return super().document(**{"Configurations": [environment], **overrides})

    def deliver(self, name: str, weeks: range) -> None:
        path = raw_files.write(self.folder / f"{name}.parquet", raw_files.weeks_of_rows(weeks))
        self.put(f"lake/raw/installs/{name}.parquet", path.read_bytes())

    def weeks(self) -> int:
        """How many weeks readers see; the table is whole, or this raises."""
        return weeks_of(self.content())

    def content(self) -> bytes:
        """What readers get."""
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=FINAL)["Body"].read())

    def at_work(self) -> list[psutil.Process]:
        """Processes of nodes."""
        found = []
        for one in psutil.process_iter():
            try:
                if str(self.cloud.folder / "clusters") in " ".join(one.cmdline()):
                    found.append(one)
            except psutil.Error:
                continue
        return found

    def clusters(self) -> list[str]:
        """Clusters that live."""
        states = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"]
        found = self.cloud.client("emr").list_clusters(ClusterStates=states)["Clusters"]
        return [cluster["Id"] for cluster in found]


def weeks_of(content: bytes) -> int:
    return len(set(pq.read_table(BytesIO(content))["week_start_date"].to_pylist()))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("faults")
    with local_cloud(folder / "cloud") as running:
        yield running


@pytest.fixture
def deployed(cloud: Any, tmp_path: Path) -> Iterator[Deployed]:
    """Two weeks published, and a delivery of a third that awaits a run."""
    made = Deployed(cloud, tmp_path)
    made.deliver("old", range(2))
    ended = process.app(
        *("run", JOB, "--source", tmp_path / "old.parquet", "--lake", made.lake),
        cwd=tmp_path,
        env=made.env,
    )
    process.expect_done(ended)
    made.deliver("new", range(2, 3))
    with reading(made.content) as seen:
        yield made
    COUNTS["reads"] += len(seen)
    assert {weeks_of(content) for content in set(seen)} <= {2, 3}


def expect_recovery(deployed: Deployed) -> None:
    """The next run succeeds without clean-up, and nothing runs on."""
    ended = deployed.submit("next")
    assert ended.code == 0, ended.err
    assert deployed.weeks() == 3
    expect_nothing_runs_on(deployed)


def expect_nothing_runs_on(deployed: Deployed) -> None:
    process.until(lambda: not deployed.clusters(), "every cluster to end", 60)
    process.until(lambda: not deployed.at_work(), "every process to end", 30)


def begin(deployed: Deployed) -> Any:
    """Submit, and wait until the step runs."""
    submitting = deployed.start("submit", JOB, "--run-id", "hit")
    process.until(lambda: deployed.at_work() or submitting.poll() is not None, "a node", 60)
    return submitting


@pytest.mark.parametrize("seed", SEEDS)
def test_the_step_is_killed_at_a_random_moment(seed: int, deployed: Deployed) -> None:
    rng = random.Random(seed)
    submitting = begin(deployed)
    time.sleep(rng.uniform(2, 25))
    for one in deployed.at_work():
        with contextlib.suppress(psutil.Error):
            one.send_signal(signal.SIGKILL)
    COUNTS["steps killed"] += 1
    _, said = submitting.communicate(timeout=120)
    assert deployed.weeks() in (2, 3)
    if submitting.returncode:
        (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
        assert "Traceback" not in said
        assert any(words in line for words in KILLED), line
    expect_recovery(deployed)


def test_the_cluster_is_ended_by_somebody_in_mid_run(deployed: Deployed) -> None:
    submitting = begin(deployed)
    (cluster,) = deployed.clusters()
    time.sleep(5)
    assert deployed.app("terminate", cluster).code == 0
    _, said = submitting.communicate(timeout=120)
    assert submitting.returncode == 1
    COUNTS["clusters ended"] += 1
    assert "the cluster was ended by somebody" in said
    assert deployed.weeks() == 2
    expect_recovery(deployed)


def test_two_submits_race_and_one_cluster_is_launched(deployed: Deployed) -> None:
    racing = [deployed.start("submit", JOB) for _ in range(2)]
    said = [one.communicate(timeout=180)[1] for one in racing]
    assert [one.returncode for one in racing] == [0, 0], said
    launched = {word for text in said for word in text.split() if word.startswith("j-")}
    assert len(launched) == 1
    assert deployed.weeks() == 3
    COUNTS["races"] += 1
    expect_nothing_runs_on(deployed)


def test_credentials_that_expire_in_mid_wait_leave_the_run_alone(deployed: Deployed) -> None:
    submitting = begin(deployed)
    (cluster,) = deployed.clusters()
    deployed.cloud.set_faults({"expired": True})
    try:
        _, said = submitting.communicate(timeout=60)
    finally:
        deployed.cloud.set_faults({})
    assert submitting.returncode == 2
    assert "the AWS credentials have expired" in said
    assert f"come back with `python -m spark_app watch {cluster}`" in said
    watched = deployed.app("watch", cluster)
    assert watched.code == 0, watched.err
    COUNTS["credentials expired"] += 1
    expect_recovery(deployed)


def test_describe_step_is_throttled_for_a_minute(deployed: Deployed) -> None:
    submitting = begin(deployed)
    deployed.cloud.set_faults({"throttle": {"DescribeStep": 60}})
    _, said = submitting.communicate(timeout=180)
    deployed.cloud.set_faults({})
    assert submitting.returncode == 0, said
    assert "the run is not touched by that, still waiting" in said
    COUNTS["minutes of throttling"] += 1
    expect_recovery(deployed)


def test_the_answer_to_the_launch_is_lost(deployed: Deployed) -> None:
    deployed.cloud.set_faults({"lose_answer": ["RunJobFlow"]})
    ended = deployed.submit("lost")
    deployed.cloud.set_faults({})
    assert ended.code == 0, ended.err
    assert "looking whether run lost was started" in ended.err
    launched = deployed.cloud.client("emr").list_clusters()["Clusters"]
    assert [c["Name"] for c in launched].count(f"spark_app {JOB} lost") == 1
    assert (
        json.loads(
            deployed.s3.get_object(Bucket=deployed.bucket, Key="lake/runs/lost/run.json")[
                "Body"
            ].read()
        )["outcome"]
        == "published"
    )
    COUNTS["answers lost"] += 1
    expect_recovery(deployed)


def test_a_step_that_takes_too_long_ends_itself(deployed: Deployed) -> None:
    file = deployed.folder / "short.json"
    document = deployed.document()
    file.write_text(json.dumps(document | {"max_minutes": 1}))
    deployed.put(f"app/{specs.VERSION}/main.py", SLOW.encode())
    ended = deployed.submit("slow", "--launch-spec", file)
    deployed.put(f"app/{specs.VERSION}/main.py", deployed.files()["main.py"])
    COUNTS["steps timed out"] += 1
    assert ended.code == 1, ended.err
    assert "stopped by the time limit (--max-minutes)" in ended.errors[0]
    assert "outcome: timed out" in ended.out
    assert deployed.weeks() == 2
    expect_recovery(deployed)


def test_the_disk_of_the_node_is_full(deployed: Deployed) -> None:
    nodes = deployed.cloud.folder / "clusters"
    nodes.mkdir(exist_ok=True)
    disk = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(nodes)]
    if subprocess.run(disk, check=False, capture_output=True).returncode:
        pytest.skip("this machine allows no mount")
    try:
        ended = deployed.submit("full")
    finally:
        subprocess.run(["umount", "--lazy", str(nodes)], check=True)
    COUNTS["disks full"] += 1
    assert ended.code == 1
    assert "disk" in ended.errors[0] and "full" in ended.errors[0], ended.err
    assert deployed.weeks() == 2
    expect_recovery(deployed)
