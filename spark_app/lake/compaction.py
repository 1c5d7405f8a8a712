"""Days of a lake table that lie in many small files become few large ones, sorted as the table."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from spark_app.declarations import Table
from spark_app.lake import iceberg
from spark_app.lake.catalogue import MARK, Snapshot
from spark_app.lake.changes import marks_of
from spark_app.lake.iceberg import FILE_BYTES, partition_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SMALL_BYTES = FILE_BYTES // 2
MOST_SMALL_FILES = 16


@dataclass(frozen=True)
class Compacted:
    """How many files took the place of how many."""

    days_count: int
    files_before_count: int
    files_after_count: int

    def in_words(self) -> str:
        """`2 days: 60 files became 2`."""
        days = f"{self.days_count:,} day{'s' if self.days_count > 1 else ''}"
        return f"{days}: {self.files_before_count:,} files became {self.files_after_count:,}"


def crumbled(
    session: "SparkSession", table: Table, among: Collection[date] | None = None
) -> Sequence[date]:
    """The days that readers see in more small files than is good, in order; `among` null: all."""
    from pyspark.sql import functions as F

    day = F.col("partition").getField(partition_of(table))
    files = iceberg.files(session, table).select(day.alias("day"), "file_size_in_bytes")
    if among is not None:
        files = files.where(F.col("day").isin(*sorted(among)))
    counts = files.where(F.col("file_size_in_bytes") < SMALL_BYTES).groupBy("day").count()
    return sorted(row[0] for row in counts.where(F.col("count") > MOST_SMALL_FILES).collect())


def compact(
    session: "SparkSession",
    table: Table,
    change_id: str,
    version: Snapshot,
    days: Collection[date],
) -> Compacted:
    """Put the files of some days together on the branch of a change, which begins at a version: one
    commit, which changes no row."""
    found = iceberg.loaded(session, table)
    action = iceberg.actions(session).rewriteDataFiles(found)
    action = action.toBranch(iceberg.BRANCH + change_id).filter(_within(session, table, days))
    action = action.binPack() if found.sortOrder().isUnsorted() else action.sort()
    action = action.option("min-input-files", "2")
    for name, value in marks_of(version, "compact", change_id).items():
        action = action.snapshotProperty(f"{MARK}{name}", value)
    done = action.execute()
    return Compacted(len(days), done.rewrittenDataFilesCount(), done.addedDataFilesCount())


def _within(session: "SparkSession", table: Table, days: Collection[date]) -> Any:
    """Iceberg's own expression of a row that lies in one of some days."""
    jvm = session._jvm
    listed = jvm.java.util.ArrayList()  # type: ignore[union-attr]
    for day in sorted(days):
        listed.add(day.isoformat())
    expressions = jvm.org.apache.iceberg.expressions.Expressions  # type: ignore[union-attr]
    return getattr(expressions, "in")(partition_of(table), listed)
