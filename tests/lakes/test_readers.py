"""Every reader sees whole versions, all columns, and numbers to the last digit, also while runs
publish; a row without values stays one."""

import datetime as dt
import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pytest
from pyiceberg.catalog import load_catalog

from spark_app import jobs
from tests.docs.pages import ROOT
from tests.e2e.in_process import App
from tests.e2e.process import expect_done

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

NAME, VERSIONS = "measure", 3
READERS = ROOT / ".venv-readers" / "bin" / "python"
HEADER = "id,at,version,whole,amount,ratio,flag,day,words"
BIG = Decimal("12345678901234567890123456789012.123456")
AT = dt.datetime(2024, 5, 1, 23, 59, 59, 999000, tzinfo=dt.UTC)
Row = dict[str, Any]
Read = Callable[[], list[Row]]

WITH_EXTENSION = """
import json, sqlite3, sys, time
from pathlib import Path
import duckdb
from duckdb_extensions import import_extension
import_extension("avro")
import_extension("iceberg")
duckdb.execute("SET TimeZone = 'UTC'")
while True:
    is_last = Path("stop").exists()
    with sqlite3.connect("file:lake/catalog.db?mode=ro", uri=True) as catalogue:
        (newest,) = catalogue.execute("SELECT metadata_location FROM iceberg_tables").fetchone()
    found = duckdb.sql(f"FROM iceberg_scan('{newest.removeprefix('file:')}') ORDER BY id")
    print(json.dumps([dict(zip(found.columns, map(str, row))) for row in found.fetchall()]))
    if is_last:
        break
"""


def deliver(raw: Path, version: int) -> None:
    """The same measurements, as of another version."""
    lines = (
        HEADER,
        f"a,1714607999999,{version},{2**53 + 1},{BIG},0.1,true,2024-02-29,März",
        f"b,1714607999999,{version},,,,,,",
        f"c,1714608000000,{version},{-(2**63)},-0.000001,-0.0,false,1969-12-31,NULL",
    )
    raw.mkdir(parents=True, exist_ok=True)
    (raw / "one.csv").write_text("".join(f"{line}\n" for line in lines))


def expected(version: object) -> list[Row]:
    """What a reader must see of a version."""
    of_a = (dt.date(2024, 5, 1), "a", AT, 2**53 + 1, BIG, 0.1, True, dt.date(2024, 2, 29), "März")
    of_b = (dt.date(2024, 5, 1), "b", AT, *[None] * 6)
    next_day, at = dt.date(2024, 5, 2), AT + dt.timedelta(milliseconds=1)
    least = (-(2**63), Decimal("-0.000001"), -0.0, False, dt.date(1969, 12, 31), "NULL")
    names = ("measured_date", *HEADER.replace("version,", "").split(","))
    rows = (of_a, of_b, (next_day, "c", at, *least))
    return [dict(zip(names, row, strict=True)) | {"version": version} for row in rows]


@pytest.fixture
def publish(
    app_here: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], None]:
    """Deliver and publish a version in a lake in the test's folder."""
    monkeypatch.setitem(jobs.JOBS, NAME, "a lake table of the tests")
    monkeypatch.setattr(jobs, "__path__", [*jobs.__path__, str(Path(__file__).parent / "jobs")])

    def run(version: int) -> None:
        deliver(tmp_path / "lake" / "raw" / "measurements", version)
        asked = ("run", NAME, "--run-id", f"run-{version}", "--lake", tmp_path / "lake")
        expect_done(app_here(*asked, cwd=tmp_path))

    return run


def readers(lake: Path, spark: "SparkSession") -> dict[str, Read]:
    """Each reads all rows in order of the id, into Python's own values."""

    def arrow() -> "pa.Table":
        catalogue = load_catalog("lake", type="sql", uri=f"sqlite:///{lake}/catalog.db")
        return catalogue.load_table(f"tables.{NAME}").scan().to_arrow().sort_by("id")

    def pandas() -> list[Row]:
        frame = arrow().to_pandas(types_mapper=pd.ArrowDtype).astype(object)
        return [
            {name: None if value is pd.NA else plain(value) for name, value in row.items()}
            for row in frame.to_dict("records")
        ]

    def duck() -> list[Row]:
        rows = arrow()
        with duckdb.connect() as database:
            database.execute("SET TimeZone = 'UTC'")
            found = database.register("found", rows).sql("FROM found ORDER BY id")
            return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]

    def of_spark() -> list[Row]:
        rows = spark.table(f"lake.tables.{NAME}").orderBy("id").selectExpr("*", "unix_micros(at) u")
        found = [row.asDict() for row in rows.collect()]
        return [row | {"at": AT.fromtimestamp(row.pop("u") / 10**6, dt.UTC)} for row in found]

    def polars() -> list[Row]:
        frame = pl.from_arrow(arrow())
        assert isinstance(frame, pl.DataFrame)
        return frame.to_dicts()

    return {
        "PyIceberg": lambda: arrow().to_pylist(),
        "pandas": pandas,
        "Polars": polars,
        "DuckDB by Arrow": duck,
        "Spark": of_spark,
    }


def plain(value: object) -> object:
    """A value of pandas as Python's own."""
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


@contextmanager
def reading(all_readers: Mapping[str, Read]) -> Iterator[dict[str, list[list[Row]]]]:
    """Read on and on, each reader in a thread of its own; what each saw, in order."""
    seen: dict[str, list[list[Row]]] = {name: [] for name in all_readers}
    wrong: list[Exception] = []
    stopped = threading.Event()

    def read_on(name: str) -> None:
        try:
            while not stopped.is_set():
                seen[name].append(all_readers[name]())
                stopped.wait(0.2)
        except Exception as error:  # a thread's own would be printed and forgotten
            wrong.append(error)

    threads = [threading.Thread(target=read_on, args=(name,)) for name in all_readers]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    assert wrong == []


def expect_whole(name: str, seen: list[list[Row]]) -> None:
    """All that was read are whole versions, which follow each other."""
    versions: list[Any] = []
    for rows in seen:
        assert [set(row) for row in rows] == [{*expected(0)[0], "source_id"}] * 3, name
        versions.append(rows[0]["version"])
        found = [{key: value for key, value in row.items() if key != "source_id"} for row in rows]
        assert found == expected(rows[0]["version"]), name
    assert versions == sorted(versions), name


def test_readers_see_whole_versions_while_runs_publish(
    publish: Callable[[int], None], spark: "SparkSession", tmp_path: Path
) -> None:
    publish(1)
    data = tmp_path / "lake" / "tables" / NAME / "data"  # no day is null
    days = {"measured_date=2024-05-01", "measured_date=2024-05-02"}
    assert {folder.name for folder in data.iterdir()} == days
    every = readers(tmp_path / "lake", spark)
    with reading(every) as seen, with_extension(tmp_path) as printed:
        for version in range(2, VERSIONS + 1):
            publish(version)
    for name, read in every.items():
        expect_whole(name, [*seen[name], read()])
        assert read()[0]["version"] == VERSIONS
    for line in printed:
        found = json.loads(line)
        wanted = [{k: str(v) for k, v in row.items()} for row in expected(found[0]["version"])]
        assert [{k: v for k, v in row.items() if k != "source_id"} for row in found] == wanted
    if READERS.exists():
        assert json.loads(printed[-1])[0]["version"] == str(VERSIONS)


@contextmanager
def with_extension(folder: Path) -> Iterator[list[str]]:
    """DuckDB with its own extension reads on and on in a process of its own; each read, a line."""
    lines: list[str] = []
    if not READERS.exists():
        yield lines
        return
    with subprocess.Popen(
        [READERS, "-c", WITH_EXTENSION],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield lines
        finally:
            (folder / "stop").touch()
            out, err = process.communicate(timeout=120)
            lines += out.splitlines()
    assert process.returncode == 0, err
