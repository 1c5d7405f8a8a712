"""One row a key stays, and rows lie as their files will: after one shuffle and one sort."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_app.declarations import Column, Iceberg, Table
from spark_app.lake.arrow import ddl
from spark_app.run import survivors
from spark_app.run.survivors import one_of_each

VISITS = Table(
    "visit",
    grain="one row per visit",
    key=("at", "user", "log"),
    columns=(
        Column("day", "date", "when"),
        Column("log", "string", "which"),
        Column("at", "timestamp", "when"),
        Column("user", "string", "who"),
        Column("pages", "int", "how many", null="not known"),
    ),
    time="day",
    kept_as=Iceberg(partition="day", sort=("user", "at")),
)
DAY, NEXT = date(2024, 5, 1), date(2024, 5, 2)
NOON = datetime(2024, 5, 1, 12)
SMALL: Mapping[date, float] = {DAY: 1.0, NEXT: 1.0}


def visits(spark: SparkSession, *rows: tuple[str, str, int | None, int]) -> DataFrame:
    """Of a day, by log, user, pages and file."""
    whole = [(DAY, log, NOON, user, pages, file) for log, user, pages, file in rows]
    return spark.createDataFrame(whole, f"{ddl(VISITS)}, source_id int")


@pytest.fixture(params=[1, 3], ids=["a file a day", "three files a day"])
def by_day(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Mapping[date, float]:
    """Sizes of days by which a day gets so many files."""
    monkeypatch.setattr(survivors, "LEAST_TASK_BYTES", 10)
    return {DAY: survivors.FILE_BYTES * (request.param - 0.5), NEXT: 1.0}


def test_the_row_with_the_largest_values_stays(
    spark: SparkSession, by_day: Mapping[date, float]
) -> None:
    rows = visits(spark, ("1", "ann", 1, 1), ("1", "ann", 3, 2), ("1", "ann", None, 3))
    (kept,) = one_of_each(rows, VISITS, by_day).collect()
    assert (kept["pages"], kept["source_id"]) == (3, 2)


def test_of_equal_rows_that_of_the_earliest_file_stays(spark: SparkSession) -> None:
    rows = visits(spark, ("1", "ann", None, 7), ("1", "ann", None, 2), ("1", "ann", None, 5))
    assert [row["source_id"] for row in one_of_each(rows, VISITS, SMALL).collect()] == [2]


def test_rows_that_differ_in_a_part_of_the_key_all_stay(
    spark: SparkSession, by_day: Mapping[date, float]
) -> None:
    rows = visits(spark, *((log, user, 1, 1) for log in "123" for user in ("ann", "bob")))
    assert one_of_each(rows, VISITS, by_day).count() == 6


def test_rows_are_shuffled_and_sorted_once(
    spark: SparkSession, by_day: Mapping[date, float]
) -> None:
    rows = one_of_each(visits(spark, ("1", "ann", 1, 1)), VISITS, by_day)
    plan = rows._jdf.queryExecution().executedPlan().toString()
    assert (plan.count("Exchange "), plan.count("Sort ")) == (1, 1)


def test_a_task_has_rows_in_the_order_of_the_table(
    spark: SparkSession, by_day: Mapping[date, float]
) -> None:
    found = one_of_each(
        visits(spark, *((str(n), f"user {n % 17:02}", n, 1) for n in range(200))), VISITS, by_day
    )
    for rows in found.rdd.glom().collect():
        assert [row["user"] for row in rows] == sorted(row["user"] for row in rows)


def test_a_large_day_is_the_work_of_several_tasks(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survivors, "LEAST_TASK_BYTES", 1)
    rows = visits(spark, *((str(n), "ann", n, 1) for n in range(200)))
    found = one_of_each(rows, VISITS, {DAY: survivors.FILE_BYTES * 7.5})
    assert sum(bool(rows) for rows in found.rdd.glom().collect()) > 2


def test_there_are_no_more_tasks_than_spark_can_plan(spark: SparkSession) -> None:
    found = one_of_each(visits(spark, ("1", "ann", 1, 1)), VISITS, {DAY: 1e15})
    assert found.rdd.getNumPartitions() == survivors.MOST_TASKS


def test_columns_may_have_any_name(spark: SparkSession) -> None:
    part = Column("part", "int", "which")
    table = replace(VISITS, columns=(*VISITS.columns, part), key=(*VISITS.key, "part"))
    rows = visits(spark, ("1", "ann", 1, 1), ("1", "ann", 1, 1)).withColumn("part", F.rand())
    assert one_of_each(rows, table, {DAY: survivors.FILE_BYTES * 2.5}).count() == 2
