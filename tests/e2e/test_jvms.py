"""One JVM serves the jobs of a command; where it cannot, another one takes its place."""

import subprocess
import sys
from pathlib import Path

import pytest

from spark_app.spark.failures import JVM_ENDED
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

KILLED = """
import sys
from contextlib import nullcontext
from py4j.protocol import Py4JJavaError
from spark_app.errors import RunFailed
from spark_app.spark.failures import explained_failures
from spark_app.spark.session import SparkOnDemand

folder = sys.argv[1]
with SparkOnDemand(driver_memory="1g") as spark:
    spark.expect(1, None)
    with spark.started(
        log=lambda: nullcontext(folder + "/log.txt"), log_name="log.txt",
        input_bytes=1, has_s3=False, lake_tables=None,
    ) as connect:
        context = connect().sparkContext
        try:
            with explained_failures(lambda: None, folder):
                try:
                    context._jvm.java.util.ArrayList().get(1)
                except Py4JJavaError:
                    context._gateway.proc.kill()
                    context._gateway.proc.wait()
                    raise
        except RunFailed as error:
            print(error)
"""


@pytest.mark.parametrize(("when", "jvms"), [("expected", 1), ("by surprise", 2)])
def test_lake_tables_are_reached_after_a_table_of_one_file(
    when: str, jvms: int, tmp_path: Path
) -> None:
    (tmp_path / "lake").mkdir()
    assert said(SCRIPT, str(tmp_path), when) == str(jvms)


def test_an_error_of_a_jvm_that_died_meanwhile_is_told_without_it(tmp_path: Path) -> None:
    assert said(KILLED, str(tmp_path)) == JVM_ENDED


def said(script: str, *arguments: str) -> str:
    """What a script prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=process.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=process.DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
