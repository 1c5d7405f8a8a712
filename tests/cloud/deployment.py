"""A deployment in a local cloud, made as a user makes it, and its commands."""

import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts import make_sample
from scripts.local_cloud import RunningCloud
from tests.e2e.process import ROOT, Ended

DEADLINE = 240
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


@dataclass
class Deployment:
    """The configuration applied in a cloud; `outputs` are Terraform's."""

    cloud: RunningCloud
    outputs: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(
        default_factory=lambda: {"architecture": ARCHITECTURE, "idle_minutes": "600"}
    )

    @property
    def lake(self) -> str:
        return str(self.outputs["lake"])

    @property
    def bucket(self) -> str:
        return self.lake.removeprefix("s3://").split("/")[0]

    @property
    def env(self) -> Mapping[str, str]:
        """What a user's shell holds after `source .cloud/env`."""
        ours = {k: v for k, v in os.environ.items() if k.startswith(("PATH", "TF_", "HOME"))}
        lake = {"SPARK_APP_LAKE": self.lake} if self.outputs else {}
        variables = {f"TF_VAR_{name}": value for name, value in self.variables.items()}
        return {**self.cloud.environment, **ours, **lake, **variables, "TF_IN_AUTOMATION": "1"}

    def run(self, *command: str) -> Ended:
        """A command to its end."""
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=dict(self.env),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def terraform(self, *arguments: str) -> str:
        """A command of Terraform that has to succeed; what it printed."""
        done = self.run("terraform", f"-chdir={self.cloud.folder / 'terraform'}", *arguments)
        assert done.code == 0, done.out + done.err
        return done.out

    def apply(self, **variables: str) -> str:
        """Apply, and read the outputs."""
        self.variables |= variables
        said = self.terraform("apply", "-auto-approve", "-input=false", "-no-color")
        found = json.loads(self.terraform("output", "-json"))
        self.outputs = {name: output["value"] for name, output in found.items()}
        return said

    def plan(self) -> dict[str, Any]:
        """What the next apply would do."""
        file = str(self.cloud.folder / "next.plan")
        self.terraform("plan", "-input=false", f"-out={file}")
        return dict(json.loads(self.terraform("show", "-json", file)))

    def app(self, *arguments: str) -> Ended:
        """A command of the application."""
        return self.run(sys.executable, "-m", "spark_app", *arguments)

    def paste(self, line: str) -> Ended:
        """A line that was printed to be pasted; `aws` is the one of the checkout."""
        program, *arguments = shlex.split(line)
        return self.run(str(Path(sys.executable).with_name(program)), *arguments)

    def deliver_sample(self) -> None:
        """Upload the embedded sample to the lake's raw folder."""
        folder = self.cloud.folder / "sample"
        make_sample.write(folder, make_sample.SEED)
        s3 = self.cloud.client("s3")
        for path in folder.iterdir():
            s3.upload_file(str(path), self.bucket, f"lake/raw/installs/{path.name}")

    def put(self, key: str, content: bytes) -> None:
        """Write one object of the bucket."""
        self.cloud.client("s3").put_object(Bucket=self.bucket, Key=key, Body=content)

    def read(self, key: str) -> bytes:
        """One object of the bucket."""
        answer = self.cloud.client("s3").get_object(Bucket=self.bucket, Key=key)
        return bytes(answer["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        """The objects of the bucket below a prefix."""
        pages = (
            self.cloud.client("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self.bucket, Prefix=prefix)
        )
        return [found["Key"] for page in pages for found in page.get("Contents", [])]
