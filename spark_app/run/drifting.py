"""What a lake table is held against: its own past, as the ledger and the manifests have it."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from spark_app.declarations import Finding
from spark_app.lake import iceberg
from spark_app.lake.ledger import FileDay
from spark_app.quality.lake_drift import (
    DayCounts,
    corrected_finding,
    days_before,
    drift_checks,
    event_of,
    newest_day_finding,
    newest_whole_day,
    nulls_finding,
)
from spark_app.run.state import RunState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def drift_findings(
    run: RunState, spark: "SparkSession", touched: Collection[date], kept: Mapping[FileDay, int]
) -> dict[str, Finding]:
    """The findings of `drift_checks`, of the table as it is on the branch."""
    table = run.job.publishes
    counts = _counts_by_day(run, touched, kept)
    day = newest_whole_day(counts, run.today)
    nulls = iceberg.null_counts(spark, table, run.run_id, days_before(day))
    found = [
        newest_day_finding(counts, day),
        nulls_finding(table, {at: DayCounts(n, of) for at, n, of in nulls}, day),
    ]
    if event := event_of(table):
        around = {one + timedelta(days=n) for one in touched for n in (-1, 0, 1)}
        rows = iceberg.branch_rows(spark, table, run.run_id).where(iceberg.within(table, around))
        found.append(corrected_finding(event, rows))
    return {name: one for (name, _), one in zip(drift_checks(table), found, strict=True)}


def _counts_by_day(
    run: RunState, touched: Collection[date], kept: Mapping[FileDay, int]
) -> dict[date, int]:
    """The rows of every day: of those that were touched as they are now, else as they were."""
    known = run.arrived.known.rows_by_day
    counts = Counter({day: count for day, count in known.items() if day not in touched})
    for (_, day), count in kept.items():
        counts[day] += count
    return dict(counts)
