"""A run leaves no crumbs: days that it touched and that lie in many small files are compacted."""

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from spark_app import stopping
from spark_app.errors import RunFailed
from spark_app.lake import catalogue, compaction, iceberg
from spark_app.lake.store import Lock
from spark_app.run.state import RunState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def compact_touched(
    run: RunState, spark: "SparkSession", days: Collection[date], lock: Lock
) -> None:
    """Compact those of the days that crumbled: a version of its own, after that of the run. The
    run is published already, so that a table that somebody else changed is left as it is."""
    table = run.job.publishes
    crumbled = compaction.crumbled(spark, table, days)
    version = catalogue.current(table.name, run.lake) if crumbled else None
    if version is None:
        return
    iceberg.begin(spark, table, run.run_id)
    done = compaction.compact(spark, table, run.run_id, version, crumbled)
    try:
        with stopping.deferred():
            lock.require()
            iceberg.publish(spark, table, run.run_id)
    except RunFailed:
        run.progress.line("small files are left for the next run: somebody else publishes by now")
        return
    iceberg.tidy(spark, table, run.run_id, run.clock)
    run.progress.line(f"compacted {done.in_words()}")
