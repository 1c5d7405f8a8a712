"""A moment has its day, and its month, in the zone of the report."""

import datetime as dt
from dataclasses import replace

import pytest
from pyspark.sql import SparkSession

from spark_app.declarations import Column, Csv, EpochMillis, Files
from spark_app.jobs.days import day_of, month_of

AT = Column("at", "timestamp", "when", written=EpochMillis())
EVENTS = Files("events", Csv(), (AT,))


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        pytest.param("UTC", "2024-05-01 23:59:59.999999", (2024, 5, 1), id="UTC"),
        pytest.param("Europe/Berlin", "2024-03-30 22:59:59", (2024, 3, 30), id="winter, before"),
        pytest.param("Europe/Berlin", "2024-03-30 23:00:00", (2024, 3, 31), id="winter, midnight"),
        pytest.param("Europe/Berlin", "2024-03-31 21:59:59", (2024, 3, 31), id="summer, before"),
        pytest.param("Europe/Berlin", "2024-03-31 22:00:00", (2024, 4, 1), id="summer, midnight"),
        pytest.param("America/Sao_Paulo", "2018-11-04 02:59:59", (2018, 11, 3), id="no midnight"),
        pytest.param("America/Sao_Paulo", "2018-11-04 03:00:00", (2018, 11, 4), id="first moment"),
        pytest.param("America/Havana", "2024-11-03 04:30:00", (2024, 11, 3), id="midnight, once"),
        pytest.param("America/Havana", "2024-11-03 05:30:00", (2024, 11, 3), id="and again"),
        pytest.param("Asia/Kathmandu", "2024-12-31 18:15:00", (2025, 1, 1), id="quarter hours"),
    ],
)
def test_a_day_is_one_of_the_reports_zone(
    spark: SparkSession, zone: str, moment: str, day: tuple[int, int, int]
) -> None:
    source = replace(EVENTS, report_zone=zone)
    frame = spark.sql(f"SELECT timestamp'{moment}' AS at")
    (found,) = frame.select(day_of("at", source), month_of("at", source)).collect()
    assert tuple(found) == (dt.date(*day), dt.date(*day[:2], 1))


def test_no_moment_has_no_day(spark: SparkSession) -> None:
    frame = spark.sql("SELECT CAST(NULL AS timestamp) AS at")
    (found,) = frame.select(day_of("at", replace(EVENTS, report_zone="Asia/Tokyo"))).collect()
    assert found[0] is None
