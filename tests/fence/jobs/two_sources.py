"""Visits and orders of a shop, by day: two delivered datasets."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.declarations import Column, Files, Job, Parquet, Table, warn
from spark_app.quality.drift import ratio_drift

DAY = Column("visit_date", "date", "the day")
VISITS = Files("visits", Parquet(), (DAY, Column("visitor_id", "string", "who")), time="visit_date")
ORDERS = Files(
    "orders",
    Parquet(),
    (DAY, Column("amount", "bigint", "cents", least=0)),
    time="visit_date",
    tolerance=0.5,
)


def two_sources(visits: DataFrame, orders: DataFrame) -> DataFrame:
    """Different visitors and the sum of orders of each day with a visit."""
    visitors = visits.groupBy("visit_date").agg(F.countDistinct("visitor_id").alias("visitors"))
    amounts = orders.groupBy("visit_date").agg(F.sum("amount").alias("amount"))
    return visitors.join(amounts, on="visit_date", how="left").select(
        "visit_date", "visitors", F.coalesce("amount", F.lit(0)).alias("amount")
    )


TABLE = Table(
    "two_sources",
    "one row per day with a visit",
    key=("visit_date",),
    columns=(DAY, Column("visitors", "bigint", "different visitors", least=1), ORDERS.columns[1]),
    time="visit_date",
    checks=(warn("no_drift", "No drift.", ratio_drift("visitors", "amount", time="visit_date")),),
)
JOB = Job((VISITS, ORDERS), two_sources, TABLE)
