"""A cloud for tests."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.local_cloud import control, files
from scripts.local_cloud.settings import SCALE, no_proxy


@dataclass(frozen=True)
class RunningCloud:
    """A cloud that runs. `environment` is for child processes, with nothing of AWS but its own."""

    folder: Path
    environment: Mapping[str, str]

    def client(self, service: str, region: str | None = None) -> Any:
        """A client of one of its services."""
        import boto3
        import botocore.session
        from botocore.config import Config

        no_profile = {"profile": (None, None, None, None)}
        own = boto3.session.Session(botocore_session=botocore.session.Session(no_profile))
        key = "AWS_ENDPOINT_URL_EMR" if service == "emr" else "AWS_ENDPOINT_URL"
        return own.client(
            service,
            region_name=region or self.environment["AWS_REGION"],
            endpoint_url=self.environment[key],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(
                s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, proxies={}
            ),
        )

    def set_faults(self, faults: Mapping[str, Any]) -> None:
        """Let this go wrong from now on; an empty mapping ends it."""
        draft = self.folder / "faults.json.new"
        draft.write_text(json.dumps(faults))
        draft.replace(self.folder / "faults.json")


@contextlib.contextmanager
def local_cloud(folder: Path, time_scale: float = 60) -> Iterator[RunningCloud]:
    """A cloud in `folder` that lives as long as the `with` block, and never longer than we do.

    Raises:
        RunFailed: it does not start.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    read, write = os.pipe()
    try:
        process = control.start(folder.resolve(), plain | {SCALE: str(time_scale)}, read)
    except BaseException:
        os.close(write)
        raise
    finally:
        os.close(read)
    try:
        state = files.read_state(folder.resolve()) or {}
        yield RunningCloud(folder.resolve(), plain | no_proxy() | state["environment"])
    finally:
        os.close(write)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(control.STOP_SECONDS)
        process.kill()
        process.wait()
