"""A lake table that the package does not know, in lakes on the disk and in S3."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pyarrow.parquet as pq
import pytest

from spark_app import jobs
from spark_app.declarations import Column, Files
from spark_app.jobs import find_job
from spark_app.lake import catalogue, iceberg, ledger
from spark_app.lake.lake import Lake
from spark_app.spark.iceberg import catalogue_conf
from tests.e2e.in_process import App, app_here
from tests.e2e.process import Ended, expect_done
from tests.s3.conftest import app_on_s3, bucket, lake, proxy, s3, s3_url

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["app_here", "app_on_s3", "bucket", "lake", "proxy", "s3", "s3_url"]

NAME, MART = "visit", "visit_day"
ON_DISK, IN_S3 = "on a disk", "in S3"
on_disk_and_in_s3 = pytest.mark.parametrize("visits", [ON_DISK, IN_S3], indirect=True)
in_s3 = pytest.mark.parametrize("visits", [IN_S3], indirect=True)
CATALOGUE_SETTINGS = f"spark.sql.catalog.{catalogue.CATALOGUE}"
PAGES = Column("pages", "bigint", "how many", null="not counted", least=0)
COUNTRY = Column("country", "string", "from where", null="not known")
Row = tuple[str, str, int | None]


class Killed(BaseException):
    """Ends a command where nothing of it is asked for a last word."""


def killed(*arguments: object) -> None:
    """Stands in place of the function in which a command is killed."""
    raise Killed


class Visits:
    """A lake of visits: deliver files, run the job, look at what readers see."""

    def __init__(self, app: App, spark: "SparkSession", folder: Path, lake: Lake) -> None:
        """Take the folder to work in, and a lake: in it, or in S3."""
        self._app, self.spark, self._folder, self.lake = app, spark, folder, lake
        self.root = folder / "lake"
        self.raw = self.root / "raw" / "visits"

    def deliver(self, name: str, *lines: str) -> None:
        """A file of lines, in place of one of that name."""
        content = "".join(f"{line}\n" for line in lines).encode()
        path = self.lake.path("raw", "visits", name)
        self.lake.store.write(path, content, str(self._folder))

    def run(self, run_id: str, *more: object, code: int = 0) -> Ended:
        """Run the job."""
        asked = ("run", NAME, "--lake", self.lake.root, "--run-id", run_id, *more)
        ended = self._app(*asked, cwd=self._folder)
        assert ended.code == code, ended.err
        return ended

    def done(self, run_id: str) -> Ended:
        """Run the job, which publishes and bothers nobody."""
        return expect_done(self.run(run_id))

    def make(self, run_id: str, *more: object, code: int = 0) -> Ended:
        """Run the job that reads the lake table."""
        return self.ask("run", MART, "--run-id", run_id, *more, code=code)

    def by_day(self) -> list[tuple[str, int, int]]:
        """What readers see of the table made from the lake table: day, visits and pages."""
        content, _ = self.lake.store.fetch(self.lake.published_path(MART)) or (b"", "")
        rows = pq.read_table(BytesIO(content)).to_pylist()
        return [(str(row["day"]), row["visits"], row["pages"]) for row in rows]

    def index(self) -> str:
        """The site's page of all tables."""
        content, _ = self.lake.store.fetch(self.lake.index_path()) or (b"", "")
        return content.decode()

    def ask(self, *asked: object, code: int = 0) -> Ended:
        """Any other command."""
        ended = self._app(*asked, "--lake", self.lake.root, cwd=self._folder)
        assert ended.code == code, ended.err
        return ended

    def elsewhere(self, *asked: object) -> Ended:
        """A command for another lake."""
        return self._app(*asked, cwd=self._folder)

    def all(self, run_id: str) -> Ended:
        """Run all jobs."""
        asked = ("run", "--all", "--lake", self.lake.root, "--run-id", run_id)
        return expect_done(self._app(*asked, cwd=self._folder))

    def rows(self) -> list[Row]:
        """The rows that readers see, in order."""
        self.use()
        found = iceberg.published_rows(self.spark, find_job(NAME).publishes)
        rows = found.selectExpr("user", "string(at)", "pages").collect()
        return sorted(((row[0], row[1], row[2]) for row in rows), key=str)

    def manifest(self, run_id: str) -> dict[str, Any]:
        """What a run kept of itself."""
        found = self.lake.manifest(run_id)
        assert found is not None
        return found

    @property
    def namespace(self) -> str:
        """Where Spark finds the table."""
        return catalogue.namespace_of(self.lake)

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

    def change(self, statement: str) -> None:
        """Let somebody else change rows behind the ledger's back, and sign as the last run."""
        self.use()
        prefix = "spark.sql.iceberg.snapshot-property.spark_app."
        signature = {f"{prefix}{name}": value for name, value in self.version().marks.items()}
        for name, value in signature.items():
            self.spark.conf.set(name, value)
        self.spark.sql(statement)
        for name in signature:
            self.spark.conf.unset(name)

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
    request: pytest.FixtureRequest,
    app_here: App,
    spark: "SparkSession",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Visits:
    """An empty lake and its job; on a disk unless the parameter says that it is in S3."""
    monkeypatch.setitem(jobs.JOBS, NAME, "a lake table of the tests")
    monkeypatch.setattr(jobs, "__path__", [*jobs.__path__, str(Path(__file__).parent / "jobs")])
    if getattr(request, "param", ON_DISK) == IN_S3:
        in_s3 = (request.getfixturevalue(name) for name in ("app_on_s3", "lake"))
        return Visits(next(in_s3), spark, tmp_path, next(in_s3))
    return Visits(app_here, spark, tmp_path, Lake(str(tmp_path / "lake")))


@pytest.fixture
def visit_day(visits: Visits, monkeypatch: pytest.MonkeyPatch) -> Visits:
    """The same lake, in which another job makes a table of one file from the lake table."""
    monkeypatch.setitem(jobs.JOBS, MART, "a table that is made from a lake table")
    return visits


@pytest.fixture(autouse=True)
def _catalogues_are_forgotten(spark: Any) -> Iterator[None]:
    """A session keeps the catalogue that it asked first, as a command has one lake."""
    yield
    for name in [name for name in spark.conf.getAll if name.startswith(CATALOGUE_SETTINGS)]:
        spark.conf.unset(name)
    spark._jsparkSession.sessionState().catalogManager().reset()
