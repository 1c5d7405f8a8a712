"""A place to submit from: a bucket with a launch specification, and the command line."""

import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3

from spark_app import cli
from tests import in_process
from tests.e2e import process
from tests.emr import specs

JOB = "organic_share"


class Place:
    """One bucket and one lake in it. `env` is what reaches them."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        """Make the bucket and put the launch specification where `submit` looks for it."""
        self.folder, self.bucket = folder, f"tests-{secrets.token_hex(6)}"
        self.lake = f"s3://{self.bucket}/lake"
        self.env = {**env, "SPARK_APP_LAKE": self.lake}
        keys = (env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"])
        session: Any = boto3.Session(*keys, region_name=specs.REGION)
        self.s3 = session.client("s3", endpoint_url=env["AWS_ENDPOINT_URL"])
        where = {"LocationConstraint": specs.REGION}
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=where)
        self.put("app/launch.json", self.text().encode())

    def document(self, **overrides: Any) -> dict[str, Any]:
        """The launch specification."""
        cluster = specs.cluster(LogUri=f"s3://{self.bucket}/logs/")
        return specs.document(**({"lake": self.lake, "cluster": cluster} | overrides))

    def text(self, **overrides: Any) -> str:
        """The launch specification as Terraform writes it."""
        return json.dumps(self.document(**overrides))

    def put(self, key: str, content: bytes) -> None:
        """Write an object."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    def app(self, *words: object, **env: str) -> process.Ended:
        """Run a command to its end, in this process."""
        with in_process.at(self.folder, {**self.env, **env}):
            return in_process.ended(cli.main, *words)

    def submit(self, run_id: str, *more: object, **env: str) -> process.Ended:
        """Submit a run to its end."""
        return self.app("submit", JOB, "--run-id", run_id, *more, **env)

    def start(self, *words: object, **more: Any) -> "subprocess.Popen[str]":
        """Start a command in a process of its own and go on."""
        command = [sys.executable, "-m", "spark_app", *map(str, words)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        env = process.environment(**self.env)
        return subprocess.Popen(command, cwd=self.folder, env=env, text=True, **(pipes | more))

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Wait until the condition holds."""
        process.until(condition, what, 30)
