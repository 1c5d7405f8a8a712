"""How Spark computes: interpreted, or as compiled Java."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from spark_app.spark.conf import COMPILED_FROM_ROWS, codegen_conf

FEW, MANY = 1, COMPILED_FROM_ROWS


@contextmanager
def computing(spark: SparkSession, rows_count: int) -> Iterator[None]:
    """As Spark computes so many rows."""
    before = {key: str(spark.conf.get(key)) for key in codegen_conf(FEW)}
    for key, value in codegen_conf(rows_count).items():
        spark.conf.set(key, value)
    yield
    for key, value in before.items():
        spark.conf.set(key, value)
