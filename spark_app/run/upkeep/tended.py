"""A lake table in an operator's hands: locked, with a Spark that reaches it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_app import stopping
from spark_app.declarations import Job, Table
from spark_app.errors import Stopped
from spark_app.lake import iceberg
from spark_app.lake.catalogue import Snapshot
from spark_app.lake.changes import marks_of
from spark_app.lake.lake import Lake
from spark_app.lake.store import Lock, is_s3
from spark_app.lake.versions import published_version, require_lake_table
from spark_app.run.manifest import new_run_id
from spark_app.run.stages import Surroundings
from spark_app.spark.conf import codegen_conf, require_able_machine
from spark_app.spark.failures import explained_failures

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


ADVICE = "readers see the old version or the new one; the same command again does the rest"


@dataclass(frozen=True)
class Tended:
    """A lake table whose lock is held. `version` is what readers saw when the command began;
    `change_id` is the command's own, and that of its branch."""

    job: Job
    version: Snapshot
    change_id: str
    session: "SparkSession"
    lock: Lock
    around: Surroundings

    @property
    def table(self) -> Table:
        return self.job.publishes

    @property
    def lake(self) -> Lake:
        return self.around.lake

    def begin(self, at: Snapshot | None = None) -> None:
        """Begin the branch of the command at a version; null: at what readers see."""
        iceberg.begin(self.session, self.table, self.change_id, at.snapshot_id if at else None)

    def mark(self, content: Snapshot, command: str, **more: str) -> None:
        """Say on the branch whose content it has, and which command made it."""
        marks = marks_of(content, command, self.change_id, **more)
        iceberg.mark(self.session, self.table, self.change_id, marks)

    def publish(self) -> None:
        """Move what readers see to the branch, and forget old versions.

        Raises:
            RunFailed: the lock was lost, or somebody else has published meanwhile.
        """
        with stopping.deferred():
            self.lock.require()
            iceberg.publish(self.session, self.table, self.change_id)
        self.tidy()

    def publish_instead(self) -> None:
        """The same where the branch does not go on from what readers see."""
        seen, require = self.version.snapshot_id, self.lock.require
        with stopping.deferred():
            iceberg.publish_instead(self.session, self.table, self.change_id, seen, require)
        self.tidy()

    def tidy(self) -> None:
        """Forget the branch and old versions."""
        iceberg.tidy(self.session, self.table, self.change_id, self.around.clock)


@contextmanager
def tended(job: Job, around: Surroundings) -> Iterator[Tended]:
    """Hold a lake table's lock, and reach the table by Spark, for the time of the block.

    Raises:
        Unusable: it is no lake table, or nothing of it is published yet.
        RunFailed: a run holds the lock.
    """
    require_lake_table(job)
    lake, change_id = around.lake, new_run_id(around.clock)
    with lake.lock(job.name, change_id, around.clock, around.progress.line) as lock:
        version = published_version(job, lake)
        size = int(version.summary.get("total-files-size", 0))
        with spark_of(around, change_id, size) as session:
            for key, value in codegen_conf(version.rows_count).items():
                session.conf.set(key, value)
            iceberg.forget_branches(session, job.publishes)
            try:
                yield Tended(job, version, change_id, session, lock, around)
            except Stopped as stopped:
                stopped.advice = ADVICE
                raise


@contextmanager
def spark_of(
    around: Surroundings, change_id: str, input_bytes: int = 0
) -> "Iterator[SparkSession]":
    """A session that reaches the lake's tables, whose log is that of the command."""
    lake = around.lake
    require_able_machine()
    with (
        around.spark.started(
            log=lambda: lake.log_file(change_id),
            log_name=lake.log(change_id),
            input_bytes=input_bytes,
            has_s3=is_s3(lake.root),
            lake_tables=lake,
        ) as connect,
        explained_failures(lambda: None, lake.root),
    ):
        yield connect()
