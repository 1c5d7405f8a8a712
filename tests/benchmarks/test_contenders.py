"""Every contender gives the same answer, and it is the right one."""

import runpy
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from benchmarks.generate import Shape, generate
from benchmarks.measure import difference

ROOT = Path(__file__).resolve().parents[2]
FOLLOW_THE_RULES = ["duckdb_analyst", "duckdb_tricks", "polars_analyst"]
REMOVE_DUPLICATES = [*FOLLOW_THE_RULES, "straightforward_spark"]
LATER = datetime(2030, 1, 1, tzinfo=UTC)
Row = dict[str, Any]


def bad_rows(good: Row) -> list[Row]:
    """Later deliveries of one good key, each breaking one rule: none may displace the good one."""
    later = good | {"dataplatform_inserted_at": LATER}
    broken: list[Row] = [
        {"value": -1.0},
        {"value": 0.5},
        {"value": float("nan")},
        {"value": float("inf")},
        {"value": 2.0**53 + 2},
        {"value": None},
        {"name": " "},
        {"name": None},
        {"end_date": good["start_date"] + timedelta(days=1)},
        {"end_date": None},
        {"year_week": "2024_1"},
        {"year_week": "2023_01"},
        {"year_week": None},
        {"dataplatform_inserted_at": None},
        {"country": "XX"},
        {"country": "us"},
        {"country": None},
        {"os_name": "ALL"},
        {"os_name": None},
        {"start_date": None},
    ]
    return [later | change for change in broken]


def ties(good: Row) -> list[Row]:
    """Two deliveries of one key in one load: the larger value counts."""
    return [
        good | {"dataplatform_inserted_at": LATER, "value": value}
        for value in (900.0, 1000.0, 800.0)
    ]


def write_source(
    folder: Path, redelivered: float, extra: Callable[[Row], list[Row]] | None = None
) -> Path:
    generate(Shape(5, 6, 45, redelivered=redelivered), folder)
    if extra:
        newest = pq.read_table(sorted(folder.iterdir())[-1])
        good = next(
            row for row in newest.to_pylist() if row["os_name"] == "all" and row["country"] != "ALL"
        )
        pq.write_table(
            pa.Table.from_pylist(extra(good), newest.schema), folder / "zz-extra.parquet"
        )
    return folder


def run(contender: str, source: Path, output: Path) -> Path:
    """Run a contender, on the tests' session if there is one."""
    argv = [contender, "--source", f"{source}/*.parquet", "--output", str(output)]
    with mock.patch.object(sys, "argv", argv), mock.patch.object(SparkSession, "stop"):
        runpy.run_module(f"benchmarks.contenders.{contender}", run_name="__main__")
    return output


def run_in_a_process(contender: str, source: Path, output: Path) -> Path:
    """Run a contender that starts a JVM of its own."""
    arguments = ("--source", f"{source}/*.parquet", "--output", str(output))
    command = [sys.executable, "-m", f"benchmarks.contenders.{contender}", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return output


def expected_table(rows: list[Row], output: Path) -> Path:
    """The definition of the metric in plain Python, on good rows."""
    counted = [row for row in rows if row["os_name"] == "all" and row["country"] != "ALL"]
    counted.sort(key=lambda row: (row["dataplatform_inserted_at"], row["value"]))
    latest = {(row["start_date"], row["country"], row["name"]): row["value"] for row in counted}
    organic: dict[tuple[str, date], float] = defaultdict(float)
    installs: dict[tuple[str, date], float] = defaultdict(float)
    for (day, country, name), value in latest.items():
        monday = day - timedelta(days=day.weekday())
        installs[country, monday] += value
        organic[country, monday] += value if name == "Organic" else 0
    first = min(monday for _, monday in installs)
    last_date = max(day for day, _, _ in latest)
    mondays = [first + timedelta(weeks=i) for i in range((last_date - first).days // 7 + 1)]
    table = []
    for country in sorted({country for country, _ in installs}):
        for i, monday in enumerate(mondays):
            window = mondays[max(i - 3, 0) : i + 1]
            organic_p4w, installs_p4w = (
                sum(counts[country, week] for week in window) for counts in (organic, installs)
            )
            share = organic_p4w / installs_p4w if installs_p4w else None
            is_complete = monday + timedelta(days=6) <= last_date
            iso = monday.isocalendar()
            table.append(
                (
                    iso.year,
                    iso.week,
                    country,
                    share,
                    monday,
                    organic_p4w,
                    installs_p4w,
                    len(window),
                    is_complete,
                )
            )
    types = [pa.int32(), pa.int32(), pa.string(), pa.float64(), pa.date32()]
    types += [pa.int64(), pa.int64(), pa.int32(), pa.bool_()]
    names = ["year", "week", "country", "share_organic_p4w", "week_start_date"]
    names += [
        "organic_p4w_count",
        "installs_p4w_count",
        "weeks_in_window_count",
        "is_week_complete",
    ]
    columns = [
        pa.array(values).cast(kind)
        for values, kind in zip(zip(*table, strict=True), types, strict=True)
    ]
    pq.write_table(pa.table(columns, names=names), output)
    return output


def rows_of(source: Path) -> list[Row]:
    return [row for path in sorted(source.iterdir()) for row in pq.read_table(path).to_pylist()]


@pytest.mark.filterwarnings("ignore:Cannot infer the eval type")  # of a contender's UDF
@pytest.mark.parametrize("contender", REMOVE_DUPLICATES)
def test_the_latest_delivery_counts_and_the_larger_of_a_tie(
    spark: SparkSession, tmp_path: Path, contender: str
) -> None:
    source = write_source(tmp_path / "raw", 0.1, ties)
    expected = expected_table(rows_of(source), tmp_path / "expected.parquet")
    assert difference(run(contender, source, tmp_path / "table.parquet"), expected) is None


@pytest.mark.parametrize("redelivered", [0.0, 0.1])
@pytest.mark.parametrize("contender", FOLLOW_THE_RULES)
def test_bad_rows_never_displace_good_ones(
    tmp_path: Path, contender: str, redelivered: float
) -> None:
    source = write_source(tmp_path / "raw", redelivered, bad_rows)
    good = [row for row in rows_of(source) if row["dataplatform_inserted_at"] not in (LATER, None)]
    expected = expected_table(good, tmp_path / "expected.parquet")
    assert difference(run(contender, source, tmp_path / "table.parquet"), expected) is None


def test_the_bare_transform_agrees_where_nothing_is_bad_or_double(tmp_path: Path) -> None:
    source = write_source(tmp_path / "raw", 0.0)
    expected = expected_table(rows_of(source), tmp_path / "expected.parquet")
    assert (
        difference(run_in_a_process("bare_transform", source, tmp_path / "table.parquet"), expected)
        is None
    )


def test_a_different_answer_is_noticed(tmp_path: Path) -> None:
    table = pa.table({"country": ["AD", "DE"], "share": [0.5, None], "count": [4, 0]})
    others = {
        "values": table.set_column(1, "share", pa.array([0.5 + 1e-9, None])),
        "nulls": table.set_column(1, "share", pa.array([0.5, 0.0])),
        "counts": table.set_column(2, "count", pa.array([5, 0])),
        "order": table.take([1, 0]),
        "types": table.set_column(2, "count", pa.array([4, 0], pa.int32())),
        "rows": table.slice(1),
    }
    pq.write_table(table, tmp_path / "expected.parquet")
    for name, other in others.items():
        pq.write_table(other, tmp_path / f"{name}.parquet")
        assert difference(tmp_path / f"{name}.parquet", tmp_path / "expected.parquet"), name
    rounded = table.set_column(1, "share", pa.array([0.5 + 1e-14, None]))
    pq.write_table(rounded, tmp_path / "rounded.parquet")
    assert difference(tmp_path / "rounded.parquet", tmp_path / "expected.parquet") is None
