"""The session that spark-submit configured."""

from pyspark.sql import SparkSession

from spark_app.spark.session import _given_session


def test_what_an_earlier_job_kept_in_memory_is_given_back(spark: SparkSession) -> None:
    frame = spark.range(3).persist()
    frame.count()
    assert _given_session() is spark
    assert not frame.storageLevel.useMemory
