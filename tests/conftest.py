"""One Spark session for the whole test run, configured as that of a small production run."""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.loaders import create_loader

from spark_app.spark import iceberg
from spark_app.spark.conf import SESSION_CONF, codegen_conf, laptop_conf
from spark_app.spark.jars import fetched
from spark_app.spark.jvm import put_on_class_path

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


LONG_FIRST = (  # by folder, each with its long files
    ("s3", "test_s3_runs.py"),
    ("docs", "test_adding_a_job.py", "test_commands.py"),
    ("e2e", "test_stop.py", "test_disk.py", "test_errors.py", "test_own_way.py", "test_since.py"),
    ("unit", "test_metric_properties.py", "test_plain_way.py"),
    ("emr", "test_in_local_cloud.py", "test_staying.py", "test_submit.py"),
    ("package", "test_bootstrap.py", "test_bootstrap_failures.py"),
    ("fence", "test_fence.py"),
    ("lakes", "test_demo.py", "test_which_files.py", "test_append.py", "test_append_properties.py"),
)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Fetch the jars of the session below once, before several processes want them at once."""
    if not hasattr(session.config, "workerinput"):
        for needed in (iceberg.RUNTIME, iceberg.CLIENTS):
            fetched(needed, print)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files: no process then waits for another one's last file."""
    tests = Path(__file__).parent
    long = [tests / folder / name for folder, *names in LONG_FIRST for name in names]
    rank = {path: number for number, path in enumerate(long)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


@pytest.fixture(scope="session", autouse=True)
def _models_of_aws() -> Iterator[None]:
    """Let botocore read what it knows of a service once, not for each of its sessions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", cache(create_loader))
        yield


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SparkSession]":
    """UTC, ANSI, no UI, one shuffle partition, a warehouse that goes away with the run."""
    from pyspark.sql import SparkSession

    scratch = str(tmp_path_factory.mktemp("spark"))
    small = {
        **laptop_conf("1g", scratch, is_small=True, has_iceberg=True),
        **SESSION_CONF,
        **codegen_conf(1),
    }
    put_on_class_path(iceberg.jars(is_in_s3=True, log=print))
    session = SparkSession.builder.config(map={**small, "spark.master": "local[2]"}).getOrCreate()
    session.sparkContext.pythonExec = sys.executable
    yield session
    session.stop()


@pytest.fixture(autouse=True)
def _no_frame_is_kept(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the session forget what a test persisted: it looks through all of that at each query."""
    yield
    if "spark" in request.fixturenames:
        request.getfixturevalue("spark").catalog.clearCache()
