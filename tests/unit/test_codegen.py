"""Few rows are interpreted, many run as compiled Java: what is found is the same."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from pyspark.sql import DataFrame, SparkSession

from spark_app.jobs.organic_share.examine import examine
from spark_app.lake.lake import Lake
from spark_app.spark.conf import codegen_conf
from tests.builders import Row, delivery, published_of, raw_frame
from tests.unit.computing import FEW, MANY, computing
from tests.unit.random_rows import ON_SPARK, deliveries
from tests.unit.runs import deliver, read, run_of
from tests.unit.tiny_jobs import job, publish


def sorted_rows(frame: DataFrame | None) -> list[str]:
    return [] if frame is None else sorted(map(str, frame.collect()))


@settings(ON_SPARK, max_examples=4)
@given(rows=deliveries(min_size=20))
def test_both_find_the_same(spark: SparkSession, rows: list[Row]) -> None:
    found = []
    for rows_count in (FEW, MANY):
        with computing(spark, rows_count):
            one = examine(raw_frame(spark, rows), delivery(rows))
            bad, made = sorted_rows(one.bad), sorted_rows(one.made)
            found.append((one.rows_count, one.broken, one.counted, bad, made, published_of(one)))
    assert found[0] == found[1]


@pytest.mark.parametrize("rows_count", [None, MANY, 10**9])
def test_many_rows_or_none_knows_how_many_are_compiled(rows_count: int | None) -> None:
    assert codegen_conf(rows_count)["spark.sql.codegen.wholeStage"] == "true"


def test_few_delivered_rows_are_interpreted_and_another_jobs_table_is_compiled(
    spark: SparkSession, tmp_path: Path
) -> None:
    lake = Lake(str(tmp_path))
    deliver(lake, "numbers", pa.table({"n": [1, 2]}))
    publish(lake, job("a"), "one")
    found = {}
    with computing(spark, FEW):
        for one in (job("a"), job("b", "a")):
            read(run_of(one, lake), spark)
            found[one.name] = spark.conf.get("spark.sql.codegen.wholeStage")
    assert found == {"a": "false", "b": "true"}
