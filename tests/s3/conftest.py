"""A real S3 API on this machine: a server for the session, a bucket of its own for every test."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from spark_app import aws
from spark_app.lake import Lake
from tests.s3.fault_proxy import FaultProxy

START_SECONDS = 30
_numbers = count(1)


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """The URL of a server that lives as long as the session."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    program = Path(sys.prefix) / "bin" / "ministack"
    environment = os.environ | {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"}
    with subprocess.Popen(
        [program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
        server.kill()


@pytest.fixture
def proxy(s3_url: str) -> FaultProxy:
    """What stands between the program and the server."""
    return FaultProxy(s3_url)


@pytest.fixture
def s3(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client; the environment names the proxy as the endpoint, for child processes as well."""
    with proxy.serving() as url:
        known = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in known.items():
            monkeypatch.setenv(name, value)
        aws.client.cache_clear()
        yield aws.client("s3")
        aws.client.cache_clear()


@pytest.fixture
def bucket(s3: Any) -> str:
    """The name of a new bucket."""
    name = f"acme-{os.getpid()}-{next(_numbers)}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return name


@pytest.fixture
def lake(bucket: str) -> Lake:
    """An empty lake in S3, whose lock dies in 3 seconds."""
    return Lake(f"s3://{bucket}/lake", lock_dead_seconds=3)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the S3 server did not start")
