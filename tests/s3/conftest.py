"""A real S3 API on this machine: a server for the session, a bucket of its own for every test."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spark_app import aws
from spark_app.lake.lake import Lake
from spark_app.spark import iceberg, s3a
from spark_app.spark.session import SparkOnDemand
from tests.e2e.in_process import App, app_here
from tests.emulated_aws import emulated_aws
from tests.s3.fault_proxy import FaultProxy

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["app_here"]

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


@pytest.fixture
def app_on_s3(
    app_here: App, spark: "SparkSession", s3: Any, monkeypatch: pytest.MonkeyPatch
) -> App:
    """Commands in this process that ask for a Spark with S3, and get the tests' one with it."""
    started = SparkOnDemand.started

    def started_with_s3(
        on_demand: SparkOnDemand, *, has_s3: bool, **more: Any
    ) -> AbstractContextManager[Any]:
        assert has_s3
        return started(on_demand, has_s3=has_s3, **more)

    monkeypatch.setattr(SparkOnDemand, "started", started_with_s3)
    _add_connector(spark)
    return app_here


def _add_connector(spark: Any) -> None:
    """Give a Spark that runs what one that starts with S3 is given."""
    conf, jvm = s3a.conf(None, print), spark._jvm
    classes = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    for jar in map(Path, conf.pop("spark.jars").split(",")):
        classes.addURL(jvm.java.net.URI(jar.as_uri()).toURL())
    for key, value in {**conf, **s3a.secrets(None)}.items():
        spark._jsc.hadoopConfiguration().set(key.removeprefix("spark.hadoop."), value)
    for key, value in iceberg.secrets(None).items():
        jvm.java.lang.System.setProperty(key, value)
