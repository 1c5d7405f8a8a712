"""A deployment for a test: a bucket with a launch specification, an EMR, and the command line."""

import gzip
import json
import os
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from spark_app.lake import parquet
from spark_app.lake.lake import DIGEST_KEY, RUN_ID_KEY
from spark_app.lake.manifests import VERSION
from tests.e2e import process
from tests.emr import specs
from tests.emr.place import JOB, Place
from tests.emr.scripted_emr import BADLY, RUNNING, WELL, Plan, ScriptedEmr


class Deployment(Place):
    """One bucket, one lake in it, and an EMR as the test scripts it."""

    def __init__(self, s3_endpoint: str, emr: ScriptedEmr, folder: Path) -> None:
        """Make the bucket and put the launch specification where `submit` looks for it."""
        self.emr = emr
        here = {
            "AWS_ENDPOINT_URL": s3_endpoint,
            "AWS_ENDPOINT_URL_EMR": emr.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": specs.REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        super().__init__(here, folder)

    def log(self, place: str, text: str) -> None:
        """Write a log as EMR does, below the cluster's folder."""
        self.put(f"logs/{place}.gz", gzip.compress(text.encode()))

    def claim_key(self) -> str:
        """Where the only claim stands."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="lake/locks/submit-")
        (claim,) = listed["Contents"]
        return str(claim["Key"])

    def unname_cluster(self) -> None:
        """Leave the claim as one does that has launched its cluster and not yet written which."""
        key = self.claim_key()
        standing = json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        self.put(key, json.dumps(standing | {"cluster_id": None, "step_id": None}).encode())

    def manifest(
        self, run_id: str, outcome: str, code: int, reason: str | None = None, **more: str
    ) -> None:
        """Write what a run records of its end."""
        known = {"version": VERSION, "run_id": run_id, "job": JOB, "command": None, "report": None}
        end = {"outcome": outcome, "exit_code": code, "reason": reason}
        self.put(f"lake/runs/{run_id}/run.json", json.dumps({**known, **end, **more}).encode())

    def checks(self, run_id: str, *checks: Mapping[str, Any]) -> None:
        """Write the results of a run's checks."""
        content = parquet.serialise(pa.Table.from_pylist([dict(check) for check in checks]))
        self.put(f"lake/quality/{JOB}/run_id={run_id}/checks.parquet", content)

    def publishes(self, run_id: str, *checks: Mapping[str, Any], **plan: Any) -> None:
        """Let a run leave what one that published leaves."""
        end = Plan(**({"phases": (RUNNING, WELL)} | plan))

        def publish(*_: str) -> None:
            self.manifest(run_id, "published", 0)
            self.checks(run_id, *checks)
            self.put(f"lake/final/{JOB}/{JOB}.parquet", published(run_id))

        end.before_end = publish
        self.emr.plans[run_id] = end

    def fails(self, run_id: str, stderr: str = "", controller: str = "", **plan: Any) -> None:
        """Let the step of a run fail with such logs."""
        made = {
            "phases": (RUNNING, BADLY),
            "reason": ("STEP_FAILURE", "Steps completed with errors"),
        }
        end = Plan(**(made | plan))

        def log(cluster_id: str, step_id: str) -> None:
            self.log(f"{cluster_id}/steps/{step_id}/stderr", stderr)
            self.log(f"{cluster_id}/steps/{step_id}/controller", controller)

        end.before_end = log
        self.emr.plans[run_id] = end

    def until_launched(self, count: int = 1) -> None:
        """Wait until so many clusters were launched and looked at."""
        calls = self.emr.calls
        self.until(lambda: len(self.emr.clusters) == count and calls["DescribeStep"], "a look")


def published(run_id: str) -> bytes:
    """A published table of one row."""
    row = {
        "year": 2021,
        "week": 9,
        "country": "DE",
        "share_organic_p4w": 0.25,
        "week_start_date": date(2021, 3, 1),
        "organic_p4w_count": 1,
        "installs_p4w_count": 4,
        "weeks_in_window_count": 4,
        "is_week_complete": True,
    }
    marks = {RUN_ID_KEY: run_id.encode(), DIGEST_KEY: b"0" * 64}
    return parquet.serialise(pa.Table.from_pylist([row]).replace_schema_metadata(marks))


def check(layer: str, name: str, outcome: str = "passed", **overrides: Any) -> dict[str, Any]:
    """The result of one check."""
    base = {"severity": "fail", "description": f"what {name} says", "detail": None}
    return {"layer": layer, "check": name, "outcome": outcome} | base | overrides


def end_of(started: "subprocess.Popen[str]", number: int | None = None) -> process.Ended:
    """Wait for the end of a command, after a signal; what it said."""
    if number is not None:
        os.kill(started.pid, number)
    out, err = started.communicate(timeout=60)
    return process.Ended(started.returncode, out, err)


def error_of(ended: process.Ended, code: int) -> str:
    """The only error line, without a traceback of our own."""
    assert ended.code == code, ended.err
    assert "Traceback" not in ended.err
    (line,) = ended.errors
    return line.removeprefix("error: ")
