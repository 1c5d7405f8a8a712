"""Pages in files, for a browser."""

from pathlib import Path
from typing import Any

from spark_app.declarations import Job
from spark_app.report.page import render_table_page
from tests.report import report_data as data
from tests.report import report_runs as runs
from tests.report.report_jobs import SHARES

FIND = 'input[type="search"]'


def written(folder: Path, page: str) -> Path:
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def write(folder: Path, table: Any, job: Job = SHARES) -> Path:
    """The page of a published table."""
    return written(folder, render_table_page(job, runs.manifest(), runs.checks(), table))


def weeks_of_14(folder: Path) -> Path:
    """The page of 14 groups over 64 weeks."""
    return write(folder, data.simulated(data.codes(14), 64))
