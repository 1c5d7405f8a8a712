"""Visits, one row each: a lake table of one dataset."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.declarations import Column, Csv, Files, Iceberg, Job, Table, Time, fail

VISITS = Files(
    "visits",
    Csv(header=False),
    (
        Column("user", "string", "who", person=True),
        Column("at", "timestamp", "when", written=Time("yyyy-MM-dd HH:mm:ss")),
        Column("pages", "bigint", "how many", null="not counted", least=0),
    ),
    checks=(fail("no_robot", "No visit is that of a robot.", "user <> 'robot'"),),
    tolerance=0.5,
    time="at",
)


def visit(visits: DataFrame) -> DataFrame:
    """With the day."""
    return visits.withColumn("day", F.to_date("at"))


TABLE = Table(
    "visit",
    "one row per visit",
    key=("user", "at"),
    columns=(Column("day", "date", "the day"), *VISITS.columns),
    time="day",
    kept_as=Iceberg("day", sort=("user", "at")),
)
JOB = Job((VISITS,), visit, TABLE)
