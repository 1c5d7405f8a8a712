"""The lake table `app_event`: what becomes of an event, and how `docs/reading.md` reads it."""

import subprocess
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from spark_app import cli
from spark_app.lake.lake import Lake
from spark_app.spark.iceberg import catalogue_conf
from tests import in_process
from tests.docs.pages import ROOT, docs, marked
from tests.e2e.process import expect_done

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OPEN = "u1,android,Pixel 8,DE,open,17,2024-05-01 23:59:59.123456,,"
BUY = "u2,ios,,,buy,9007199254740993,2024-05-02 00:00:00.000001,2,0.0499"
SHORTENED = "u3,ios,iPhone,FR,open,1.2E+10,2024-05-02 10:00:00.000000,,"
READERS = ROOT / ".venv-readers" / "bin" / "python"


@pytest.fixture(scope="module")
def lake(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with three events, two of them good."""
    folder = tmp_path_factory.mktemp("events")
    raw = folder / "lake" / "raw" / "app_event"
    raw.mkdir(parents=True)
    (raw / "März [1] 100%.csv").write_text(f"{OPEN}\n{BUY}\n{SHORTENED}\n")
    asked = ("run", "app_event", "--run-id", "one", "--tolerance", "0.5", "--lake", "lake")
    with in_process.at(folder, {"PYSPARK_GATEWAY_PORT": "0"}):
        expect_done(in_process.ended(cli.main, *asked))
    return folder / "lake"


@pytest.fixture
def as_documented(lake: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page's reader leaves, where the lake lies in the folder."""
    monkeypatch.chdir(lake.parent)
    names: dict[str, Any] = {}
    exec(snippet("reader of a lake table"), names)
    return names


def snippet(marker: str) -> str:
    """Code of the page on reading."""
    (code,) = marked(docs("reading"), marker)
    return code


def after_pyiceberg(reader: str, names: dict[str, Any]) -> dict[str, Any]:
    """What another reader of the page leaves, which goes on from what PyIceberg read."""
    exec(snippet(f"lake table, after PyIceberg: {reader}"), names)
    return names


def test_an_event_is_typed_and_has_its_day(as_documented: dict[str, Any]) -> None:
    rows = as_documented["events"].scan().to_arrow().sort_by("user_id").to_pylist()
    assert [str(row.pop("event_at")) for row in rows] == [
        "2024-05-01 23:59:59.123456+00:00",
        "2024-05-02 00:00:00.000001+00:00",
    ]
    assert [str(row.pop("event_date")) for row in rows] == ["2024-05-01", "2024-05-02"]
    assert rows[1] == {
        "user_id": "u2",
        "log_id": "9007199254740993",
        "event_name": "buy",
        "country": None,
        "os": "ios",
        "model": None,
        "quantity": 2,
        "price": Decimal("0.0499"),
        "source_id": 1,
    }


def test_the_page_reads_days(as_documented: dict[str, Any]) -> None:
    assert as_documented["rows"].to_pylist() == [{"user_id": "u2"}]


def test_the_page_hands_rows_to_pandas(as_documented: dict[str, Any]) -> None:
    frame = after_pyiceberg("pandas", as_documented)["frame"].sort_values("user_id")
    assert frame["log_id"].tolist() == ["17", "9007199254740993"]
    assert frame["quantity"].dtype == "int32[pyarrow]"
    assert frame["price"].tolist()[1] == Decimal("0.0499")


def test_the_page_hands_rows_to_polars(as_documented: dict[str, Any]) -> None:
    frame = after_pyiceberg("Polars", as_documented)["frame"].sort("user_id")
    assert frame["price"].to_list() == [None, Decimal("0.0499")]
    assert frame.width == len(as_documented["events"].schema().fields)


def test_the_page_hands_rows_to_duckdb(as_documented: dict[str, Any]) -> None:
    found = after_pyiceberg("DuckDB", as_documented)["revenue"]
    assert sorted(found) == [("buy", Decimal("0.0499")), ("open", None)]


def test_the_page_reads_with_spark(
    lake: Path, spark: "SparkSession", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lake.parent)
    for key, value in catalogue_conf(Lake(str(lake))).items():
        if ".hadoop." in key:  # the tests' Spark has not the file system of a user's own
            spark.conf.set(key, value)
    names: dict[str, Any] = {"spark": spark}
    exec(snippet("lake table: Spark"), names)
    rows = names["events"].orderBy("user_id").collect()
    assert [(row["user_id"], row["price"]) for row in rows] == [
        ("u1", None),
        ("u2", Decimal("0.0499")),
    ]


@pytest.mark.skipif(not READERS.exists(), reason="`make readers` was not called")
def test_the_page_reads_with_duckdb_and_its_extension(lake: Path) -> None:
    asked = "print(events.order('user_id').project('log_id, price, event_at').fetchall())"
    code = f"{snippet('lake table: DuckDB with its extension')}\n{asked}"
    done = subprocess.run(
        [READERS, "-c", code], check=False, cwd=lake.parent, capture_output=True, text=True
    )
    assert done.stdout == (
        "[('17', None, datetime.datetime(2024, 5, 1, 23, 59, 59, 123456, tzinfo=<UTC>)), "
        "('9007199254740993', Decimal('0.0499'), "
        "datetime.datetime(2024, 5, 2, 0, 0, 0, 1, tzinfo=<UTC>))]\n"
    ), done.stderr


def test_a_number_that_a_spreadsheet_shortened_is_set_aside(lake: Path) -> None:
    (row,) = pq.read_table(lake / "quarantine" / "app_event" / "run_id=one").to_pylist()
    assert (row["broken_rules"], row["delivered_line"]) == (["log_id_is_id"], SHORTENED)
