"""What holds for every input, and a second implementation that must agree."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from spark_app.jobs.organic_share import examine, steps
from spark_app.jobs.organic_share.facts import Facts
from spark_app.jobs.organic_share.schema import RAW
from spark_app.lake.store import Disk
from spark_app.sources import contract
from spark_app.sources import files as raw
from tests.builders import Row, context, examined, organic, paid, published_of, raw_table
from tests.unit import oracle
from tests.unit.random_rows import ON_SPARK, deliveries, shuffled

FEW_EXAMPLES = settings(ON_SPARK, max_examples=3)
MONDAYS = st.integers(0, 9).map(lambda i: date(2020, 12, 14) + timedelta(weeks=i))


@ON_SPARK
@given(rows=deliveries(min_size=10))
def test_counts_and_shares_are_those_of_a_second_implementation(
    spark: SparkSession, rows: list[Row]
) -> None:
    found = examined(spark, rows)
    expected = oracle.organic_share(rows)
    assert published_of(spark, found) == expected
    assert all(0 <= row["share_organic_p4w"] <= 1 for row in expected if row["installs_p4w_count"])
    assert_row_counts(found.facts, rows)
    assert_day_counts(found.facts, rows)


def assert_row_counts(facts: Facts, rows: list[Row]) -> None:
    good = [row for row in rows if oracle.is_good(row)]
    assert facts.rows.rows_count == len(rows)
    assert facts.rows.quarantined_count == len(rows) - len(good)
    assert facts.rows.organic_count == sum(row["name"] == "Organic" for row in good)
    assert facts.rows.bad_redelivery_count == bad_redeliveries(rows)


def assert_day_counts(facts: Facts, rows: list[Row]) -> None:
    weeks, last_day = oracle.weekly(rows)
    assert facts.days.last_day == last_day
    assert facts.days.countries == {country for country, _ in weeks}
    assert facts.days.organic_count == sum(organic for organic, _ in weeks.values())
    assert facts.days.paid_count == sum(every - organic for organic, every in weeks.values())
    assert (facts.days.rollups_count, facts.days.differing_rollups_count) == rollups(rows)


def key_of(row: Row) -> tuple[Any, ...]:
    return (row["start_date"], row["country"], row["os_name"], row["name"])


def newest_loads(rows: list[Row]) -> dict[tuple[Any, ...], datetime]:
    loads: dict[tuple[Any, ...], datetime] = {}
    for row in rows:
        load = row["dataplatform_inserted_at"] or datetime.min.replace(tzinfo=UTC)
        loads[key_of(row)] = max(load, loads.get(key_of(row), load))
    return loads


def bad_redeliveries(rows: list[Row]) -> int:
    good = newest_loads([row for row in rows if oracle.is_good(row)])
    bad = newest_loads([row for row in rows if not oracle.is_good(row)])
    return sum(key in bad and bad[key] > load for key, load in good.items())


def rollups(rows: list[Row]) -> tuple[int, int]:
    """How many days and countries have all three platforms, and how many of those differ."""
    totals: Counter[tuple[date, str, str]] = Counter()
    for (day, country, os_name, _), value in oracle.deliveries_that_count(rows).items():
        totals[day, country, os_name] += value
    days = {(day, country) for day, country, _ in totals}
    whole = [
        d for d in days if all((*d, os_name) in totals for os_name in ("all", "ios", "android"))
    ]
    differ = [d for d in whole if totals[*d, "all"] != totals[*d, "ios"] + totals[*d, "android"]]
    return len(whole), len(differ)


@FEW_EXAMPLES
@given(rows=deliveries(min_size=40, max_size=90), since=MONDAYS)
def test_a_run_since_a_week_equals_a_full_one(
    spark: SparkSession, rows: list[Row], since: date
) -> None:
    rows = [*rows, organic(date(2020, 12, 14), 1), paid(date(2021, 2, 20), 1)]
    full = examined(spark, rows)
    staging = {"organic_share": full.staging["organic_share"].toArrow()}
    history = steps.history_before(staging, since)
    again = examined(spark, rows, since=since, history=history)
    assert published_of(spark, again) == published_of(spark, full)
    assert again.facts.grid == full.facts.grid


@FEW_EXAMPLES
@given(rows=deliveries(min_size=40, max_size=90))
def test_the_weeks_of_each_country_alone_are_those_of_the_whole(
    spark: SparkSession, rows: list[Row]
) -> None:
    whole = weeks_with_rows(spark, rows)
    parts = [
        week
        for country in sorted({row["country"] for row in rows if row["country"]})
        for week in weeks_with_rows(spark, [r for r in rows if r["country"] == country])
    ]
    assert parts == whole


def weeks_with_rows(spark: SparkSession, rows: list[Row]) -> list[Row]:
    staging = examined(spark, rows).staging["organic_share"].toArrow().to_pylist()
    mine = [row for row in staging if row["last_counted_date"]]
    return sorted(mine, key=lambda row: (row["country"], row["week_start_date"]))


@FEW_EXAMPLES
@given(rows=deliveries(min_size=40, max_size=90), other=shuffled())
def test_neither_the_order_of_rows_nor_their_files_matter(
    spark: SparkSession,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[Row],
    other: Any,
) -> None:
    folder = tmp_path_factory.mktemp("split")
    moved = other(rows)
    cuts = [0, len(rows) // 7, len(rows) // 2, len(rows)]
    files = []
    for begin, end in pairwise(cuts):
        path = str(folder / f"{begin}.parquet")
        pq.write_table(raw_table(moved[begin:end]), path, row_group_size=5)
        files.append(contract.inspect(RAW, path, path))
    split = raw.read_raw(spark, RAW, files, Disk(), bytes_count=1)
    found = examine.examine(split, context(len(rows), moved))
    assert published_of(spark, found) == oracle.organic_share(rows)
