"""A lake table grows by what its files bring: rows are read once, judged, and put on a branch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from spark_app.declarations import Evidence, Files, Rule, Table
from spark_app.lake import iceberg, ledger
from spark_app.lake.frames import path_of, read_parquet
from spark_app.lake.iceberg import SOURCE_ID, partition_of
from spark_app.lake.ledger import Ledger
from spark_app.quality.results import results_of
from spark_app.quality.rules import broken_names
from spark_app.quality.source_findings import counted, own_findings
from spark_app.quality.table_findings import lake_findings
from spark_app.run.growth import Growth
from spark_app.run.reading import Footers, as_delivered, files_of, prepare, read_pinned
from spark_app.run.state import RunState
from spark_app.sources import contract
from spark_app.sources.text_types import DELIVERED
from spark_app.spark.sql import sql_name

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession

FileDay = tuple[int, date]
Group = tuple[str, tuple[str, ...], int]  # a file, the rules that rows of it break, how many rows
_FILE = "source_file"


@dataclass(frozen=True)
class Staged:
    """The rows of the files that a run reads, good and bad, as they were written to its folder.

    `numbers` are those of the file versions by the name that Spark gives each file; by number
    `rows_by_source` and `bad_by_source` count rows.
    """

    rows: "DataFrame"
    numbers: Mapping[str, int]
    rows_by_source: Mapping[int, int]
    bad_by_source: Mapping[int, int]

    @property
    def good(self) -> "DataFrame":
        """The rows that break no rule."""
        return self.rows.where("size(broken_rules) = 0")

    @property
    def bad(self) -> "DataFrame":
        """The rows that break a rule."""
        return self.rows.where("size(broken_rules) > 0")


@dataclass(frozen=True)
class Built:
    """What stands on the branch of a run: how many new rows it kept, and what its ledger adds."""

    kept_count: int
    changes: Ledger


def stage(run: RunState, spark: "SparkSession", footers: Footers, growth: Growth) -> Staged:
    """Read the files once: rows and what rules they break stand in the run's folder from then on;
    bad rows go to quarantine, and the checks of the source are answered."""
    (pinned,) = run.sources
    source = files_of(pinned)
    rules = run.rules_of(source)
    prepare(run, spark, footers)
    rows = _with_broken(read_pinned(spark, pinned, footers[source.name]), rules)
    folder = run.lake.staging(run.run_id, run.job.name)
    run.lake.write_frame(rows, folder)
    staged = read_parquet(spark, _ddl(rows), [folder])
    known = {file.path: number for number, file in growth.arrivals.to_read.items()}
    groups = [
        (row[_FILE], tuple(row["broken_rules"]), int(row["count"]))
        for row in staged.groupBy(_FILE, "broken_rules").count().collect()
    ]
    found = _counted(staged, {uri: known[path_of(uri)] for uri, _, _ in groups}, groups)
    if any(found.bad_by_source.values()):
        bad = as_delivered(found.bad, source)
        run.lake.write_frame(bad, run.lake.quarantine(source.name, run.run_id))
    broken = Counter({rule.name: 0 for rule in rules})
    for _, names, count in groups:
        broken.update(dict.fromkeys(names, count))
    _judge_source(run, source, footers, found, broken)
    return found


def build(run: RunState, spark: "SparkSession", staged: Staged, growth: Growth) -> Built:
    """Put the rows of the files on a branch of the table, and judge the days that they touch."""
    table = run.job.publishes
    new = _new_rows(run, spark, staged)
    partition = partition_of(table)
    good = _by_day(new, partition)
    iceberg.ensure(spark, table, run.lake)
    iceberg.begin(spark, table, run.run_id)
    arrived = {day for _, day in good}
    replaced = growth.known.days_of(growth.arrivals.replaced)
    rewritten = replaced | _days_with_both(spark, table, new, arrived - replaced, growth)
    rows = new
    if rewritten:
        published = iceberg.published_rows(spark, table).where(iceberg.within(table, rewritten))
        if growth.arrivals.replaced:
            published = published.where(~published[SOURCE_ID].isin(*growth.arrivals.replaced))
        rows = published.unionByName(new)
    iceberg.replace_days(spark, table, run.run_id, one_of_each(rows, table), rewritten)
    touched = arrived | rewritten
    branch = iceberg.branch_rows(spark, table, run.run_id).where(iceberg.within(table, touched))
    _judge_table(run, table, branch, iceberg.branch_rows(spark, table, run.run_id).count())
    return _built(run, staged, growth, good, _by_day(branch, partition))


def one_of_each(rows: "DataFrame", table: Table) -> "DataFrame":
    """Of the rows with one key the one with the largest values: the order of arrival chooses none.

    Of rows that are equal in all columns that of the earliest file version stays.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    others = [c.name for c in table.columns if c.name not in (*table.key, partition_of(table))]
    order = [F.col(name).desc_nulls_last() for name in others]
    same = Window.partitionBy(partition_of(table), *table.key).orderBy(*order, SOURCE_ID)
    return rows.withColumn("nth", F.row_number().over(same)).where("nth = 1").drop("nth")


def _with_broken(rows: "DataFrame", rules: Sequence[Rule]) -> "DataFrame":
    """With the rules that each row breaks and its file; good rows do not keep their text."""
    from pyspark.sql import functions as F

    marked = rows.withColumn("broken_rules", broken_names(rules)).withColumn(
        _FILE, F.input_file_name()
    )
    texts = [name for name in marked.columns if name.startswith(DELIVERED)]
    is_bad = F.size("broken_rules") > 0
    return marked.withColumns({name: F.when(is_bad, F.col(name)) for name in texts})


def _ddl(rows: "DataFrame") -> str:
    return ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema)


def _counted(rows: "DataFrame", numbers: Mapping[str, int], groups: Sequence[Group]) -> Staged:
    every, bad = Counter[int](), Counter[int]()
    for uri, broken, count in groups:
        every[numbers[uri]] += count
        bad[numbers[uri]] += count if broken else 0
    return Staged(rows, numbers, every, bad)


def _judge_source(
    run: RunState, source: Files, footers: Footers, staged: Staged, broken: Mapping[str, int]
) -> None:
    rows_count, bad_count = (
        sum(counts.values()) for counts in (staged.rows_by_source, staged.bad_by_source)
    )
    good = staged.good.select(*(sql_name(column.name) for column in source.columns))
    evidence = Evidence(rows=good, today=run.today, options=run.options)
    found = {
        **contract.findings(footers[source.name]),
        **counted(rows_count, None, broken, bad_count, run.tolerance_of(source)),
        **own_findings(source.checks, evidence, run.options),
    }
    run.results += results_of(run.checks_at("raw", source.name), found)


def _new_rows(run: RunState, spark: "SparkSession", staged: Staged) -> "DataFrame":
    """The rows of the table that follow from the good rows, with the number of their file."""
    import pyarrow as pa
    from pyspark.sql import functions as F

    uris = pa.array(list(staged.numbers), pa.string())
    ids = pa.array(list(staged.numbers.values()), pa.int32())
    known = spark.createDataFrame(pa.table({_FILE: uris, SOURCE_ID: ids}))
    good = staged.good.join(F.broadcast(known), _FILE)
    (pinned,) = run.sources
    promised = [column.name for column in files_of(pinned).columns]
    made = run.job.transform(good.select(*promised, SOURCE_ID), **run.options_of(run.job.transform))
    if SOURCE_ID not in made.columns:
        raise ValueError(
            f"the transform of {run.job.name} drops columns that it does not know: a row must keep "
            "the file that it came from, so add columns to the frame instead of selecting some"
        )
    return made.select(*(column.name for column in run.job.publishes.columns), SOURCE_ID)


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


def _judge_table(run: RunState, table: Table, branch: "DataFrame", rows_count: int) -> None:
    evidence = Evidence(rows=branch, today=run.today, options=run.options)
    found = {
        **lake_findings(table, branch, rows_count, run.options),
        **own_findings((*table.checks, *run.job.checks), evidence, run.options),
    }
    run.results += results_of(run.checks_at("final", table.name), found)


def _by_day(rows: "DataFrame", partition: str) -> dict[FileDay, int]:
    """How many rows there are of each file version and day."""
    counts = rows.groupBy(SOURCE_ID, partition).count().collect()
    return {(row[0], row[1]): row[2] for row in counts}


def _built(
    run: RunState,
    staged: Staged,
    growth: Growth,
    good: Mapping[FileDay, int],
    kept: Mapping[FileDay, int],
) -> Built:
    """What the ledger learns from the days that were touched, of which `kept` has all rows: of the
    files that were read, and of known ones whose rows were replaced or lost to others."""
    import pandas as pd

    arrivals = growth.arrivals
    read = [
        {
            "source_id": number,
            "path": file.path,
            "size_bytes": file.size_bytes,
            "version": file.version,
            "state": ledger.CURRENT,
            "run_id": run.run_id,
            "rows_count": staged.rows_by_source.get(number, 0),
            "quarantined_count": staged.bad_by_source.get(number, 0),
        }
        for number, file in arrivals.to_read.items()
    ]
    files = pd.concat([pd.DataFrame(read, columns=list(ledger.FILES)), _known_files(growth)])
    had = {**_known_rows(growth, {day for _, day in (*good, *kept)}), **good}
    days = [
        (number, day, kept.get((number, day), 0), count - kept.get((number, day), 0))
        for (number, day), count in had.items()
    ]
    new_count = sum(count for (number, _), count in kept.items() if number in arrivals.to_read)
    return Built(new_count, Ledger(files, pd.DataFrame(days, columns=list(ledger.DAYS))))


def _known_rows(growth: Growth, touched: set[date]) -> dict[FileDay, int]:
    """The good rows of known file versions in some days, kept or not; none of replaced ones."""
    days = growth.known.days
    days = days[days["day"].isin(touched | growth.known.days_of(growth.arrivals.replaced))]
    counts = days["rows_count"] + days["duplicates_count"]
    counts = counts.where(~days["source_id"].isin(growth.arrivals.replaced), 0)
    keys = days[["source_id", "day"]].itertuples(index=False, name=None)
    return dict(zip(keys, counts.tolist(), strict=True))


def _known_files(growth: Growth) -> "pd.DataFrame":
    """Known file versions that were replaced or are gone."""
    arrivals, here = growth.arrivals, growth.known.here.copy()
    ids = here["source_id"]
    here.loc[ids.isin(arrivals.replaced), "state"] = ledger.SUPERSEDED
    here.loc[ids.isin(arrivals.gone), "state"] = ledger.GONE
    return here[ids.isin((*arrivals.replaced, *arrivals.gone))]
