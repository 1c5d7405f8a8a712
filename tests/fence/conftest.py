"""Four tiny jobs that the package does not know: the frame carries them as it does its own."""

from pathlib import Path

import pytest

from spark_app import jobs
from tests.e2e.in_process import app_here

__all__ = ["app_here"]

JOBS_FOLDER = Path(__file__).parent / "jobs"
NAMES = ("two_sources", "on_another_table", "with_staging")
FROM_TEXT = "from_text"


@pytest.fixture(autouse=True)
def fence_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The jobs of this folder stand in the list, and their modules are found."""
    for name in (*NAMES, FROM_TEXT):
        monkeypatch.setitem(jobs.JOBS, name, "a job of the fence")
    monkeypatch.setattr(jobs, "__path__", [*jobs.__path__, str(JOBS_FOLDER)])
