"""The transform on tables worked by hand."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession

from spark_app.jobs.organic_share import TABLE, transform
from tests.builders import (
    A_DAY,
    LATER,
    Row,
    frame,
    organic,
    paid,
    raw_frame,
    staged,
    staging_table,
)

MONDAY = date(2021, 3, 1)
STAGING = (
    "country string, week_start_date date, organic_count bigint, paid_count bigint, "
    "last_counted_date date"
)


def weeks_after(week: date, count: int) -> date:
    return week + timedelta(weeks=count)


def staging_of(rows: DataFrame) -> DataFrame:
    """Raw rows to staging, the plain way."""
    return transform.on_complete_grid(transform.staged_weeks(rows))


def assert_staging(spark: SparkSession, rows: list[Row], expected: Sequence[Any]) -> None:
    found = staging_of(raw_frame(spark, rows)).orderBy("country", "week_start_date")
    assert_df_equality(found, spark.createDataFrame(expected, STAGING), ignore_nullable=True)


def test_the_latest_delivery_counts_and_a_tie_goes_to_the_larger_value(
    spark: SparkSession,
) -> None:
    rows = [
        organic(A_DAY, 9),
        organic(A_DAY, 2, dataplatform_inserted_at=LATER),
        paid(A_DAY, 4),
        paid(A_DAY, 6),
        paid(A_DAY, 5),
        organic(A_DAY, 3, country="US"),
        organic(A_DAY, 3, country="US"),
        organic(A_DAY, 8, os_name="ios"),
    ]
    found = transform.latest_deliveries(raw_frame(spark, rows))
    expected = [
        (A_DAY, "DE", "all", "Ads", 6),
        (A_DAY, "DE", "all", "Organic", 2),
        (A_DAY, "DE", "ios", "Organic", 8),
        (A_DAY, "US", "all", "Organic", 3),
    ]
    columns = "start_date date, country string, os_name string, name string, value bigint"
    assert_df_equality(
        found.orderBy("country", "os_name", "name"),
        spark.createDataFrame(expected, columns),
        ignore_nullable=True,
    )


def test_a_restatement_to_zero_counts(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 9), organic(A_DAY, 0, dataplatform_inserted_at=LATER)]
    assert_staging(spark, rows, [("DE", MONDAY, 0, 0, A_DAY)])


def test_a_key_missing_from_a_later_export_stays(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 9), paid(A_DAY, 1, dataplatform_inserted_at=LATER)]
    assert_staging(spark, rows, [("DE", MONDAY, 9, 1, A_DAY)])


def test_names_are_neither_trimmed_nor_case_folded(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1), paid(A_DAY, 2, name="organic"), paid(A_DAY, 4, name="Organic ")]
    assert_staging(spark, rows, [("DE", MONDAY, 1, 6, A_DAY)])


def test_one_row_makes_one_week(spark: SparkSession) -> None:
    assert_staging(spark, [organic(A_DAY, 1)], [("DE", MONDAY, 1, 0, A_DAY)])


def test_roll_ups_and_platforms_do_not_count(spark: SparkSession) -> None:
    rows = [
        organic(A_DAY, 1),
        organic(A_DAY, 1, os_name="ios"),
        organic(A_DAY, 1, os_name="android"),
        organic(A_DAY, 1, country="ALL"),
        paid(A_DAY - timedelta(weeks=1), 1, country="ALL"),
    ]
    assert_staging(spark, rows, [("DE", MONDAY, 1, 0, A_DAY)])


def test_roll_ups_only_make_no_week(spark: SparkSession) -> None:
    assert_staging(spark, [organic(A_DAY, 1, country="ALL"), organic(A_DAY, 1, os_name="ios")], [])


def test_a_week_runs_from_monday_to_sunday_across_new_year(spark: SparkSession) -> None:
    rows = [
        *(organic(date(2020, 12, 27), 1), organic(date(2020, 12, 28), 10)),
        *(organic(date(2021, 1, 3), 100), organic(date(2021, 1, 4), 1000)),
    ]
    expected = [
        ("DE", date(2020, 12, 21), 1, 0, date(2020, 12, 27)),
        ("DE", date(2020, 12, 28), 110, 0, date(2021, 1, 3)),
        ("DE", date(2021, 1, 4), 1000, 0, date(2021, 1, 4)),
    ]
    assert_staging(spark, rows, expected)


def test_the_grid_has_every_country_in_every_week(spark: SparkSession) -> None:
    late, stopped = organic(weeks_after(A_DAY, 2), 5, country="US"), paid(A_DAY, 7)
    expected = [
        ("DE", MONDAY, 0, 7, A_DAY),
        ("DE", date(2021, 3, 8), 0, 0, None),
        ("DE", date(2021, 3, 15), 0, 0, None),
        ("US", MONDAY, 0, 0, None),
        ("US", date(2021, 3, 8), 0, 0, None),
        ("US", date(2021, 3, 15), 5, 0, date(2021, 3, 15)),
    ]
    assert_staging(spark, [late, stopped], expected)


@pytest.mark.parametrize("weeks", [1, 3, 4, 40])
def test_a_gap_is_filled_with_weeks_without_installs(weeks: int, spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1), organic(weeks_after(A_DAY, weeks + 1), 2)]
    found = staging_of(raw_frame(spark, rows)).orderBy("week_start_date").collect()
    assert [row["organic_count"] for row in found] == [1, *([0] * weeks), 2]
    assert [row["last_counted_date"] is None for row in found] == [False, *([True] * weeks), False]
    mondays = [row["week_start_date"] for row in found]
    assert mondays == [weeks_after(MONDAY, i) for i in range(weeks + 2)]


def test_an_empty_week_of_an_earlier_grid_is_made_again(spark: SparkSession) -> None:
    nothing = {"organic_count": 0, "paid_count": 0, "last_counted_date": None}
    weeks = [
        staged(MONDAY, 1, 0),
        staged(weeks_after(MONDAY, 1), 0, 0) | nothing,
        staged(weeks_after(MONDAY, 2), 2, 0),
        staged(weeks_after(MONDAY, -1), 0, 0, country="US") | nothing,
    ]
    found = transform.on_complete_grid(frame(spark, staging_table(weeks)))
    assert [tuple(row)[:3] for row in found.orderBy(*TABLE.key).collect()] == [
        ("DE", MONDAY, 1),
        ("DE", weeks_after(MONDAY, 1), 0),
        ("DE", weeks_after(MONDAY, 2), 2),
    ]


def test_counts_stay_exact_beyond_what_a_double_holds(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 2**53), paid(A_DAY, 2**53), paid(A_DAY, 1, name="more")]
    assert_staging(spark, rows, [("DE", MONDAY, 2**53, 2**53 + 1, A_DAY)])
