"""What holds for every input."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from spark_app.jobs.organic_share import JOB, examine
from spark_app.jobs.organic_share.raw import INSTALLS
from spark_app.lake.lake import Lake
from spark_app.quality.results import CheckResult
from spark_app.run.since import kept_rows
from spark_app.sources.contract import inspect_footer
from spark_app.sources.files import read_files
from tests.builders import Row, delivery, examined, organic, paid, published_of, raw_table
from tests.unit import oracle
from tests.unit.random_rows import ON_SPARK, deliveries, shuffled
from tests.unit.runs import build, deliver, publish, run_of

FEW_EXAMPLES = settings(ON_SPARK, max_examples=3)
COUNTRIES = ("DE", "FR", "US")
MONDAYS = st.integers(0, 9).map(lambda i: date(2020, 12, 14) + timedelta(weeks=i))


@FEW_EXAMPLES
@given(rows=deliveries(min_size=40, max_size=90), since=MONDAYS, extra_days=st.integers(0, 6))
def test_a_run_since_a_day_equals_a_full_one(
    spark: SparkSession,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[Row],
    since: date,
    extra_days: int,
) -> None:
    rows = [*rows, organic(date(2020, 12, 14), 1), paid(date(2021, 2, 20), 1)]
    lake = Lake(str(tmp_path_factory.mktemp("since")))
    deliver(lake, "installs", raw_table(rows))
    full = run_of(JOB, lake, "full")
    staged, built = build(full, spark)
    assert staged is not None
    publish(full, staged.num_rows)
    again = run_of(JOB, lake, "again")
    again.kept = kept_rows(since + timedelta(days=extra_days), JOB, lake, again.published)
    staged_again, built_again = build(again, spark)
    assert staged_again is not None
    assert sorted_rows(staged_again.to_pylist()) == sorted_rows(staged.to_pylist())
    assert built_again.to_pylist() == built.to_pylist() == oracle.organic_share(rows)
    assert staging_outcomes(again.results) == staging_outcomes(full.results) == {"passed"}


def staging_outcomes(results: list[CheckResult]) -> set[str]:
    """Grid and totals are checked against what was counted apart from them."""
    return {result.outcome for result in results if result.layer == "staging"}


def sorted_rows(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["country"], row["week_start_date"]))


@FEW_EXAMPLES
@given(rows=deliveries(min_size=40, max_size=90))
def test_the_weeks_of_each_country_alone_are_those_of_the_whole(
    spark: SparkSession, rows: list[Row]
) -> None:
    alone = [[row for row in rows if row["country"] == country] for country in COUNTRIES]
    others = [row for row in rows if row["country"] not in COUNTRIES]
    parts = [week for part in (*alone, others) for week in weeks_with_rows(spark, part)]
    assert parts == weeks_with_rows(spark, rows)


def weeks_with_rows(spark: SparkSession, rows: list[Row]) -> list[Row]:
    return sorted_rows(examined(spark, rows).made.toArrow().to_pylist())


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
        files.append(inspect_footer(INSTALLS, path, path))
    split = read_files(spark, INSTALLS, files, bytes_count=1)
    found = examine.examine(split, delivery(moved))
    assert published_of(found) == oracle.organic_share(rows)
