"""A lake table grows by what its files bring: good rows are put on a branch, and judged there."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from spark_app.declarations import Evidence, Finding, Table
from spark_app.lake import iceberg, retention
from spark_app.lake.iceberg import SOURCE_ID, partition_of
from spark_app.lake.ledger import Content, FileDay, Ledger
from spark_app.quality.deliveries import COPIES_CHECK, copies_finding
from spark_app.quality.results import results_of
from spark_app.quality.source_findings import own_findings
from spark_app.quality.table_findings import lake_findings
from spark_app.run.bookkeeping import Days, changes_of, totals_of
from spark_app.run.drifting import drift_findings
from spark_app.run.growth import Growth, gone_copies
from spark_app.run.landing import Staged
from spark_app.run.reading import files_of
from spark_app.run.state import RunState
from spark_app.run.survivors import one_of_each
from spark_app.sources.text_types import SOURCE_FILE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_LOW = 0xFFFFFFFF
_MOST_ROW_BYTES = 16 * 2**10  # what is more are lines that become no row


@dataclass(frozen=True)
class Built:
    """What stands on the branch of a run: how many rows of the files that it read are in the table
    from then on, or are copies of others, and what its ledger adds."""

    kept_count: int
    duplicates_count: int
    changes: Ledger


def build(run: RunState, spark: "SparkSession", staged: Staged) -> Built:
    """Put the rows of the files on a branch of the table, and judge the days that they touch.

    Of a file whose earlier rows are replaced, days of the same content are left as they are.
    """
    table, growth = run.job.publishes, run.arrived
    expired = retention.too_old(table, growth.known, run.today)
    new = retention.kept(_new_rows(run, spark, staged), table, run.today)
    contents = _contents(new, table)
    changed = _changed_days(growth, contents) - expired
    iceberg.ensure(spark, table, run.lake)
    iceberg.begin(spark, table, run.run_id)
    touched = _write(run, spark, new, staged, contents, changed=changed, expired=expired)
    branch = iceberg.branch_rows(spark, table, run.run_id)
    kept = iceberg.counts_by_day(branch.where(iceberg.within(table, touched)), table)
    more = {
        COPIES_CHECK[0]: copies_finding(gone_copies(growth, changed)),
        **drift_findings(run, spark, touched, kept),
    }
    _judge_table(run, branch, touched, more)
    changes = changes_of(run.run_id, growth, staged, Days(contents, frozenset(changed), kept))
    changes = retention.applied(changes, growth.known, expired)
    return Built(*totals_of(growth, changes), changes)


def leave(run: RunState, spark: "SparkSession") -> Built:
    """Begin a branch of the table on which nothing changes: see `Growth.is_without_rows`."""
    iceberg.ensure(spark, run.job.publishes, run.lake)
    iceberg.begin(spark, run.job.publishes, run.run_id)
    return Built(0, 0, changes_of(run.run_id, run.arrived, None, Days()))


def _new_rows(run: RunState, spark: "SparkSession", staged: Staged) -> "DataFrame":
    """The rows of the table that follow from the good rows, with the number of their file."""
    import pyarrow as pa
    from pyspark.sql import functions as F

    uris = pa.array(list(staged.numbers), pa.string())
    ids = pa.array(list(staged.numbers.values()), pa.int32())
    known = spark.createDataFrame(pa.table({SOURCE_FILE: uris, SOURCE_ID: ids}))
    good = staged.good.join(F.broadcast(known), SOURCE_FILE)
    (pinned,) = run.sources
    promised = [column.name for column in files_of(pinned).columns]
    made = run.job.transform(good.select(*promised, SOURCE_ID), **run.options_of(run.job.transform))
    if SOURCE_ID not in made.columns:
        raise ValueError(
            f"the transform of {run.job.name} drops columns that it does not know: a row must keep "
            "the file that it came from, so add columns to the frame instead of selecting some"
        )
    return made.select(*(column.name for column in run.job.publishes.columns), SOURCE_ID)


def _write(
    run: RunState,
    spark: "SparkSession",
    new: "DataFrame",
    staged: Staged,
    contents: Mapping[FileDay, Content],
    *,
    changed: set[date],
    expired: set[date],
) -> set[date]:
    """Put new rows on the branch, those of files that were read before in their changed days alone;
    the days that were touched. A day with rows that go, or with a key twice, is written again, and
    one that expired goes."""
    table, growth = run.job.publishes, run.arrived
    earlier = growth.arrivals.earlier
    put = new.where(~new[SOURCE_ID].isin(*earlier) | iceberg.within(table, changed))
    arrived = {day for number, day in contents if number not in earlier or day in changed}
    rewritten = changed | _days_with_both(spark, table, put, arrived - changed, growth)
    rows = put
    if rewritten:
        published = iceberg.published_rows(spark, table).where(iceberg.within(table, rewritten))
        rows = published.where(~_is_replaced(table, growth, changed)).unionByName(put)
    chosen = one_of_each(rows, table, _bytes_by_day(run, staged, contents, rewritten))
    iceberg.replace_days(spark, table, run.run_id, chosen, rewritten | expired, dealt=True)
    return arrived | rewritten


def _bytes_by_day(
    run: RunState, staged: Staged, contents: Mapping[FileDay, Content], rewritten: Collection[date]
) -> dict[date, float]:
    """About how large the rows of each day are that are to be written, as they were delivered."""
    rows = Counter[date]()
    for (_, day), (count, _) in contents.items():
        rows[day] += count
    known = run.arrived.known.rows_by_day
    rows.update({day: count for day, count in known.items() if day in rewritten})
    every = max(sum(staged.rows_by_source.values()), 1)
    row_size = min(staged.bytes_count / every, _MOST_ROW_BYTES)
    return {day: count * row_size for day, count in rows.items()}


def _contents(rows: "DataFrame", table: Table) -> dict[FileDay, Content]:
    """What each file brings of each day: how many rows, and the sums of two hashes of each.

    128 bits by xxhash64, twice with another beginning: an order of magnitude cheaper than md5, and
    nobody gains by two deliveries that are taken for one. A sum, unlike an exclusive or, tells
    rows that stand there twice; halves of 32 bits never overflow it. Spark's hash passes over
    nulls, so which columns have a value is hashed as well: last, a new one changes nothing.
    """
    from pyspark.sql import functions as F

    names = [column.name for column in table.columns]
    there = [F.when(F.col(name).isNotNull(), F.lit(name)) for name in names]
    sums = []
    for beginning in range(2):
        found = F.xxhash64(F.lit(beginning), *names, *there)
        sums += [F.sum(F.shiftrightunsigned(found, 32)), F.sum(found.bitwiseAND(_LOW))]
    groups = rows.groupBy(SOURCE_ID, partition_of(table)).agg(F.count(F.lit(1)), *sums)
    return {
        (row[0], row[1]): (row[2], _digits(*row[3:5]) + _digits(*row[5:7]))
        for row in groups.collect()
    }


def _digits(high: int, low: int) -> str:
    """The sum of hashes of 64 bits in hex digits, of the sums of their halves."""
    return f"{((high << 32) + low) % 2**64:016x}"


def _changed_days(growth: Growth, contents: Mapping[FileDay, Content]) -> set[date]:
    """The days of which a file that was read before brings other rows than it did."""
    earlier = growth.arrivals.earlier
    old = growth.known.contents_of(set(earlier.values()))
    now = {(earlier[n], day): found for (n, day), found in contents.items() if n in earlier}
    return {day for number, day in {*old, *now} if old.get((number, day)) != now.get((number, day))}


def _is_replaced(table: Table, growth: Growth, changed: Collection[date]) -> "Column":
    """Whether a row of the table is one that a file brings again: of its day, under the number of
    any version of that file."""
    from pyspark.sql import functions as F

    mine = growth.known.of(set(growth.arrivals.earlier.values()))
    ids = set(map(int, mine.loc[mine["day"].isin(changed), "source_id"]))
    return iceberg.within(table, changed) & F.col(SOURCE_ID).isin(*ids)


def _days_with_both(
    spark: "SparkSession", table: Table, new: "DataFrame", days: set[date], growth: Growth
) -> set[date]:
    """The days in which a key arrives that the table has already."""
    if growth.version is None or not days:
        return set()
    partition = partition_of(table)
    keys = [partition, *table.key]
    before = iceberg.published_rows(spark, table).where(iceberg.within(table, days)).select(*keys)
    both = before.join(new.select(*keys), keys, "left_semi").select(partition).distinct()
    return {row[0] for row in both.collect()}


def _judge_table(
    run: RunState, branch: "DataFrame", touched: Collection[date], more: Mapping[str, Finding]
) -> None:
    table = run.job.publishes
    rows = branch.where(iceberg.within(table, touched))
    evidence = Evidence(rows=rows, today=run.today, options=run.options)
    found = {
        **lake_findings(table, rows, branch.count(), run.options),
        **own_findings((*table.checks, *run.job.checks), evidence, run.options),
        **more,
    }
    run.results += results_of(run.checks_at("final", table.name), found)
