"""What of a lake table looks unlike its past."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from pyspark.sql import SparkSession

from spark_app.declarations import Append, Column, Iceberg, Table
from spark_app.quality.lake_drift import (
    DayCounts,
    corrected_finding,
    drift_checks,
    event_of,
    newest_day_finding,
    newest_whole_day,
    nulls_finding,
)

DAY = date(2024, 5, 15)
TABLE = Table(
    "visit",
    "one row per visit",
    ("user", "at"),
    (
        Column("user", "string", "who"),
        Column("at", "timestamp", "when"),
        Column("country", "string", "from where", null="not known"),
    ),
)


def weekly(*counts: int) -> dict[date, int]:
    """Rows of a day, and of its weekday before."""
    return {DAY - timedelta(weeks=n): count for n, count in enumerate(counts)}


def test_the_newest_whole_day_is_over() -> None:
    counts = {DAY: 5, DAY + timedelta(days=1): 0}
    assert newest_whole_day(counts, DAY + timedelta(days=9)) == DAY - timedelta(days=1)
    assert newest_whole_day(counts, DAY - timedelta(days=3)) == DAY - timedelta(days=4)
    assert newest_whole_day({DAY: 0}, DAY) is None


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (1000, ""),
        (500, ""),
        (2000, ""),
        (499, "499 rows on Wednesday, 2024-05-15; 1,000 are usual"),
        (2001, "2,001 rows on Wednesday, 2024-05-15; 1,000 are usual"),
        (0, "0 rows on Wednesday, 2024-05-15; 1,000 are usual"),
    ],
)
def test_a_day_has_as_many_rows_as_its_weekday_had(now: int, words: str) -> None:
    found = newest_day_finding(weekly(now, 1000, 900, 5000), DAY)
    assert (found.failed, found.detail) == (int(bool(words)), words)


@pytest.mark.parametrize("before", [(1000, 1000), (199, 199, 199), ()])
def test_too_few_or_small_days_tell_nothing(before: tuple[int, ...]) -> None:
    assert newest_day_finding(weekly(9, *before), DAY).is_insufficient


def test_a_day_without_rows_before_counts_as_one_where_the_table_had_begun() -> None:
    assert newest_day_finding(weekly(1000, 1000, 0, 0, 1000), DAY).failed == 0
    assert newest_day_finding(weekly(1000, 1000, 0, 0, 0, 1000), DAY).is_insufficient


def nulls(*shares: float, rows_count: int = 1000) -> dict[date, DayCounts]:
    """The share of nulls of a day, and of the days before."""
    return {
        DAY - timedelta(days=n): DayCounts(rows_count, {"country": int(share * rows_count)})
        for n, share in enumerate(shares)
    }


def test_a_column_is_null_about_as_often_as_it_was() -> None:
    assert nulls_finding(TABLE, nulls(0.3, *[0.2] * 7), DAY).failed == 0
    found = nulls_finding(TABLE, nulls(0.31, *[0.2] * 7), DAY)
    assert (found.rows, found.failed) == (1, 1)
    assert found.detail == "nulls on 2024-05-15: country 31%, usually 20%"


@pytest.mark.parametrize(
    "counts", [nulls(0.9, *[0.0] * 6), nulls(0.9, *[0.0] * 9, rows_count=199), {}]
)
def test_too_few_or_small_days_say_nothing_of_nulls(counts: dict[date, DayCounts]) -> None:
    assert nulls_finding(TABLE, counts, DAY).is_insufficient


def numbered(*event: str) -> Table:
    """The table, where these columns number its events."""
    return replace(TABLE, kept_as=Iceberg("at", write=Append(event)))


def test_times_are_looked_at_where_events_are_numbered() -> None:
    checks = [[name for name, _ in drift_checks(table)] for table in (TABLE, numbered("user"))]
    assert checks == [
        ["newest_day_is_usual", "nulls_are_usual"],
        ["newest_day_is_usual", "nulls_are_usual", "times_are_not_corrected"],
    ]
    assert (event_of(TABLE), event_of(numbered())) == ((), ())
    assert event_of(
        replace(
            numbered("user"),
            key=("country_code", "at", "user"),
            columns=(Column("country_code", "string", "from where"), *TABLE.columns),
        )
    ) == ("country_code", "user")


@pytest.mark.parametrize("event", ["at", "country"])
def test_events_are_numbered_by_columns_of_the_key_but_the_time(event: str) -> None:
    with pytest.raises(ValueError, match=f"visit: {event} numbers no event"):
        numbered(event)


def test_rows_that_differ_in_the_time_alone_are_counted(spark: SparkSession) -> None:
    rows = spark.sql("SELECT string(id % 99) AS user, timestamp_seconds(id) AS at FROM range(100)")
    found = corrected_finding(["user"], rows)
    assert (found.failed, found.rows) == (0, 100)
    assert corrected_finding(["user"], rows.union(rows.limit(2))).failed == 3
    assert corrected_finding(["user"], rows.limit(0)).failed == 0
