"""The rolling share on grids worked by hand."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession

from spark_app.jobs.organic_share import TABLE, transform
from tests.builders import Row, frame, staged, staging_table

MONDAY = date(2021, 3, 1)
PUBLISHED = (
    "year int, week int, country string, share_organic_p4w double, week_start_date date, "
    "organic_p4w_count bigint, installs_p4w_count bigint, weeks_in_window_count int, "
    "is_week_complete boolean"
)


def weeks_after(week: date, count: int) -> date:
    return week + timedelta(weeks=count)


def assert_published(spark: SparkSession, rows: list[Row], expected: Sequence[Any]) -> None:
    grid = frame(spark, staging_table(rows))
    found = transform.rolling_share(grid).orderBy(*TABLE.key)
    assert_df_equality(found, spark.createDataFrame(expected, PUBLISHED), ignore_nullable=True)


def test_four_weeks_across_new_year_after_a_53_week_year(spark: SparkSession) -> None:
    rows = [staged(weeks_after(date(2020, 12, 14), i), 10**i, 0) for i in range(6)]
    expected = [
        (2020, 51, "DE", 1.0, date(2020, 12, 14), 1, 1, 1, True),
        (2020, 52, "DE", 1.0, date(2020, 12, 21), 11, 11, 2, True),
        (2020, 53, "DE", 1.0, date(2020, 12, 28), 111, 111, 3, True),
        (2021, 1, "DE", 1.0, date(2021, 1, 4), 1111, 1111, 4, True),
        (2021, 2, "DE", 1.0, date(2021, 1, 11), 11110, 11110, 4, True),
        (2021, 3, "DE", 1.0, date(2021, 1, 18), 111100, 111100, 4, True),
    ]
    assert_published(spark, rows, expected)


def test_four_weeks_across_new_year_after_a_52_week_year(spark: SparkSession) -> None:
    rows = [staged(weeks_after(date(2021, 12, 13), i), 0, 10**i) for i in range(5)]
    expected = [
        (2021, 50, "DE", 0.0, date(2021, 12, 13), 0, 1, 1, True),
        (2021, 51, "DE", 0.0, date(2021, 12, 20), 0, 11, 2, True),
        (2021, 52, "DE", 0.0, date(2021, 12, 27), 0, 111, 3, True),
        (2022, 1, "DE", 0.0, date(2022, 1, 3), 0, 1111, 4, True),
        (2022, 2, "DE", 0.0, date(2022, 1, 10), 0, 11110, 4, True),
    ]
    assert_published(spark, rows, expected)


def test_a_week_of_the_next_iso_year_begins_in_december(spark: SparkSession) -> None:
    expected = [(2020, 1, "DE", 0.5, date(2019, 12, 30), 1, 2, 1, True)]
    assert_published(spark, [staged(date(2019, 12, 30), 1, 1)], expected)


def test_the_share_is_null_where_four_weeks_had_no_installs(spark: SparkSession) -> None:
    weeks = [weeks_after(MONDAY, i) for i in range(6)]
    rows = [
        staged(weeks[0], 1, 3),
        *(staged(week, 0, 0, last_counted_date=None) for week in weeks[1:5]),
        staged(weeks[5], 0, 2),
    ]
    expected = [
        (2021, 9, "DE", 0.25, weeks[0], 1, 4, 1, True),
        (2021, 10, "DE", 0.25, weeks[1], 1, 4, 2, True),
        (2021, 11, "DE", 0.25, weeks[2], 1, 4, 3, True),
        (2021, 12, "DE", 0.25, weeks[3], 1, 4, 4, True),
        (2021, 13, "DE", None, weeks[4], 0, 0, 4, True),
        (2021, 14, "DE", 0.0, weeks[5], 0, 2, 4, True),
    ]
    assert_published(spark, rows, expected)


def test_countries_do_not_share_their_windows(spark: SparkSession) -> None:
    second = weeks_after(MONDAY, 1)
    rows = [
        staged(second, 1, 0, country="US"),
        staged(second, 3, 1),
        staged(MONDAY, 0, 1, country="US"),
        staged(MONDAY, 0, 0),
    ]
    expected = [
        (2021, 9, "DE", None, MONDAY, 0, 0, 1, True),
        (2021, 10, "DE", 0.75, second, 3, 4, 2, True),
        (2021, 9, "US", 0.0, MONDAY, 0, 1, 1, True),
        (2021, 10, "US", 0.5, second, 1, 2, 2, True),
    ]
    assert_published(spark, rows, expected)


@pytest.mark.parametrize(
    ("last_day", "is_complete"), [(date(2021, 3, 6), False), (date(2021, 3, 7), True)]
)
def test_a_week_is_complete_when_its_sunday_was_counted(
    last_day: date, is_complete: bool, spark: SparkSession
) -> None:
    expected = [(2021, 9, "DE", 1.0, MONDAY, 1, 1, 1, is_complete)]
    assert_published(spark, [staged(MONDAY, 1, 0, last_counted_date=last_day)], expected)


def test_the_last_counted_day_of_any_country_completes_a_week(spark: SparkSession) -> None:
    rows = [
        staged(MONDAY, 1, 0, last_counted_date=date(2021, 3, 7)),
        staged(MONDAY, 0, 0, country="US", last_counted_date=None),
    ]
    expected = [
        (2021, 9, "DE", 1.0, MONDAY, 1, 1, 1, True),
        (2021, 9, "US", None, MONDAY, 0, 0, 1, True),
    ]
    assert_published(spark, rows, expected)


def test_the_share_is_not_rounded(spark: SparkSession) -> None:
    expected = [(2021, 9, "DE", 1 / 3, MONDAY, 1, 3, 1, True)]
    assert_published(spark, [staged(MONDAY, 1, 2)], expected)
