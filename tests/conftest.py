"""One Spark session for the whole test run, configured as that of a small production run."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spark_app.spark.conf import SESSION_CONF, laptop_conf

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


LONG_FIRST = """
    s3/test_s3_runs.py e2e/test_stop.py docs/test_adding_a_job.py docs/test_commands.py
    e2e/test_disk.py e2e/test_errors.py unit/test_metric_properties.py e2e/test_own_way.py
    unit/test_plain_way.py package/test_bootstrap_failures.py emr/test_in_local_cloud.py
    emr/test_staying.py emr/test_submit.py e2e/test_since.py local_cloud/test_node.py
    e2e/test_old_lake.py fence/test_fence.py
""".split()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files: no process then waits for another one's last file."""
    tests = Path(__file__).parent
    rank = {tests / name: number for number, name in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SparkSession]":
    """UTC, ANSI, no UI, two shuffle partitions, a warehouse that goes away with the run."""
    from pyspark.sql import SparkSession

    scratch = str(tmp_path_factory.mktemp("spark"))
    conf = {**laptop_conf("1g", scratch, is_small=True), **SESSION_CONF}
    session = SparkSession.builder.config(map={**conf, "spark.master": "local[2]"}).getOrCreate()
    yield session
    session.stop()
