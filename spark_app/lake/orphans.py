"""Files of a lake table that no version needs: what runs left that failed, died or were folded."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spark_app.declarations import Table
from spark_app.lake import catalogue, iceberg, ledger
from spark_app.lake.paths import Paths

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SAFE_AGE = timedelta(days=3)  # longer than any run: a younger file may be part of one


def remove_files(session: "SparkSession", table: Table, lake: Paths, before: datetime) -> int:
    """Remove data and metadata of before a moment that no version names; how many files. The caller
    holds the lock."""
    count = 0
    for folder in ("data", "metadata"):
        action = iceberg.actions(session).deleteOrphanFiles(iceberg.loaded(session, table))
        action = action.location(lake.store.join(lake.lake_table(table.name), folder))
        done = action.usePrefixListing(True).olderThan(iceberg.millis(before)).execute()
        count += done.orphanFilesCount()
    return count


def remove_parts(table: Table, lake: Paths) -> int:
    """Remove parts of the ledger that no version names; how many. The caller holds the lock."""
    versions = [change.version for change in catalogue.history(table.name, lake)]
    named = {part for version in versions for part in ledger.parts_of(version)}
    folder = lake.ledger_folder(table.name)
    names = lake.store.children(folder)
    left = [name for name in names if name.rpartition("-")[0] not in named]
    lake.store.delete([lake.store.join(folder, name) for name in left])
    return len(left)
