"""One JVM serves the jobs of a command; where it cannot, another one takes its place."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e import process

SCRIPT = """
import sys
from contextlib import nullcontext
import pyarrow as pa
from pyspark.sql import functions as F
from spark_app.lake.lake import Lake
from spark_app.spark.session import SparkOnDemand

folder, is_expected = sys.argv[1], sys.argv[2] == "expected"
lake = Lake(folder + "/lake")
with SparkOnDemand(driver_memory="1g") as spark:
    spark.expect(1, lake if is_expected else None)
    jvms = set()
    for tables in (None, lake):
        with spark.started(
            log=lambda: nullcontext(folder + "/log.txt"), log_name="log.txt",
            input_bytes=1, has_s3=False, lake_tables=tables,
        ) as connect:
            session = connect()
            jvms.add(session.sparkContext._gateway.proc.pid)
            rows = session.createDataFrame(pa.table({"n": pa.array([1], pa.int32())}))
            assert rows.where(F.col("n").isin(1)).count() == 1
    session.sql("CREATE NAMESPACE lake.tables")
print(len(jvms))
"""


@pytest.mark.parametrize(("when", "jvms"), [("expected", 1), ("by surprise", 2)])
def test_lake_tables_are_reached_after_a_table_of_one_file(
    when: str, jvms: int, tmp_path: Path
) -> None:
    (tmp_path / "lake").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), when],
        env=process.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=process.DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(jvms)
