"""Which pages are written when, from what a lake on a disk holds."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_app.errors import Unusable
from spark_app.lake.lake import Lake
from spark_app.report.write import write_published, write_run, write_summary_and_index
from tests.report import report_data as data
from tests.report import report_runs as runs
from tests.report.report_jobs import SHARES

TABLE = data.final_table([{"country": "DE"}])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def finish(lake: Lake, run_id: str, **fields: Any) -> dict[str, Any]:
    """Leave behind what a run leaves: its manifest and its checks."""
    manifest = runs.manifest(run_id=run_id, **fields)
    lake.write_manifest(run_id, manifest)
    lake.write_quality("organic_share", run_id, runs.checks())
    return manifest


def publish(lake: Lake, run_id: str) -> None:
    lake.write_built(run_id, "organic_share", TABLE, "digest", {})
    target = Path(lake.published_path("organic_share"))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(lake.built(run_id, "organic_share"), target)


def page(lake: Lake) -> str:
    return Path(lake.report("organic_share")).read_text()


def known(lake: Lake) -> dict[str, Any]:
    return dict(json.loads(Path(lake.summary_path("organic_share")).read_text()))


def test_publishing_writes_the_page_the_summary_and_the_index(lake: Lake) -> None:
    finish(lake, "r1")
    publish(lake, "r1")
    assert write_published(SHARES, lake) == lake.report("organic_share")
    assert "by run <code>r1</code>" in page(lake)
    assert known(lake)["run_id"] == known(lake)["last_run"]["run_id"] == "r1"
    assert 'href="organic_share.html"' in Path(lake.index_path()).read_text()


def test_a_run_that_was_killed_after_the_switch_stands_as_published(lake: Lake) -> None:
    finish(lake, "r1", outcome="checked", published_at=None, finished_at=None)
    publish(lake, "r1")
    write_published(SHARES, lake)
    assert "Published by run <code>r1</code>" in page(lake)


def test_nothing_published_has_no_page(lake: Lake) -> None:
    with pytest.raises(Unusable, match="nothing is published of organic_share yet"):
        write_published(SHARES, lake)


def test_the_page_is_drawn_again_when_somebody_published_meanwhile(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(lake, "r1")
    finish(lake, "r2")
    publish(lake, "r1")
    write, left = lake.write_report, ["r2"]

    def write_and_publish(path: str, text: str, run_id: str) -> None:
        write(path, text, run_id)
        if left:
            publish(lake, left.pop())

    monkeypatch.setattr(lake, "write_report", write_and_publish)
    write_published(SHARES, lake)
    assert "by run <code>r2</code>" in page(lake)
    assert known(lake)["run_id"] == "r2"


def test_the_index_is_drawn_again_when_another_table_was_written_meanwhile(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(lake, "r1")
    publish(lake, "r1")
    write, other = lake.write_report, json.dumps({"table": "other", "run_id": "r9"})

    def write_and_add(path: str, text: str, run_id: str) -> None:
        write(path, text, run_id)
        if path == lake.index_path():
            write(lake.summary_path("other"), other, "r9")

    monkeypatch.setattr(lake, "write_report", write_and_add)
    write_published(SHARES, lake)
    assert 'href="other.html"' in Path(lake.index_path()).read_text()


def test_a_run_that_failed_changes_the_index_and_not_the_page(lake: Lake) -> None:
    finish(lake, "r1")
    publish(lake, "r1")
    write_published(SHARES, lake)
    before = page(lake)
    write_summary_and_index(SHARES, lake, finish(lake, "r2", outcome="failed", reason="no disk"))
    assert page(lake) == before
    assert (known(lake)["run_id"], known(lake)["last_run"]["run_id"]) == ("r1", "r2")
    assert "run r2 did not publish" in Path(lake.index_path()).read_text()


def test_drawing_the_page_again_keeps_that_a_later_run_failed(lake: Lake) -> None:
    finish(lake, "r1")
    publish(lake, "r1")
    later = finish(lake, "r2", outcome="failed", finished_at="2022-01-01T00:00:00+00:00")
    write_summary_and_index(SHARES, lake, later)
    write_published(SHARES, lake)
    assert known(lake)["last_run"]["run_id"] == "r2"


def test_a_run_before_anything_was_published_is_on_the_index(lake: Lake) -> None:
    write_summary_and_index(SHARES, lake, finish(lake, "r1", outcome="gate shut"))
    assert known(lake)["run_id"] is None
    assert "gate shut" in Path(lake.index_path()).read_text()


def test_the_page_of_a_run_has_examples_for_every_rule(lake: Lake) -> None:
    finish(lake, "r1", outcome="gate shut", published_at=None)
    folder = Path(lake.quarantine("installs", "r1"))
    folder.mkdir(parents=True)
    often = [{"country": "us", "broken_rules": ["country_is_known"], "source_file": "a"}] * 50
    rare = [{"country": "DE", "broken_rules": ["value_is_whole"], "source_file": "a"}]
    pq.write_table(pa.Table.from_pylist(often + rare), folder / "part-0.parquet")
    html = Path(write_run(SHARES, lake, "r1")).read_text()
    assert html.count("<td>us</td>") == 5
    assert "<td>DE</td>" in html


def test_the_page_of_a_run_shows_lines_as_text_alone(lake: Lake) -> None:
    finish(lake, "r1", outcome="gate shut", published_at=None)
    folder = Path(lake.quarantine("installs", "r1"))
    folder.mkdir(parents=True)
    line = {"delivered_line": "M\ufffdller", "delivered_bytes": b"M\xfcller"}
    bad = [{**line, "broken_rules": ["line_is_utf8"], "source_file": "a"}]
    pq.write_table(pa.Table.from_pylist(bad), folder / "part-0.parquet")
    html = Path(write_run(SHARES, lake, "r1")).read_text()
    assert "<td>M\ufffdller</td>" in html
    assert "delivered_bytes" not in html
