"""The table by this job's own transform alone: no rules, no deduplication, no checks."""

import argparse
import glob
import shutil
from pathlib import Path

import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_app.jobs.organic_share.transform import (
    counted,
    daily_totals,
    on_complete_grid,
    rolling_share,
    weekly_installs,
)
from spark_app.settings import stand_alone
from spark_app.sources.files import task_bytes
from spark_app.spark.session import open_session


def read_raw(session: SparkSession, paths: list[str]) -> DataFrame:
    """The rows as delivered, in tasks of the size that the job uses."""
    rows_count = sum(pq.read_metadata(path).num_rows for path in paths)
    wanted = task_bytes(size_of(paths), rows_count)
    session.conf.set("spark.sql.files.maxPartitionBytes", str(wanted))
    return session.read.parquet(*paths).withColumn("value", F.col("value").cast("bigint"))


def size_of(paths: list[str]) -> int:
    return sum(Path(path).stat().st_size for path in paths)


def write_one_file(table: DataFrame, output: Path) -> None:
    folder = output.with_suffix(".parts")
    table.coalesce(1).write.mode("overwrite").parquet(str(folder))
    next(folder.glob("*.parquet")).replace(output)
    shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="glob of raw Parquet files, no key twice")
    parser.add_argument("--output", required=True, type=Path, help="the Parquet file to write")
    args = parser.parse_args()
    stand_alone()
    paths = sorted(glob.glob(args.source))
    log = str(args.output.with_suffix(".log"))
    with open_session(log=log, input_bytes=size_of(paths)) as session:
        weeks = weekly_installs(counted(daily_totals(read_raw(session, paths)))).persist()
        write_one_file(rolling_share(on_complete_grid(weeks)), args.output)


if __name__ == "__main__":
    main()
