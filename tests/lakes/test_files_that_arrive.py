"""Files as deliverers really write them, each through a run: read right, set aside, or refused by
name."""

import gzip
import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from spark_app.declarations import Csv
from spark_app.jobs import find_job
from spark_app.lake import iceberg
from spark_app.lake.lake import Lake
from spark_app.spark.iceberg import catalogue_conf
from tests.e2e.in_process import App
from tests.e2e.process import Ended, expect_error
from tests.lakes.conftest import Visits

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BOM = "\ufeff"
ANN, BOB = "ann,2024-05-01 10:00:00,1", "bob,2024-05-02 10:00:00,2"
CAT, DAN = "cat,2024-05-03 10:00:00,3", "dan,2024-05-04 10:00:00,4"
EVE, FAY = "eve,2024-05-05 10:00:00,5", "fay,2024-05-06 10:00:00,6"
SHOP = "timestamp,visitorid,event,itemid,transactionid"
VIEW = "1714557600000,{},view,{},"
OBJECT = {"meta": {"session_long": 1, "date": "2024-05-01 10:00:00"}}


class Delivered:
    """A lake of one of the package's jobs, and files for it."""

    def __init__(self, app: App, spark: "SparkSession", folder: Path) -> None:
        """Take the folder in which the lake is made."""
        self._app, self._spark, self._folder = app, spark, folder
        self.root = folder / "lake"

    def run(self, name: str, files: dict[str, str | bytes]) -> Ended:
        """Put files where they are delivered, and run the job."""
        for file, content in files.items():
            path = self.root / "raw" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        asked = ("run", name, "--run-id", "one", "--tolerance", "0.9", "--lake", self.root)
        return self._app(*asked, cwd=self._folder)

    def rows(self, name: str, *columns: str) -> list[tuple[object, ...]]:
        """Columns of what readers see, in order."""
        for key, value in catalogue_conf(Lake(str(self.root))).items():
            self._spark.conf.set(key, value)
        found = iceberg.published_rows(self._spark, find_job(name).publishes)
        return sorted((tuple(row) for row in found.select(*columns).collect()), key=str)

    def set_aside(self, name: str) -> list[tuple[str, list[str]]]:
        """Bad lines, and the rules that they broke."""
        found = pq.read_table(self.root / "quarantine" / name / "run_id=one").to_pylist()
        return sorted((row["delivered_line"], row["broken_rules"]) for row in found)


@pytest.fixture
def delivered(app_here: App, spark: "SparkSession", tmp_path: Path) -> Delivered:
    return Delivered(app_here, spark, tmp_path)


def test_marks_line_ends_and_packing_make_no_difference(visits: Visits) -> None:
    header = "user,at,pages"  # which nobody promised
    contents = {
        "mark.csv": f"{BOM}{ANN}\n".encode(),
        "windows.csv": f"{BOB}\r\n\r\n".encode(),
        "packed.csv.gz": gzip.compress(f"{BOM}{CAT}\r\n".encode()),
        "no end.csv": DAN.encode(),
        "blank.csv": b"\n\r\n",
        "glued.csv": f"{header}\n{EVE}\n{header}\n{FAY}\n".encode(),
        "line break.csv": b'"guy\nlee",2024-05-01 10:00:00,1\n',
    }
    visits.raw.mkdir(parents=True)
    for name, content in contents.items():
        (visits.raw / name).write_bytes(content)
    visits.done("one")
    assert [row[0] for row in visits.rows()] == ["ann", "bob", "cat", "dan", "eve", "fay"]
    bad = pq.read_table(visits.root / "quarantine" / "visits" / "run_id=one").to_pylist()
    broken = {row["delivered_line"]: row["broken_rules"] for row in bad}
    assert len(bad) == 4
    assert broken[header][0] == "line_is_no_header"
    assert all("quotes_are_closed" in broken[line] for line in broken.keys() - {header})
    assert broken.keys() == {header, '"guy', 'lee",2024-05-01 10:00:00,1'}


def test_headers_may_have_another_order_in_each_file(delivered: Delivered) -> None:
    ended = delivered.run(
        "shop_event",
        {
            "one.csv": f"{BOM}{SHOP}\r\n{VIEW.format('ann', 1)}\r\n",
            "two.csv.gz": gzip.compress(
                b"itemid,event,transactionid,timestamp,visitorid\n2,view,,1714557600000,bob"
            ),
            "header only.csv": f"{SHOP}\n",
            "glued.csv": f"{SHOP}\n{VIEW.format('cat', 3)}\n{SHOP}\n{VIEW.format('dan', 4)}\n",
        },
    )
    assert ended.code == 0, ended.err
    assert "checks 9 passed" in ended.err and "0 set aside" in ended.err
    assert delivered.rows("shop_event", "visitor_id", "item_id") == [
        ("ann", "1"),
        ("bob", "2"),
        ("cat", "3"),
        ("dan", "4"),
    ]


def test_a_file_put_together_of_two_with_other_orders_is_refused_by_name(
    delivered: Delivered,
) -> None:
    other = "timestamp,itemid,event,visitorid,transactionid\n1714557600000,I0,view,V0,\n"
    ended = delivered.run(
        "shop_event",
        {
            "good.csv": f"{SHOP}\n{VIEW.format('ann', 1)}\n",
            "put together.csv": f"{SHOP}\n{VIEW.format('bob', 2)}\n{other}",
        },
    )
    assert ended.code == 0, ended.err
    assert "put together.csv has a header inside of it with the columns in another" in ended.err
    assert delivered.rows("shop_event", "visitor_id", "item_id") == [("ann", "1")]


def test_a_file_in_other_folders_than_declared_is_refused_by_name(delivered: Delivered) -> None:
    line = f"{json.dumps(OBJECT)}\n"
    ended = delivered.run(
        "device_event", {"olx/hydra/ios/2024/05/01/a.json": line, "olx/2024/05/01/b.json": line}
    )
    assert ended.code == 0, ended.err
    assert "b.json does not lie in folders brand/tracker/channel/yyyy/MM/dd/ below" in ended.err
    assert delivered.rows("device_event", "brand", "tracker") == [("olx", "hydra")]


def test_line_breaks_in_quotes_are_values_where_they_are_promised(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("spark_app.jobs.visit")
    source = replace(module.VISITS, format=Csv(header=False, has_line_breaks=True))
    monkeypatch.setattr(module, "JOB", replace(module.JOB, reads=(source,)))
    visits.deliver("one.csv", '"ann\nlee",2024-05-01 10:00:00,1', BOB)
    (visits.raw / "two.csv.gz").write_bytes(
        gzip.compress(b'"cat ""the\r\nfirst""",2024-05-03 10:00:00,3\r\n')
    )
    visits.done("one")
    users = [row[0] for row in visits.rows()]
    assert users == ["ann\nlee", "bob", 'cat "the\nfirst"']  # as docs/operating.md says


REFUSED = [
    pytest.param("app_event", b"", "is empty; deliver it again", id="0 bytes"),
    pytest.param("app_event", b"<!DOCTYPE html>\n<p>no", "is a page of HTML or XML", id="HTML"),
    pytest.param(
        "shop_event",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "is a pointer of Git LFS",
        id="Git LFS",
    ),
    pytest.param("device_event", b'[{"n": 1},\n{"n": 2}]', "is one JSON array", id="array"),
    pytest.param(
        "device_event", gzip.compress(b"[]"), "is packed by gzip; let its name end", id="gzip"
    ),
]


@pytest.mark.parametrize(("job", "content", "words"), REFUSED)
def test_a_file_that_is_none_is_refused_by_name(
    delivered: Delivered, job: str, content: bytes, words: str
) -> None:
    name = "olx/hydra/ios/2024/05/01/März [1].csv"
    ended = delivered.run(job, {name: content})
    expect_error(ended, 3, "1 of 1 files are refused", str(delivered.root / "raw" / job), words)
    assert not (delivered.root / "tables" / job).exists()


def test_another_header_than_promised_shuts_the_gate(delivered: Delivered) -> None:
    ended = delivered.run("shop_event", {"one.csv": SHOP.replace("visitorid", "VisitorID") + "\n"})
    expect_error(ended, 3, "one.csv, column visitorid", "there is VisitorID")


def test_a_header_alone_is_no_delivery(delivered: Delivered) -> None:
    ended = delivered.run("shop_event", {"one.csv": f"{SHOP}\n"})
    expect_error(ended, 3, "has_rows")


def test_a_key_may_be_null_a_text_a_number_or_an_object_from_day_to_day(
    delivered: Delivered,
) -> None:
    day = "olx/hydra/ios/2024/05/0{}/part.json{}"
    users = (None, "7", 7, 2**53 + 1, str(2**53 + 1))
    lines = [
        json.dumps(
            OBJECT | {"params": {"user_id": user, "more": more, "cc": f"c{number}"}, "top": more}
        )
        for number, (user, more) in enumerate(
            zip(users, (None, "x", 1.5, {"a": [1]}, [None]), strict=True)
        )
    ]
    ended = delivered.run(
        "device_event",
        {
            day.format(1, ""): f"{BOM}{lines[0]}\r\n\r\n{lines[1]}\n",
            day.format(2, ".gz"): gzip.compress(f"{lines[2]}\n{lines[3]}".encode()),
            day.format(3, ""): f'{lines[4]}\n[{lines[0]}]\n{lines[0]} {lines[1]}\n{{"meta": 1}}\n',
        },
    )
    assert ended.code == 0, ended.err
    assert delivered.rows("device_event", "country", "user_id", "device_id") == [
        ("c0", None, "1"),
        ("c1", "7", "1"),
        ("c2", "7", "1"),
        ("c3", "9007199254740993", "1"),
        ("c4", "9007199254740993", "1"),
    ]
    assert sorted(rules for _, rules in delivered.set_aside("device_event")) == [
        ["device_id_present", "event_at_present"],
        ["line_is_whole"],
        ["line_is_whole"],
    ]


NOT_UTF8 = [
    pytest.param(
        "app_event",
        b"ann,ios,,de,open,7,2024-05-01 10:00:00.000000,,",
        b"zo\xeb,ios,,de,open,8,2024-05-01 10:00:00.000000,,",
        b"cat,ios",
        id="CSV",
    ),
    pytest.param(
        "device_event",
        json.dumps(OBJECT).encode(),
        json.dumps(OBJECT | {"name": "zo?"}).encode().replace(b"?", b"\xeb"),
        b"[1]",
        id="JSON",
    ),
]


@pytest.mark.parametrize(("job", "good", "broken", "bad"), NOT_UTF8)
def test_every_reader_opens_a_quarantine_with_a_line_that_is_not_utf8(
    delivered: Delivered,
    spark: "SparkSession",
    job: str,
    good: bytes,
    broken: bytes,
    bad: bytes,
) -> None:
    ended = delivered.run(job, {"olx/hydra/ios/2024/05/01/one": b"\n".join([good, broken, bad])})
    assert ended.code == 0, ended.err
    folder = delivered.root / "quarantine" / job
    files = str(folder / "*" / "*.parquet")
    names = ["delivered_line", "delivered_bytes"]
    frame = pd.read_parquet(folder)[names].astype(object)
    found = {
        "pandas": frame.where(frame.notna(), None).itertuples(index=False),
        "DuckDB": duckdb.execute(f"SELECT {', '.join(names)} FROM '{files}'").fetchall(),
        "Polars": pl.read_parquet(files)[names].rows(),
        "Spark": spark.read.parquet(str(folder)).select(names).collect(),
    }
    expected = [(bad.decode(), None), (broken.decode(errors="replace"), broken)]
    for reader, rows in found.items():
        assert sorted(map(tuple, rows), key=str) == expected, reader
    whole = pl.read_parquet(files), duckdb.execute(f"FROM '{files}'").fetchall()
    assert [len(rows) for rows in whole] == [2, 2]
