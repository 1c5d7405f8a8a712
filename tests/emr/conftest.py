"""S3 as an emulator has it, EMR as a test scripts it, and `submit` between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import in_process
from tests.emr.deployment import Deployment
from tests.emr.scripted_emr import ScriptedEmr
from tests.emulated_aws import emulated_aws


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spark_app.emr.wait.FIRST_SECONDS", 0.05)


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
def here(deployment: Deployment) -> Iterator[Deployment]:
    """The deployment as this process sees it."""
    with in_process.at(deployment.folder, deployment.env):
        yield deployment
