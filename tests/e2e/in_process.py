"""Commands in the process of the tests, with their Spark session as if spark-submit had made it."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from unittest.mock import patch

import pytest

from spark_app import cli
from tests import in_process
from tests.e2e import process
from tests.e2e.process import Ended, environment

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def app(*arguments: object, cwd: Path, env: Mapping[str, str] | None = None) -> Ended:
    """Run a command that needs no Spark to its end, in this process."""
    started = "spark_app.spark.session.SparkOnDemand.started"
    with in_process.at(cwd, environment(**(env or {}))), patch(started, side_effect=AssertionError):
        return in_process.ended(cli.main, *arguments)


# Run the job in this process, to an end before it needs Spark.
run = partial(process.run, by=app)


class App(Protocol):
    """Run a command to its end, in the folder `cwd`."""

    def __call__(self, *arguments: object, cwd: Path) -> Ended: ...


@pytest.fixture
def app_here(spark: "SparkSession", monkeypatch: pytest.MonkeyPatch) -> App:
    """A process of its own takes seconds more: for tests that look at data and messages."""
    for name in [name for name in os.environ if name.startswith("SPARK_APP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "0")

    def app(*arguments: object, cwd: Path) -> Ended:
        monkeypatch.chdir(cwd)
        return in_process.ended(cli.main, *arguments)

    return app
