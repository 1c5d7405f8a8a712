"""The layers after raw of any job: what is built from its sources, and what its checks look at."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_app.declarations import (
    Column,
    Evidence,
    Files,
    Finding,
    Job,
    OneFile,
    Option,
    Parquet,
    Staging,
    Table,
    fail,
)
from spark_app.errors import GateShut
from spark_app.jobs.parsing import days as parse_days
from spark_app.lake.lake import OPTIONS_KEY, RUN_ID_KEY, Lake
from spark_app.run.since import KeptRows
from tests.builders import job_of
from tests.unit.runs import build, deliver, publish, run_of

DAY = date(2021, 5, 1)
COLUMNS = (
    Column("shop", "string", "a shop"),
    Column("day", "date", "a day"),
    Column("amount", "bigint", "an amount", least=0),
)
SALES = Files("sales", Parquet(), COLUMNS, time="day")
TOTALS = Table("totals", "one row each", key=("shop", "day"), columns=COLUMNS, time="day")
FACTOR = Option("factor", parse_days, 10, "by how much amounts are multiplied")


def rows(*given: tuple[str, int, int]) -> pa.Table:
    """Amounts of shops and days, counted from the first of May."""
    table = [{"shop": s, "day": DAY + timedelta(days=day), "amount": n} for s, day, n in given]
    types = {"shop": pa.string(), "day": pa.date32(), "amount": pa.int64()}
    return pa.Table.from_pylist(table, schema=pa.schema(types))


def plain(table: pa.Table) -> list[tuple[str, int, int]]:
    """The rows as `rows` takes them."""
    return [(r["shop"], (r["day"] - DAY).days, r["amount"]) for r in table.to_pylist()]


SOLD = rows(("b", 1, 1), ("a", 2, 2), ("b", 0, 3), ("a", 0, 4))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(str(tmp_path / "lake"))
    deliver(lake, "sales", SOLD)
    return lake


def totals(sales: DataFrame) -> DataFrame:
    return sales.groupBy("shop", "day").agg(F.sum("amount").alias("amount"))


def multiplied(sales: DataFrame, factor: int) -> DataFrame:
    return sales.withColumn("amount", F.col("amount") * factor)


def test_rows_stand_in_the_order_of_the_key(spark: SparkSession, lake: Lake) -> None:
    _, built = build(run_of(job_of(TOTALS, SALES), lake), spark)
    assert plain(built) == [("a", 0, 4), ("a", 2, 2), ("b", 0, 3), ("b", 1, 1)]
    by_day = replace(TOTALS, key=("day", "shop"))
    _, built = build(run_of(job_of(by_day, SALES), lake, "two"), spark)
    assert plain(built) == [("a", 0, 4), ("b", 0, 3), ("b", 1, 1), ("a", 2, 2)]


def test_what_was_built_says_in_its_metadata_which_run_made_it_and_how(
    spark: SparkSession, lake: Lake
) -> None:
    job = Job((SALES,), multiplied, TOTALS, options=(FACTOR,))
    build(run_of(job, lake, options={"factor": 3}), spark)
    marks = pq.read_schema(lake.built("one", "totals")).metadata
    assert (marks[RUN_ID_KEY], marks[OPTIONS_KEY]) == (b"one", b'{"factor": 3}')


def test_an_option_that_the_transform_names_is_handed_to_it(
    spark: SparkSession, lake: Lake
) -> None:
    job = Job((SALES,), multiplied, TOTALS, options=(FACTOR,))
    _, built = build(run_of(job, lake, options={"factor": 3}), spark)
    assert plain(built)[0] == ("a", 0, 12)
    _, built = build(run_of(job, lake, "two"), spark)
    assert plain(built)[0] == ("a", 0, 40)


def test_sources_come_to_the_transform_in_their_order(spark: SparkSession, lake: Lake) -> None:
    returns = replace(SALES, name="returns")
    deliver(lake, "returns", rows(("a", 0, 1)))

    def without(sales: DataFrame, returned: DataFrame) -> DataFrame:
        return sales.join(returned, ["shop", "day"], "left_anti")

    _, built = build(run_of(Job((SALES, returns), without, TOTALS), lake), spark)
    assert plain(built) == [("a", 2, 2), ("b", 0, 3), ("b", 1, 1)]
    _, built = build(run_of(Job((returns, SALES), without, TOTALS), lake, "two"), spark)
    assert plain(built) == []


def test_what_since_keeps_stands_beside_what_is_made_again(spark: SparkSession, lake: Lake) -> None:
    run = run_of(Job((SALES,), totals, TOTALS), lake)
    run.kept = KeptRows(DAY + timedelta(days=1), rows(("c", 0, 9)))
    _, built = build(run, spark)
    assert plain(built) == [("a", 2, 2), ("b", 1, 1), ("c", 0, 9)]


def doubled(staged: DataFrame) -> DataFrame:
    return multiplied(staged, 2)


def filled(made: DataFrame) -> DataFrame:
    """Every shop on the newest day, too."""
    day = made.agg(F.max("day").alias("day"))
    every = made.select("shop").distinct().crossJoin(day).withColumn("amount", F.lit(0))
    return made.unionByName(every.join(made, ["shop", "day"], "left_anti"))


STAGED = Job((SALES,), doubled, TOTALS, Staging(replace(TOTALS, name="grid"), totals, filled))


def test_staging_is_made_completed_and_then_transformed(spark: SparkSession, lake: Lake) -> None:
    staged, built = build(run_of(STAGED, lake), spark)
    assert staged is not None
    assert sorted(plain(staged))[-1] == ("b", 2, 0)
    assert plain(built) == [("a", 0, 8), ("a", 2, 4), ("b", 0, 6), ("b", 1, 2), ("b", 2, 0)]


def test_staging_is_completed_together_with_what_since_keeps_of_it(
    spark: SparkSession, lake: Lake
) -> None:
    run = run_of(STAGED, lake)
    run.kept = KeptRows(DAY + timedelta(days=1), rows(("c", 0, 9)))
    staged, built = build(run, spark)
    assert staged is not None
    assert sorted(plain(staged)) == [
        ("a", 2, 2),
        ("b", 1, 1),
        ("b", 2, 0),
        ("c", 0, 9),
        ("c", 2, 0),
    ]
    assert ("c", 0, 18) in plain(built)


def test_checks_see_the_table_its_staging_its_sources_and_what_is_published(
    spark: SparkSession, lake: Lake
) -> None:
    build(first := run_of(STAGED, lake), spark)
    publish(first)

    def look(evidence: Evidence) -> Finding:
        assert evidence.table is not None
        assert evidence.published is not None
        assert evidence.rows.count() == evidence.table.num_rows
        assert evidence.sources["sales"].count() == 4
        staging = "no staging" if evidence.staging is None else sorted(plain(evidence.staging))[0]
        return Finding(evidence.published.num_rows, 0, f"{evidence.newest}, {staging}")

    looking = (fail("look", "Words.", look),)
    grid = replace(TOTALS, name="grid", checks=looking)
    more = replace(STAGED, staging=Staging(grid, totals), checks=looking)
    build(run := run_of(more, lake, "two"), spark)
    found = {(r.layer, r.table): (r.rows, r.detail) for r in run.results if r.check == "look"}
    assert found == {
        ("staging", "grid"): (5, "2021-05-03, no staging"),
        ("final", "totals"): (5, "2021-05-03, ('a', 0, 4)"),
    }


def test_history_is_compared_with_what_is_published_in_the_final_layer_alone(
    spark: SparkSession, lake: Lake
) -> None:
    build(first := run_of(STAGED, lake), spark)
    publish(first)
    deliver(lake, "sales", rows(("a", 0, 5), ("b", 3, 1)))
    build(run := run_of(STAGED, lake, "two"), spark)
    (found,) = [result for result in run.results if result.check == "history_unchanged"]
    assert (found.layer, found.severity, found.outcome) == ("final", "warn", "failed")
    assert found.detail == "3 rows from 2021-05-01 to 2021-05-02, such as a, 2021-05-01"


def test_a_staging_table_beyond_its_size_shuts_the_gate_before_it_is_held(
    spark: SparkSession, lake: Lake
) -> None:
    small = replace(TOTALS, name="grid", kept_as=OneFile(most_bytes=100))
    job = replace(STAGED, staging=Staging(small, totals))
    with pytest.raises(GateShut, match="fits_one_file"):
        build(run_of(job, lake), spark)
