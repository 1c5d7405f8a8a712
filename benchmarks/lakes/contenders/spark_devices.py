"""Device events as a capable engineer writes them in PySpark in an hour: without rules."""

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

from benchmarks.lakes.contenders import places

SCHEMA = """
    meta struct<date: string, session_long: string>,
    params struct<cc: string, user_id: string, long: string, lat: string>
"""


def main() -> None:
    source, output = places(__doc__)
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "3g")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "16")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    lines = spark.read.option("recursiveFileLookup", "true").text(source)
    parts = F.split(F.input_file_name(), "/")
    events = lines.select(
        F.from_json("value", SCHEMA).alias("e"), F.md5("value").alias("digest"), parts.alias("p")
    ).select(
        F.to_timestamp("e.meta.date", "yyyy-MM-dd HH:mm:ss").alias("event_at"),
        F.col("e.meta.session_long").alias("device_id"),
        *(
            F.element_at("p", place).alias(name)
            for name, place in (("brand", -7), ("tracker", -6), ("channel", -5))
        ),
        F.col("e.params.user_id").alias("user_id"),
        F.col("e.params.long").cast("double").alias("longitude"),
        F.col("e.params.lat").cast("double").alias("latitude"),
        F.col("e.params.cc").alias("country"),
        "digest",
    )
    largest = Window.partitionBy("event_at", "device_id", "digest").orderBy(
        F.desc("brand"), F.desc("tracker"), F.desc("channel")
    )
    rows = events.withColumn("nth", F.row_number().over(largest)).where("nth = 1")
    table = rows.drop("nth", "digest").withColumn("event_date", F.to_date("event_at"))
    by_day = table.repartition("event_date").sortWithinPartitions("device_id", "event_at")
    by_day.write.partitionBy("event_date").parquet(output)


if __name__ == "__main__":
    main()
