"""A real S3 API on this machine: a server for the session, a bucket of its own for every test."""

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from spark_app import aws
from spark_app.lake.lake import Lake
from tests.emulated_aws import emulated_aws
from tests.s3.fault_proxy import FaultProxy

_numbers = count(1)


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that lives as long as the session."""
    with emulated_aws(tmp_path_factory.mktemp("s3")) as url:
        yield url


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
