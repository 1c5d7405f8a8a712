"""A lake table that the package does not know, in lakes on the disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from spark_app import jobs
from spark_app.declarations import Column, Files
from spark_app.jobs import find_job
from spark_app.lake import catalogue, iceberg, ledger
from spark_app.lake.lake import Lake
from spark_app.spark.iceberg import catalogue_conf
from tests.e2e.in_process import App, app_here
from tests.e2e.process import Ended, expect_done

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["app_here"]

NAME = "visit"
PAGES = Column("pages", "bigint", "how many", null="not counted", least=0)
COUNTRY = Column("country", "string", "from where", null="not known")
Row = tuple[str, str, int | None]


class Visits:
    """A lake of visits: deliver files, run the job, look at what readers see."""

    def __init__(self, app: App, spark: "SparkSession", folder: Path) -> None:
        """Take the folder in which the lake is made."""
        self._app, self.spark, self._folder = app, spark, folder
        self.root = folder / "lake"
        self.lake = Lake(str(self.root))
        self.raw = self.root / "raw" / "visits"
        self.raw.mkdir(parents=True)

    def deliver(self, name: str, *lines: str) -> None:
        """A file of lines, in place of one of that name."""
        (self.raw / name).write_text("".join(f"{line}\n" for line in lines))

    def run(self, run_id: str, *more: object, code: int = 0) -> Ended:
        """Run the job."""
        asked = ("run", NAME, "--lake", self.root, "--run-id", run_id, *more)
        ended = self._app(*asked, cwd=self._folder)
        assert ended.code == code, ended.err
        return ended

    def done(self, run_id: str) -> Ended:
        """Run the job, which publishes and bothers nobody."""
        return expect_done(self.run(run_id))

    def ask(self, *asked: object, code: int = 0) -> Ended:
        """Any other command."""
        ended = self._app(*asked, "--lake", self.root, cwd=self._folder)
        assert ended.code == code, ended.err
        return ended

    def elsewhere(self, *asked: object) -> Ended:
        """A command for another lake."""
        return self._app(*asked, cwd=self._folder)

    def all(self, run_id: str) -> Ended:
        """Run all jobs."""
        asked = ("run", "--all", "--lake", self.root, "--run-id", run_id)
        return expect_done(self._app(*asked, cwd=self._folder))

    def rows(self) -> list[Row]:
        """The rows that readers see, in order."""
        self.use()
        found = iceberg.published_rows(self.spark, find_job(NAME).publishes)
        rows = found.selectExpr("user", "string(at)", "pages").collect()
        return sorted(((row[0], row[1], row[2]) for row in rows), key=str)

    def counts(self) -> dict[tuple[int, date], int]:
        """The rows that readers see, by file version and day."""
        self.use()
        found = iceberg.published_rows(self.spark, find_job(NAME).publishes)
        counts = found.groupBy(iceberg.SOURCE_ID, "day").count().collect()
        return {(row[0], row[1]): row[2] for row in counts}

    @contextmanager
    def declared(self, *columns: Column) -> Iterator[None]:
        """The job with these columns after the user and the time, in its source and table."""
        job = find_job(NAME)
        (source,), table = job.reads, job.publishes
        assert isinstance(source, Files)
        of_source = replace(source, columns=(*source.columns[:2], *columns))
        of_table = replace(table, columns=(*table.columns[:3], *columns))
        changed = replace(job, reads=(of_source,), publishes=of_table)
        with mock.patch.object(import_module(f"spark_app.jobs.{NAME}"), "JOB", changed):
            yield

    def use(self) -> None:
        """Let the tests' session look at this lake."""
        for key, value in catalogue_conf(self.lake).items():
            self.spark.conf.set(key, value)

    def version(self) -> catalogue.Snapshot:
        """The version that readers see."""
        found = catalogue.current(NAME, self.lake)
        assert found is not None
        return found

    def ledger(self) -> ledger.Ledger:
        """What the table knows of its files."""
        return ledger.read(NAME, self.lake, self.version())


@pytest.fixture
def visits(
    app_here: App, spark: "SparkSession", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Visits:
    """An empty lake and its job."""
    monkeypatch.setitem(jobs.JOBS, NAME, "a lake table of the tests")
    monkeypatch.setattr(jobs, "__path__", [*jobs.__path__, str(Path(__file__).parent / "jobs")])
    return Visits(app_here, spark, tmp_path)


@pytest.fixture(autouse=True)
def _catalogues_are_forgotten(spark: Any) -> Iterator[None]:
    """A session keeps the catalogue that it asked first, as a command has one lake."""
    yield
    spark._jsparkSession.sessionState().catalogManager().reset()
