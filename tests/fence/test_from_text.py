"""A job on delimited text: what it publishes, what it sets aside, what keeps its gate shut."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e.in_process import App
from tests.e2e.process import Ended, expect_done, expect_error
from tests.fence.test_fence import MAY, published

GOOD = "01.05.2021 00:30:00;ann;1,50\n01.05.2021 12:00:00;;2\n"
APRIL = MAY.replace(month=4, day=30)


@pytest.fixture
def run(app_here: App, tmp_path: Path) -> Any:
    """Deliver a file of clicks and run the job."""

    def run_on(content: str) -> Ended:
        raw = tmp_path / "lake" / "raw" / "clicks"
        raw.mkdir(parents=True, exist_ok=True)
        (raw / "export.txt").write_text(content)
        return app_here("run", "from_text", "--lake", "lake", "--run-id", "one", cwd=tmp_path)

    return run_on


def test_text_becomes_typed_rows_in_utc(run: Any, tmp_path: Path) -> None:
    expect_done(run(f"clicked_at;user;cost\n{GOOD}"))
    assert published(tmp_path / "lake", "from_text") == [
        {"click_date": APRIL, "cost": Decimal("1.50")},
        {"click_date": MAY, "cost": Decimal("2.00")},
    ]


def test_bad_lines_stand_in_quarantine_as_they_were_delivered(run: Any, tmp_path: Path) -> None:
    ended = expect_done(run(f"cost;user;clicked_at\n-1;bob;x\n0,5;eve;{GOOD[:19]}\n"))
    assert "1 row set aside by 2 rules" in ended.err
    quarantine = tmp_path / "lake" / "quarantine" / "clicks" / "run_id=one"
    (row,) = pq.read_table(quarantine).to_pylist()
    assert row.pop("source_file").endswith("/raw/clicks/export.txt")
    assert row == {
        "clicked_at": "x",
        "user": "bob",
        "cost": "-1",
        "delivered_line": "-1;bob;x",
        "delivered_bytes": None,
        "broken_rules": ["clicked_at_is_timestamp", "cost_in_range"],
    }


def test_too_many_bad_lines_shut_the_gate(run: Any) -> None:
    ended = run(f"clicked_at;user;cost\n{GOOD}x\ny\nz;z\n")
    line = expect_error(ended, 3, "quarantine_within_tolerance", "line_is_whole 3")
    assert "3 of 5 rows are bad (60.00%), tolerated are 50.00%" in line


def test_a_column_that_no_header_names_shuts_the_gate(run: Any) -> None:
    expect_error(run(f"clicked_at;user;price\n{GOOD}"), 3, "column cost: expected decimal(10,2)")


def test_what_is_no_text_is_refused(run: Any) -> None:
    expect_error(run("<html>404</html>"), 2, "export.txt is a page of HTML")


def test_a_header_alone_delivers_nothing(run: Any) -> None:
    expect_error(run("clicked_at;user;cost\n"), 3, "there is no row")
