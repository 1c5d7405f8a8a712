"""Visits by day: a table of one file that is made from the lake table of visits."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from spark_app.jobs.visit import TABLE as VISIT

from spark_app.declarations import Column, Job, Table, fail


def visit_day(visits: DataFrame) -> DataFrame:
    """Visits and pages of each day."""
    pages = F.coalesce(F.sum("pages"), F.lit(0))
    return visits.groupBy("day").agg(F.count("*").alias("visits"), pages.alias("pages"))


TABLE = Table(
    "visit_day",
    "one row per day",
    key=("day",),
    columns=(
        Column("day", "date", "the day"),
        Column("visits", "bigint", "how many", least=1),
        Column("pages", "bigint", "of all visits", least=0),
    ),
    checks=(fail("no_lone_page", "No day has one page.", "pages <> 1"),),
)
JOB = Job((VISIT,), visit_day, TABLE)
