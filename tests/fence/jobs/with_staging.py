"""Running totals of orders: a staging table in between, which --since continues."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from spark_app.jobs.two_sources import DAY, ORDERS

from spark_app.declarations import Column, Job, Line, Report, Staging, Table


def daily(orders: DataFrame) -> DataFrame:
    """The orders of each day."""
    return orders.groupBy("visit_date").agg(F.sum("amount").alias("amount"))


def with_staging(days: DataFrame) -> DataFrame:
    """The orders of each day and of all days up to it."""
    so_far = Window.orderBy("visit_date")
    return days.select("visit_date", "amount", F.sum("amount").over(so_far).alias("so_far"))


GRAIN, KEY, AMOUNT = "one row per day with an order", ("visit_date",), ORDERS.columns[1]
DAYS = Table("with_staging", GRAIN, KEY, (DAY, AMOUNT), time="visit_date")
TABLE = Table(
    "with_staging",
    GRAIN,
    KEY,
    (DAY, AMOUNT, Column("so_far", "bigint", "cents", least=0)),
    time="visit_date",
)
REPORT = Report("Orders so far", Line("so_far"))
JOB = Job((ORDERS,), with_staging, TABLE, Staging(DAYS, daily), report=REPORT)
