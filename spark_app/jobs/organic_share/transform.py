"""The metric: the share of new users who came organically, per country, over four ISO weeks.

Every function takes frames and returns one. Read from top to bottom, they are the definition;
`fast.py` reaches the same daily totals in one pass.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

KEY = ("start_date", "country", "os_name", "name")
ALL_PLATFORMS = "all"
ALL_COUNTRIES = "ALL"
ORGANIC = "Organic"
WEEKS_IN_WINDOW = 4


def latest_deliveries(rows: DataFrame) -> DataFrame:
    """One row per (start_date, country, os_name, name): the delivery that counts.

    That is the one loaded last; of several loaded at once, the one with the larger value. A key
    that a later export lacks stays; a value of 0 takes it back. `value` is new users, bigint.
    """
    delivery = F.struct("dataplatform_inserted_at", F.col("value").cast("bigint").alias("value"))
    return rows.groupBy(*KEY).agg(F.max(delivery)["value"].alias("value")).select(*KEY, "value")


def daily_totals(deliveries: DataFrame) -> DataFrame:
    """One row per (start_date, country, os_name): installs_count and organic_count, new users."""
    organic = F.when(F.col("name") == ORGANIC, F.col("value")).otherwise(0)
    return (
        deliveries.groupBy("start_date", "country", "os_name")
        .agg(F.sum("value").alias("installs_count"), F.sum(organic).alias("organic_count"))
        .select("start_date", "country", "os_name", "installs_count", "organic_count")
    )


def counted(days: DataFrame) -> DataFrame:
    """What counts: `os_name` is `all`, the country real; the rest are parts or roll-ups of it."""
    return days.where(is_counted())


def is_counted() -> Column:
    """Whether a row counts: all platforms together, and a real country."""
    return (F.col("os_name") == ALL_PLATFORMS) & (F.col("country") != ALL_COUNTRIES)


def weekly_installs(days: DataFrame) -> DataFrame:
    """One row per country and ISO week that has rows, organic and paid apart.

    Columns: country, week_start_date (Monday), organic_count, paid_count (new users),
    last_counted_date (the last day with a row).
    """
    return (
        days.groupBy("country", monday("start_date").alias("week_start_date"))
        .agg(
            F.sum("organic_count").alias("organic_count"),
            F.sum(F.col("installs_count") - F.col("organic_count")).alias("paid_count"),
            F.max("start_date").alias("last_counted_date"),
        )
        .select("country", "week_start_date", "organic_count", "paid_count", "last_counted_date")
    )


def on_complete_grid(weeks: DataFrame) -> DataFrame:
    """One row per country and ISO week from the first to the last: the staging table.

    A week without rows has zero installs, and null as last_counted_date; such rows among `weeks`,
    of an earlier grid, are made again.
    """
    weeks = weeks.where(F.col("last_counted_date").isNotNull())
    everywhere = Window.partitionBy()
    spans = weeks.groupBy("country").agg(
        F.min("week_start_date").alias("first"), F.max("week_start_date").alias("last")
    )
    every_week = F.sequence(
        F.min("first").over(everywhere), F.max("last").over(everywhere), F.expr("INTERVAL 7 DAYS")
    )
    grid = spans.select("country", every_week.alias("weeks")).select(
        "country", F.explode("weeks").alias("week_start_date")
    )
    return grid.join(weeks, on=["country", "week_start_date"], how="left").select(
        "country",
        "week_start_date",
        F.coalesce("organic_count", F.lit(0)).alias("organic_count"),
        F.coalesce("paid_count", F.lit(0)).alias("paid_count"),
        "last_counted_date",
    )


def rolling_share(grid: DataFrame) -> DataFrame:
    """One row per country and ISO week, over it and the three weeks of the calendar before."""
    window = (
        Window.partitionBy("country")
        .orderBy("week_start_date")
        .rowsBetween(1 - WEEKS_IN_WINDOW, Window.currentRow)
    )
    last_day = F.max("last_counted_date").over(Window.partitionBy())
    installs = F.sum(F.col("organic_count") + F.col("paid_count")).over(window)
    week = F.col("week_start_date")
    return (
        grid.withColumn("organic_p4w_count", F.sum("organic_count").over(window))
        .withColumn("installs_p4w_count", installs)
        .withColumn("weeks_in_window_count", F.count(F.lit(1)).over(window))
        .withColumn("last_day", last_day)
        .select(
            F.extract(F.lit("YEAROFWEEK"), week).cast("int").alias("year"),
            F.weekofyear(week).alias("week"),
            "country",
            _share(F.col("organic_p4w_count"), F.col("installs_p4w_count")),
            "week_start_date",
            "organic_p4w_count",
            "installs_p4w_count",
            F.col("weeks_in_window_count").cast("int").alias("weeks_in_window_count"),
            (F.date_add(week, 6) <= F.col("last_day")).alias("is_week_complete"),
        )
    )


def staged_weeks(rows: DataFrame) -> DataFrame:
    """The weeks that have rows, from good raw rows: what staging is made of."""
    return weekly_installs(counted(daily_totals(latest_deliveries(rows))))


def monday(day: str) -> Column:
    """The Monday of the ISO week of a date column."""
    return F.date_sub(F.col(day), F.weekday(F.col(day)))


def _share(organic: Column, installs: Column) -> Column:
    return F.when(installs > 0, organic / installs).alias("share_organic_p4w")
