"""Data that keeps a gate shut, and files that turn out broken when they are read."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_app.errors import Unusable
from spark_app.lake.lake import Lake
from tests.e2e import raw_files
from tests.e2e.conftest import Made, Run
from tests.e2e.in_process import app
from tests.e2e.process import (
    JOB,
    all_checks,
    checks,
    expect_done,
    expect_error,
    expect_recorded,
    manifest,
    seen_by_readers,
)
from tests.e2e.raw_files import SCHEMA, row

TOO_MANY_BAD = [row() for _ in range(100)] + [row(country="us"), row(value=-1.0)]


@pytest.mark.parametrize(
    ("rows", "words", "failed"),
    [
        ([], ("has_rows",), "has_rows"),
        (
            [row(name="Channel <b>", country="us", start_date=None) for _ in range(3)],
            ("quarantine_within_tolerance", "has_organic_rows"),
            "has_counted_rows",
        ),
        (TOO_MANY_BAD, ("quarantine_within_tolerance",), "quarantine_within_tolerance"),
        (
            [row(country="ALL"), row(os_name="ios", name="Ads")],
            ("has_counted_rows",),
            "has_counted_rows",
        ),
    ],
    ids=["no rows", "all bad", "too many bad", "only roll-ups"],
)
def test_the_raw_gate_stays_shut(
    run_here: Run,
    lake: Path,
    tmp_path: Path,
    rows: list[dict[str, object]],
    words: tuple[str, ...],
    failed: str,
) -> None:
    source = raw_files.write(tmp_path / "in" / "bad.parquet", rows)
    before = seen_by_readers(lake)
    ended = run_here(source, lake, "--run-id", "shut")
    gate = ("the raw gate stayed shut", *words, "nothing was published")
    line = expect_error(ended, 3, *gate)
    found = expect_recorded(lake, "shut", "gate shut", 3, line)
    page = lake / "runs" / "shut" / "report.html"
    assert found["report"] == str(page)
    assert f"report: {page}" in ended.err
    assert failed in page.read_text()
    assert "Channel <b>" not in page.read_text()
    assert checks(lake, "shut")[failed]["outcome"] == "failed"
    assert seen_by_readers(lake) == before
    refused = app("publish", JOB, "--run", "shut", "--lake", lake, cwd=lake.parent)
    expect_error(refused, 2, "shut", "cannot be published", "gate shut")
    assert seen_by_readers(lake) == before


@pytest.mark.parametrize("column", ["name", "value"])
def test_a_file_whose_pages_are_broken_is_named(
    run_here: Run, lake: Path, small: Path, tmp_path: Path, column: str
) -> None:
    broken = raw_files.write(tmp_path / "in" / "a broken [1].parquet", [row()] * 500)
    raw_files.break_page(broken, column)
    before = seen_by_readers(lake)
    ended = run_here(small.parent, lake, "--run-id", "broken")
    line = expect_error(ended, 2, broken, "broken", "deliver it again")
    expect_recorded(lake, "broken", "failed", 2, line)
    assert seen_by_readers(lake) == before


def test_a_value_that_would_change_is_named(run_here: Run, lake: Path, tmp_path: Path) -> None:
    schema = SCHEMA.set(1, pa.field("value", pa.int64()))
    source = raw_files.write(tmp_path / "in" / "big.parquet", [row(value=2**53 + 1)], schema)
    before = seen_by_readers(lake)
    ended = run_here(source, lake, "--run-id", "lossy")
    words = (source, "column value", "9007199254740993", "2^53")
    line = expect_error(ended, 3, "broken contract", *words)
    expect_recorded(lake, "lossy", "gate shut", 3, line)
    assert (lake / "runs" / "lossy" / "report.html").exists()
    assert {check["outcome"] for check in all_checks(lake, "lossy")} == {"error"}
    assert seen_by_readers(lake) == before


def test_a_report_that_cannot_be_written_does_not_hide_the_shut_gate(
    run_here: Run, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Unusable("no space for pages")

    monkeypatch.setattr(Lake, "write_report", refuse)
    source = raw_files.write(tmp_path / "in" / "bad.parquet", TOO_MANY_BAD)
    ended = run_here(source, lake, "--run-id", "shut")
    assert (ended.code, len(ended.errors)) == (3, 1)
    assert "the report could not be written: no space for pages" in ended.err
    assert manifest(lake, "shut")["exit_code"] == 3


def test_a_bad_row_of_a_day_that_python_cannot_hold_is_shown(
    run_here: Run, small: Path, tmp_path: Path
) -> None:
    table = pa.Table.from_pylist([row(name="far")], schema=SCHEMA)
    far = pa.array([3_000_000], pa.int32()).cast(pa.date32())
    pq.write_table(table.set_column(2, "start_date", far), small.parent / "far.parquet")
    lake = tmp_path / "lake [1]"
    expect_done(run_here(small.parent, lake, "--tolerance", "0.5"))
    again = run_here(small.parent, lake, "--tolerance", "0", "--run-id", "shut")
    expect_error(again, 3, "quarantine_within_tolerance")
    assert "far.parquet" in (lake / "runs" / "shut" / "report.html").read_text()


@pytest.mark.parametrize("taken", ["quarantine", "final"])
def test_a_file_where_a_later_stage_needs_a_folder_is_named(
    run_here: Run, made: Made, tmp_path: Path, taken: str
) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    (lake / taken).write_text("a note")
    ended = run_here(made.older, lake, "--run-id", "blocked")
    expect_error(ended, 2, "cannot write", lake / taken)
    assert manifest(lake, "blocked")["outcome"] == "failed"
    assert (lake / taken).read_text() == "a note"
