"""The lake table `app_event`: what becomes of an event, and how `docs/reading.md` reads it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.docs.pages import docs, marked
from tests.e2e.in_process import App
from tests.e2e.process import expect_done

OPEN = "u1,android,Pixel 8,DE,open,17,2024-05-01 23:59:59.123456,,"
BUY = "u2,ios,,,buy,9007199254740993,2024-05-02 00:00:00.000001,2,0.0499"
SHORTENED = "u3,ios,iPhone,FR,open,1.2E+10,2024-05-02 10:00:00.000000,,"


@pytest.fixture
def lake(app_here: App, tmp_path: Path) -> Path:
    """A lake with three events, two of them good."""
    raw = tmp_path / "lake" / "raw" / "app_event"
    raw.mkdir(parents=True)
    (raw / "März [1] 100%.csv").write_text(f"{OPEN}\n{BUY}\n{SHORTENED}\n")
    asked = ("run", "app_event", "--run-id", "one", "--tolerance", "0.5")
    expect_done(app_here(*asked, "--lake", tmp_path / "lake", cwd=tmp_path))
    return tmp_path / "lake"


@pytest.fixture
def as_documented(lake: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page's reader leaves, where the lake lies in the folder."""
    monkeypatch.chdir(lake.parent)
    names: dict[str, Any] = {}
    (code,) = marked(docs("reading"), "reader of a lake table")
    exec(code, names)
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


def test_a_number_that_a_spreadsheet_shortened_is_set_aside(lake: Path) -> None:
    (row,) = pq.read_table(lake / "quarantine" / "app_event" / "run_id=one").to_pylist()
    assert (row["broken_rules"], row["delivered_line"]) == (["log_id_is_plain"], SHORTENED)
