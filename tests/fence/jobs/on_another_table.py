"""What a visitor is worth, by month: another job's table, and an option."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from spark_app.jobs.two_sources import TABLE as TWO_SOURCES

from spark_app.declarations import (
    Bars,
    Column,
    Job,
    Newest,
    Option,
    Report,
    Table,
    Tiles,
    fail,
)

LEAST = Option("least_visitors", int, 1, "days with fewer visitors are left out")


def on_another_table(days: DataFrame, least_visitors: int) -> DataFrame:
    """The sums of a month's days."""
    month = F.trunc("visit_date", "month").alias("month_date")
    sums = [F.sum(name).alias(name) for name in ("visitors", "amount")]
    return days.where(F.col("visitors") >= least_visitors).groupBy(month).agg(*sums)


TABLE = Table(
    "on_another_table",
    "one row per month with a visit",
    key=("month_date",),
    columns=(Column("month_date", "date", "the first day"), *TWO_SOURCES.columns[1:]),
    checks=(fail("has_visitors", "Every month has visitors.", "visitors > 0"),),
)
REPORT = Report("Worth", Tiles("amount"), Bars("amount", by="month_date"), Newest())
JOB = Job((TWO_SOURCES,), on_another_table, TABLE, options=(LEAST,), report=REPORT)
