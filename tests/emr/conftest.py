"""S3 as an emulator has it, EMR as a test scripts it, and `submit` between them."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import process
from tests.emr.deployment import Deployment
from tests.emr.scripted_emr import ScriptedEmr

MINISTACK = Path(sys.executable).with_name("ministack")


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An S3 emulator for the whole test run."""
    folder = tmp_path_factory.mktemp("ministack")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([MINISTACK], cwd=folder, env=env, stdout=log, stderr=log)
    try:
        process.until(lambda: _listens(port) or server.poll() is not None, "ministack", 30)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def deployment(s3_endpoint: str, tmp_path: Path) -> Iterator[Deployment]:
    """A bucket of its own with a launch specification, and an EMR of its own."""
    with ScriptedEmr() as emr:
        yield Deployment(s3_endpoint, emr, tmp_path)
