"""Clicks by day, from delimited text."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.declarations import Column, Csv, Files, Job, Table, Time

CLICKS = Files(
    "clicks",
    Csv(separator=";", decimal=","),
    (
        Column("clicked_at", "timestamp", "when", written=Time("dd.MM.yyyy HH:mm:ss")),
        Column("user", "string", "who", null="nobody known"),
        Column("cost", "decimal(10,2)", "what it cost", unit="EUR", least=0),
    ),
    tolerance=0.5,
    zone="Europe/Berlin",
)
DAY = Column("click_date", "date", "the day in UTC")
COST = Column("cost", "decimal(20,2)", "sum of costs", unit="EUR")


def from_text(clicks: DataFrame) -> DataFrame:
    """The costs of each day with a click."""
    days = clicks.groupBy(F.to_date("clicked_at").alias("click_date"))
    return days.agg(F.sum("cost").alias("cost"))


TABLE = Table(
    "from_text", "one row per day", key=("click_date",), columns=(DAY, COST), time="click_date"
)
JOB = Job((CLICKS,), from_text, TABLE)
