"""Rewrite one lake table again and again, as an hourly file of one day does, and look at what piles
up: metadata, the seconds of a commit, the size of the folder.

    python -m benchmarks.rewrites                 2,000 rewrites, some 12 weeks of hours; some hours
    python -m benchmarks.rewrites --count 200 --rows 1000

Versions of 7 days are kept, as runs keep them: time is counted in rewrites here.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from spark_app.jobs.app_event import TABLE
from spark_app.lake import catalogue, iceberg
from spark_app.lake.lake import Lake
from spark_app.spark.session import SparkOnDemand

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

COUNT, ROWS = 2_000, 10_000
KEPT_REWRITES = 7 * 24
COMMITS = 2  # of a run: its rows, and what it says of them
DAY = date(2024, 5, 1)
MOST_METADATA_BYTES, MOST_SECONDS = 2**20, 3.0


@dataclass(frozen=True)
class Piled:
    """What a folder holds after so many rewrites: bytes of the newest metadata and of all of it, of
    the data, and of the data of one version; `seconds` took the last rewrite, `commit_seconds` its
    commits without the rows."""

    metadata_bytes: int
    all_metadata_bytes: int
    data_bytes: int
    version_bytes: int
    versions_count: int
    seconds: float
    commit_seconds: float

    def lines(self) -> list[str]:
        """What a person is told."""
        expected = self.version_bytes * self.versions_count
        return [
            f"newest metadata  {self.metadata_bytes / 2**20:.2f} MB (at most 1)",
            f"last commit      {self.commit_seconds:.1f} s (at most 3)",
            f"last rewrite     {self.seconds:.1f} s",
            f"all metadata     {self.all_metadata_bytes / 2**20:.1f} MB",
            f"data             {self.data_bytes / 2**20:.1f} MB",
            f"expected         {expected / 2**20:.1f} MB of {self.versions_count:,} versions",
        ]

    @property
    def is_small(self) -> bool:
        """Whether it holds what is promised."""
        return self.metadata_bytes < MOST_METADATA_BYTES and self.commit_seconds < MOST_SECONDS


def main(arguments: Sequence[str] | None = None) -> int:
    """Rewrite, print; 1 when a promise is not held."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--count", type=int, default=COUNT, help="how many rewrites")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the day")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="rewrites-") as folder:
        piled = rewritten(Lake(f"{folder}/lake"), args.count, args.rows)
    print("\n".join(piled.lines()))
    return 0 if piled.is_small else 1


def rewritten(lake: Lake, count: int, rows_count: int) -> Piled:
    """Rewrite the day of a new lake table so many times."""
    lake.store.make_folder(lake.root)
    kept = patch.multiple(iceberg, KEPT_DAYS=0, KEPT_SNAPSHOTS=KEPT_REWRITES * COMMITS)
    with (
        kept,
        SparkOnDemand(driver_memory="1g") as spark,
        spark.started(
            log=lambda: lake.log_file("rewrites"),
            log_name=lake.log("rewrites"),
            input_bytes=0,
            has_s3=False,
            lake_tables=lake,
        ) as connect,
    ):
        session = connect()
        iceberg.ensure(session, TABLE, lake)
        took = [_rewrite(session, number, rows_count) for number in range(count)]
    return _piled(lake, *took[-1])


def _rewrite(session: "SparkSession", number: int, rows_count: int) -> tuple[float, float]:
    """The seconds of a rewrite, and of its commits alone."""
    run_id, began = f"run-{number:05d}", time.monotonic()
    iceberg.begin(session, TABLE, run_id)
    iceberg.replace_days(session, TABLE, run_id, _rows(session, rows_count), [DAY])
    written = time.monotonic()
    parts = ",".join(f"run-{max(0, number - n):05d}-{n:018d}" for n in range(24))
    marks = {"run_id": run_id, "inputs_digest": "0" * 64, "options": "{}", "ledger": parts}
    iceberg.mark(session, TABLE, run_id, marks)
    iceberg.publish(session, TABLE, run_id)
    iceberg.tidy(session, TABLE, run_id, datetime.now(UTC))
    ended = time.monotonic()
    return ended - began, ended - written


def _rows(session: "SparkSession", count: int) -> "DataFrame":
    values = {
        "event_date": f"date'{DAY}'",
        "event_at": f"timestamp'{DAY} 10:00:00' + make_dt_interval(0, 0, 0, id)",
        "user_id": "substr(sha2(string(id), 256), 1, 32)",
        "log_id": "string(id)",
        "event_name": "'open'",
    }
    columns = [f"CAST({values.get(c.name, 'NULL')} AS {c.type}) {c.name}" for c in TABLE.columns]
    return session.range(count).selectExpr(*columns, f"1 {iceberg.SOURCE_ID}")


def _piled(lake: Lake, seconds: float, commit_seconds: float) -> Piled:
    folder = Path(lake.lake_table(TABLE.name))
    data = {path: path.stat().st_size for path in (folder / "data").rglob("*.parquet")}
    newest = max(data, key=lambda path: path.stat().st_mtime_ns)
    metadata = list((folder / "metadata").iterdir())
    versions = sorted(path for path in metadata if path.name.endswith(".metadata.json"))
    return Piled(
        metadata_bytes=versions[-1].stat().st_size,
        all_metadata_bytes=sum(path.stat().st_size for path in metadata),
        data_bytes=sum(data.values()),
        version_bytes=data[newest],
        versions_count=len(catalogue.history(TABLE.name, lake)),
        seconds=seconds,
        commit_seconds=commit_seconds,
    )


if __name__ == "__main__":
    raise SystemExit(main())
