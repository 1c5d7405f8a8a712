"""S3 as an emulator has it, EMR as a test scripts it, and `submit` between them."""

import io
import signal
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Protocol

import pytest

from spark_app import aws, cli
from tests.e2e.process import Ended
from tests.emr.deployment import Deployment
from tests.emr.scripted_emr import ScriptedEmr
from tests.emulated_aws import emulated_aws


class App(Protocol):
    """Run a command to its end."""

    def __call__(self, *arguments: object) -> Ended: ...


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An S3 emulator for the whole test run."""
    with emulated_aws(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture
def deployment(s3_endpoint: str, tmp_path: Path) -> Iterator[Deployment]:
    """A bucket of its own with a launch specification, and an EMR of its own."""
    with ScriptedEmr() as emr:
        yield Deployment(s3_endpoint, emr, tmp_path)


@pytest.fixture
def here(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """The deployment as this process sees it."""
    monkeypatch.chdir(deployment.folder)
    for name, value in deployment.env.items():
        monkeypatch.setenv(name, value)
    aws.client.cache_clear()
    yield deployment
    aws.client.cache_clear()


@pytest.fixture
def app_here(here: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """Commands in this process, which may know more jobs than the package does."""
    stops = (signal.SIGINT, signal.SIGTERM)
    handlers = {number: signal.getsignal(number) for number in stops}
    monkeypatch.setattr("spark_app.emr.wait.FIRST_SECONDS", 0.05)

    def app(*arguments: object) -> Ended:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.main([str(argument) for argument in arguments])
        return Ended(code, out.getvalue(), err.getvalue())

    yield app
    for number, handler in handlers.items():
        signal.signal(number, handler)
