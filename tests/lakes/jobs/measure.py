"""Measurements, one row each: a lake table with a column of every type."""

from pyspark.sql import DataFrame

from spark_app.declarations import Column, Csv, EpochMillis, Files, Iceberg, Job, Table
from spark_app.jobs.days import day_of

MEASUREMENTS = Files(
    "measurements",
    Csv(),
    (
        Column("id", "string", "which"),
        Column("at", "timestamp", "when", written=EpochMillis()),
        Column("version", "int", "how often it was delivered"),
        Column("whole", "bigint", "a whole number", null="not measured"),
        Column("amount", "decimal(38,6)", "an amount", null="not measured"),
        Column("ratio", "double", "a ratio", null="not measured"),
        Column("flag", "boolean", "whether", null="not measured"),
        Column("day", "date", "some day", null="not measured"),
        Column("words", "string", "text", null="not measured"),
    ),
)


def measure(measurements: DataFrame) -> DataFrame:
    """With the day of the measurement."""
    return measurements.withColumn("measured_date", day_of("at", MEASUREMENTS))


TABLE = Table(
    "measure",
    "one row per measurement",
    key=("id", "at"),
    columns=(Column("measured_date", "date", "the day"), *MEASUREMENTS.columns),
    time="measured_date",
    kept_as=Iceberg("measured_date", sort=("id",)),
)
JOB = Job((MEASUREMENTS,), measure, TABLE)
