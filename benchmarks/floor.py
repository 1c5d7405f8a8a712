"""What Spark on one machine needs for the parts of a delivery, in one Java machine.

python -m benchmarks.floor 'build/bench-data/50M/*.parquet'

Each part reads the files anew, twice: in a Java machine that has compiled nothing of it, and again.
The rules are judged in the plain way, as for any job.
"""

import argparse
import glob
import time
from collections.abc import Callable

import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_app.jobs.organic_share.raw import INSTALLS
from spark_app.lake.store import Disk
from spark_app.quality.rules import count_broken
from spark_app.quality.standard import rules_of
from spark_app.settings import stand_alone
from spark_app.sources.files import choose_reader, inspect_files, read_files
from spark_app.spark.session import open_session

GROUPS = ("start_date", "country", "os_name")


def scan(rows: DataFrame) -> None:
    """Every value of every promised column is decoded and looked at."""
    rows.agg(F.max(F.hash(*rows.columns))).collect()


def judge(rows: DataFrame) -> None:
    """The rules, in one pass."""
    count_broken(rows, rules_of(INSTALLS, {}))


def group(rows: DataFrame) -> None:
    """The installs of each day, country and platform: the least that the metric asks for."""
    rows.groupBy(*GROUPS).agg(F.sum("value")).agg(F.count(F.lit(1))).collect()


STEPS: dict[str, Callable[[DataFrame], None]] = {
    "decode and hash all ten columns": scan,
    "judge all rules": judge,
    "group by day, country and platform": group,
}


def rows_of(session: SparkSession, source: str) -> DataFrame:
    """The rows of delivered files, as a run reads them."""
    store = Disk()
    files = store.find(source)
    found = inspect_files(INSTALLS, files, store)
    choose_reader(session, found)
    size = sum(file.size_bytes for file in files)
    return read_files(session, INSTALLS, found, bytes_count=size)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", help="Parquet files of installs, a quoted glob")
    args = parser.parse_args()
    stand_alone()
    count = sum(pq.read_metadata(path).num_rows for path in glob.glob(args.source))
    began = time.monotonic()
    with open_session(log="/dev/null", input_bytes=2**30) as session:
        print(f"{count:,} rows; start of Java and session {time.monotonic() - began:.1f} s")
        rows = rows_of(session, args.source)
        for name, step in STEPS.items():
            seconds = [seconds_of(step, rows) for _ in range(2)]
            print(f"{name}: first {seconds[0]:.1f} s, again {seconds[1]:.1f} s", flush=True)


def seconds_of(step: Callable[[DataFrame], None], rows: DataFrame) -> float:
    """How long a step takes."""
    began = time.monotonic()
    step(rows)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
