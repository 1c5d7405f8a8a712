"""One Spark session for the whole test run, configured as that of a small production run."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from spark_app.spark.conf import SESSION_CONF, laptop_conf

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SparkSession]":
    """UTC, ANSI, no UI, two shuffle partitions, a warehouse that goes away with the run."""
    from pyspark.sql import SparkSession

    scratch = str(tmp_path_factory.mktemp("spark"))
    conf = {**laptop_conf("1g", scratch, is_small=True), **SESSION_CONF}
    session = SparkSession.builder.config(map={**conf, "spark.master": "local[2]"}).getOrCreate()
    yield session
    session.stop()
