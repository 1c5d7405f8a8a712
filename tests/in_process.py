"""Programs in the process of the tests: one of its own takes a second of a processor more."""

import io
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from spark_app import aws
from spark_app.stopping import STOPS
from tests.e2e.process import Ended

SETTINGS = ("SPARK_APP_", "PYSPARK_", "AWS_")


def ended(main: Callable[[list[str]], int], *arguments: object) -> Ended:
    """Run a program to its end; what it said. Signals are then handled as before."""
    out, err = io.StringIO(), io.StringIO()
    with _signals_kept(), redirect_stdout(out), redirect_stderr(err):
        code = main([str(argument) for argument in arguments])
    return Ended(code, out.getvalue(), err.getvalue())


@contextmanager
def at(folder: Path, env: Mapping[str, str]) -> Iterator[None]:
    """Be in a folder, with these variables, no others of ours or of AWS, and clients made so."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    aws.client.cache_clear()
    try:
        with chdir(folder), mock.patch.dict(os.environ, {**plain, **env}, clear=True):
            yield
    finally:
        aws.client.cache_clear()


@contextmanager
def _signals_kept() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (*STOPS, signal.SIGALRM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
