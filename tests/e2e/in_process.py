"""Commands in the process of the tests, with their Spark session as if spark-submit had made it."""

import io
import os
import signal
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from spark_app import cli
from tests.e2e.process import Ended

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class App(Protocol):
    """Run a command to its end, in the folder `cwd`."""

    def __call__(self, *arguments: object, cwd: Path) -> Ended: ...


@pytest.fixture
def app_here(spark: "SparkSession", monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """A process of its own takes seconds more: for tests that look at data and messages."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for name in [name for name in os.environ if name.startswith("SPARK_APP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "0")

    def app(*arguments: object, cwd: Path) -> Ended:
        monkeypatch.chdir(cwd)
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.main([str(argument) for argument in arguments])
        return Ended(code, out.getvalue(), err.getvalue())

    yield app
    for number, handler in handlers.items():
        signal.signal(number, handler)
