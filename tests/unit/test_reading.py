"""The raw layer of any job: what is read of a source, set aside, and handed to its checks."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from spark_app.declarations import (
    Column,
    Evidence,
    Examination,
    Files,
    Finding,
    Job,
    Parquet,
    Table,
    fail,
)
from spark_app.errors import GateShut
from spark_app.jobs.organic_share import JOB
from spark_app.jobs.organic_share.counts import Counts
from spark_app.lake.lake import Lake
from spark_app.quality.results import CheckResult
from spark_app.run import reading
from spark_app.run.since import KeptRows
from tests.builders import A_DAY, Row, job_of, organic, paid, raw_table, staging_table
from tests.unit.runs import build, deliver, publish, read, run_of

DAY = date(2021, 5, 1)
COLUMNS = (
    Column("day", "date", "a day"),
    Column("amount", "bigint", "an amount", null="not known", least=0),
)
SALES = Files("sales", Parquet(), COLUMNS, time="day", tolerance=0.5)
TOTALS = Table("totals", "one row per day", key=("day",), columns=COLUMNS, time="day")


def sales(*rows: tuple[int | None, int | None]) -> pa.Table:
    """Amounts of days, counted from the first of May."""
    days = [None if day is None else DAY + timedelta(days=day) for day, _ in rows]
    amounts = pa.array([amount for _, amount in rows], pa.int64())
    return pa.table({"day": pa.array(days, pa.date32()), "amount": amounts})


GOOD = sales((0, 1), (1, 2), (2, None))
MIXED = sales((0, 1), (1, -2), (None, 3), (2, 4))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def rows_read(
    spark: SparkSession, lake: Lake, job: Job, since: date | None = None, **request: Any
) -> tuple[reading.SourceRows, dict[str, CheckResult]]:
    """What a run of a job reads of its one source, and the results of its raw checks."""
    run = run_of(job, lake, **request)
    run.kept = KeptRows(since, staging_table([])) if since else None
    (found,) = read(run, spark).values()
    return found, {result.check: result for result in run.results}


def failed(results: dict[str, CheckResult]) -> set[str]:
    return {name for name, result in results.items() if result.outcome != "passed"}


def test_good_rows_pass_every_check_and_leave_no_quarantine(
    spark: SparkSession, lake: Lake
) -> None:
    deliver(lake, "sales", GOOD)
    found, results = rows_read(spark, lake, job_of(TOTALS, SALES))
    assert (found.rows_count, found.quarantined_count, found.bad) == (3, 0, None)
    assert failed(results) == set()
    assert not Path(lake.quarantine("sales", "one")).exists()


def test_bad_rows_are_set_aside_with_their_rules_and_their_file(
    spark: SparkSession, lake: Lake
) -> None:
    path = deliver(lake, "sales", MIXED)
    found, results = rows_read(spark, lake, job_of(TOTALS, SALES))
    assert (found.rows_count, found.quarantined_count) == (4, 2)
    assert found.good.count() == 2
    assert failed(results) == {"day_present", "amount_in_range"}
    kept = pq.read_table(lake.quarantine("sales", "one")).to_pylist()
    assert {row["amount"]: row["broken_rules"] for row in kept} == {
        -2: ["amount_in_range"],
        3: ["day_present"],
    }
    assert all(row["source_file"].endswith(path) for row in kept)


def test_the_tolerance_is_that_of_the_source_unless_the_run_is_given_one(
    spark: SparkSession, lake: Lake
) -> None:
    deliver(lake, "sales", MIXED)
    strict = job_of(TOTALS, replace(SALES, tolerance=0.49))
    assert "quarantine_within_tolerance" in failed(rows_read(spark, lake, strict)[1])
    given = rows_read(spark, lake, strict, run_id="two", tolerance=0.5)[1]
    assert "quarantine_within_tolerance" not in failed(given)
    none = rows_read(spark, lake, job_of(TOTALS, SALES), run_id="three", tolerance=0.0)[1]
    assert "quarantine_within_tolerance" in failed(none)


def test_since_leaves_older_rows_out_but_none_without_a_date(
    spark: SparkSession, lake: Lake
) -> None:
    deliver(lake, "sales", MIXED)
    found, results = rows_read(spark, lake, job_of(TOTALS, SALES), since=DAY + timedelta(days=1))
    assert (found.rows_count, found.quarantined_count) == (3, 2)
    assert results["all_rows_read"].detail == "older rows were left out by --since"


def test_a_source_without_time_is_read_whole_whatever_since_is(
    spark: SparkSession, lake: Lake
) -> None:
    deliver(lake, "sales", MIXED)
    job = job_of(TOTALS, replace(SALES, time=None))
    found, results = rows_read(spark, lake, job, since=DAY + timedelta(days=9))
    assert found.rows_count == 4
    assert (results["all_rows_read"].rows, results["all_rows_read"].failed) == (4, 0)


def test_a_source_that_may_be_empty_has_no_check_for_rows(spark: SparkSession, lake: Lake) -> None:
    deliver(lake, "sales", sales())
    assert failed(rows_read(spark, lake, job_of(TOTALS, SALES))[1]) == {"has_rows"}
    empty = job_of(TOTALS, replace(SALES, may_be_empty=True))
    results = rows_read(spark, lake, empty, run_id="two")[1]
    assert "has_rows" not in results
    assert failed(results) == set()


def test_checks_see_good_rows_bad_rows_and_what_was_counted_once(
    spark: SparkSession, lake: Lake
) -> None:
    counted = []

    def count(evidence: Evidence) -> str:
        counted.append(evidence.rows.count())
        return "counted"

    def look(evidence: Evidence) -> Finding:
        assert evidence.bad is not None
        assert evidence.bad.count() == 2
        return Finding(evidence.rows.count(), 0, str(evidence.counted))

    deliver(lake, "sales", MIXED)
    checks = (fail("look", "Words.", look), fail("again", "Words.", look))
    job = job_of(TOTALS, replace(SALES, checks=checks), counts=count)
    results = rows_read(spark, lake, job)[1]
    assert {(results[n].rows, results[n].detail) for n in ("look", "again")} == {(2, "counted")}
    assert counted == [2]


def test_a_jobs_own_way_of_examining_is_taken_for_what_the_plain_way_would_find(
    spark: SparkSession, lake: Lake
) -> None:
    seen = []

    def own(rows: Any, delivery: Any) -> Examination:
        seen.append(delivery)
        return Examination(7, 1, {"day_present": 0, "amount_in_range": 1}, None, rows, rows, "own")

    deliver(lake, "sales", GOOD)
    job = job_of(TOTALS, SALES, examine=own)
    found, results = rows_read(spark, lake, job, options={"extra": "x"})
    assert (found.rows_count, found.quarantined_count, found.counted) == (7, 1, "own")
    assert failed(results) == {"amount_in_range", "all_rows_read"}
    (delivery,) = seen
    assert [rule.name for rule in delivery.rules] == ["day_present", "amount_in_range"]
    assert delivery.options == {"extra": "x"}
    assert (delivery.since, delivery.today) == (None, date(2030, 1, 1))
    assert sorted(delivery.sample(("amount",)), key=str) == [(1,), (2,), (None,)]


def test_a_missing_column_shuts_the_gate_before_a_row_is_read(lake: Lake) -> None:
    deliver(lake, "sales", GOOD.drop_columns(["amount"]))
    run = run_of(job_of(TOTALS, SALES), lake)
    with pytest.raises(GateShut, match=r"columns_present \(file .*one\.parquet, column amount"):
        reading.inspect(run)
    assert {result.check: result.outcome for result in run.results} == {
        "columns_present": "failed",
        "types_kept": "passed",
        "no_extra_columns": "passed",
    }


def test_the_table_of_another_job_is_read_as_it_was_published(
    spark: SparkSession, lake: Lake
) -> None:
    deliver(lake, "sales", GOOD)
    first = run_of(job_of(TOTALS, SALES), lake)
    build(first, spark)
    publish(first)
    found, results = rows_read(spark, lake, job_of(replace(TOTALS, name="more"), TOTALS))
    assert sorted(map(tuple, found.good.collect())) == [
        (DAY + timedelta(days=i), amount) for i, amount in enumerate((1, 2, None))
    ]
    assert {name: result.rows for name, result in results.items()} == {
        "columns_as_promised": 3,
        "has_rows": 3,
    }


# The deliveries of organic_share


def read_since(
    lake: Lake, spark: SparkSession, rows: list[Row], since: date
) -> tuple[reading.SourceRows, dict[str, CheckResult]]:
    """What a run reads of delivered rows from a day on, and the results of its raw checks."""
    deliver(lake, "installs", raw_table(rows))
    return rows_read(spark, lake, JOB, since)


def test_a_run_since_a_week_counts_only_what_it_read(lake: Lake, spark: SparkSession) -> None:
    rows = [
        organic(A_DAY, 1),
        paid(A_DAY - timedelta(days=1), -1),
        paid(A_DAY + timedelta(days=1), -1),
        paid(A_DAY, 1, start_date=None),
    ]
    found, results = read_since(lake, spark, rows, since=A_DAY)
    assert (found.rows_count, found.quarantined_count) == (3, 2)
    assert results["start_date_present"].failed == 1
    assert results["all_rows_read"].outcome == "passed"


def test_channels_before_since_are_not_judged(lake: Lake, spark: SparkSession) -> None:
    before = paid(A_DAY - timedelta(days=1), 1, token="a")
    rows = [organic(A_DAY, 1, token="a"), before]
    found, results = read_since(lake, spark, rows, since=A_DAY)
    assert isinstance(found.counted, Counts)
    assert found.counted.channels == {"Organic"}
    assert failed(results) == set()
