"""The table as a capable engineer writes it in PySpark in an hour: latest delivery, no rules."""

import argparse
import shutil
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, StructField, StructType

ISO_WEEK = StructType([StructField("year", IntegerType()), StructField("week", IntegerType())])


@F.udf(returnType=ISO_WEEK)
def iso_week(day: date) -> tuple[int, int]:
    iso = day.isocalendar()
    return iso.year, iso.week


def latest_deliveries(raw: DataFrame) -> DataFrame:
    newest_first = Window.partitionBy("start_date", "country", "os_name", "name").orderBy(
        F.desc("dataplatform_inserted_at"), F.desc("value")
    )
    ranked = raw.withColumn("rank", F.row_number().over(newest_first))
    return ranked.filter("rank = 1").drop("rank")


def weekly_installs(latest: DataFrame) -> DataFrame:
    is_organic = F.col("name") == "Organic"
    return (
        latest.withColumn("iso", iso_week("start_date"))
        .groupBy("country", F.col("iso.year").alias("year"), F.col("iso.week").alias("week"))
        .agg(
            F.sum(F.when(is_organic, F.col("value")).otherwise(0)).alias("organic"),
            F.sum("value").alias("installs"),
        )
    )


def complete_grid(spark: SparkSession, countries: list[str], first: date, last: date) -> DataFrame:
    monday = first - timedelta(days=first.weekday())
    weeks = pd.DataFrame({"week_start_date": pd.date_range(monday, last, freq="7D")})
    iso = weeks["week_start_date"].dt.isocalendar()
    weeks["year"], weeks["week"] = iso["year"].astype("int32"), iso["week"].astype("int32")
    weeks["week_start_date"] = weeks["week_start_date"].dt.date
    return spark.createDataFrame(pd.DataFrame({"country": countries}).merge(weeks, how="cross"))


def rolling_share(grid: DataFrame, weekly: DataFrame, last: date) -> DataFrame:
    four_weeks = Window.partitionBy("country").orderBy("week_start_date").rowsBetween(-3, 0)
    joined = grid.join(weekly, ["country", "year", "week"], "left").fillna(
        0, ["organic", "installs"]
    )
    organic, installs = F.sum("organic").over(four_weeks), F.sum("installs").over(four_weeks)
    return joined.select(
        F.col("year").cast("int"),
        F.col("week").cast("int"),
        "country",
        F.when(installs > 0, organic / installs).alias("share_organic_p4w"),
        "week_start_date",
        organic.cast("long").alias("organic_p4w_count"),
        installs.cast("long").alias("installs_p4w_count"),
        F.count("*").over(four_weeks).cast("int").alias("weeks_in_window_count"),
        (F.date_add("week_start_date", 6) <= F.lit(last)).alias("is_week_complete"),
    )


def write_one_file(table: DataFrame, output: Path) -> None:
    folder = output.with_suffix(".parts")
    table.orderBy("country", "week_start_date").coalesce(1).write.mode("overwrite").parquet(
        str(folder)
    )
    next(folder.glob("*.parquet")).replace(output)
    shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="glob of raw Parquet files")
    parser.add_argument("--output", required=True, type=Path, help="the Parquet file to write")
    parser.add_argument("--memory-limit", default="4g", help="of the driver")
    args = parser.parse_args()
    builder = SparkSession.builder.master("local[2]").appName("straightforward")
    builder = builder.config("spark.sql.session.timeZone", "UTC").config(
        "spark.ui.enabled", "false"
    )
    spark = builder.config("spark.driver.memory", args.memory_limit).getOrCreate()

    raw = spark.read.parquet(args.source).cache()
    print(f"{raw.count():,} raw rows")
    latest = latest_deliveries(raw).filter("os_name = 'all' and country <> 'ALL'")
    counted = raw.filter("os_name = 'all' and country <> 'ALL'")
    bounds = counted.agg(
        F.min("start_date").alias("first"), F.max("start_date").alias("last")
    ).first()
    assert bounds is not None
    countries = [row.country for row in counted.select("country").distinct().collect()]
    grid = complete_grid(spark, countries, bounds["first"], bounds["last"])
    write_one_file(rolling_share(grid, weekly_installs(latest), bounds["last"]), args.output)
    spark.stop()


if __name__ == "__main__":
    main()
