"""`--since` equals a full run while older raw is unchanged, and says where it cannot."""

import datetime as dt
import random
import shutil
from pathlib import Path

import pytest

from tests.e2e import raw_files
from tests.e2e.conftest import FIRST, SECOND, WEEKS, Made, Run
from tests.e2e.in_process import app
from tests.e2e.process import (
    JOB,
    all_checks,
    checks,
    expect_done,
    expect_error,
    expect_recorded,
    manifest,
    readers_see,
    seen_by_readers,
    staging,
    table,
)
from tests.e2e.raw_files import week_text


@pytest.fixture
def rolled_back(lake: Path) -> Path:
    """A lake that publishes the run without the newer weeks."""
    ended = app("publish", JOB, "--run", FIRST, "--lake", lake, cwd=lake.parent)
    assert ended.code == 0, ended.err
    return lake


def _names(lake: Path, run_id: str) -> list[tuple[str, str]]:
    return [(row["layer"], row["check"]) for row in all_checks(lake, run_id)]


def _with_a_restated_old_day(made: Made, folder: Path) -> Path:
    shutil.copytree(made.older.parent, folder)
    later = {"dataplatform_inserted_at": dt.datetime(2021, 7, 1, tzinfo=dt.UTC)}
    raw_files.write(folder / "newer" / "restated.parquet", [raw_files.row(value=9e6, **later)])
    return folder


def test_since_equals_a_full_run_and_does_not_notice_restated_older_days(
    run_here: Run, rolled_back: Path, made: Made, tmp_path: Path
) -> None:
    """First only the newer weeks, then on from that run's own staging, from a random week."""
    source, random_week = _with_a_restated_old_day(made, tmp_path / "in"), random.Random(3)
    for run_id, index in (("new", WEEKS.stop), ("again", random_week.randrange(4, WEEKS.stop))):
        since = ("--since", week_text(index), "--run-id", run_id)
        expect_done(run_here(source, rolled_back, *since))
        assert readers_see(rolled_back) == run_id
        assert table(rolled_back).equals(table(made.lake))
        assert staging(rolled_back, run_id).equals(staging(made.lake, SECOND))
        raw = manifest(rolled_back, run_id)["stages"][0]
        assert raw["rows_in"] < manifest(made.lake, SECOND)["stages"][0]["rows_in"]
        assert manifest(rolled_back, run_id)["parameters"]["since"] == week_text(index)
        assert _names(rolled_back, run_id) == _names(made.lake, SECOND)


@pytest.mark.parametrize("index", [0, random.Random(4).randrange(1, WEEKS.stop)])
def test_since_equals_a_full_run_on_the_same_files(
    run_here: Run, rolled_back: Path, made: Made, index: int
) -> None:
    before = table(rolled_back)
    expect_done(run_here(made.older, rolled_back, "--since", week_text(index), "--run-id", "part"))
    assert readers_see(rolled_back) == "part"
    assert table(rolled_back).equals(before)
    assert staging(rolled_back, "part").equals(staging(made.lake, FIRST))


def test_nothing_left_after_filtering_keeps_the_gate_shut(
    run_here: Run, rolled_back: Path, small: Path
) -> None:
    before = seen_by_readers(rolled_back)
    ended = run_here(small, rolled_back, "--since", week_text(WEEKS.stop), "--run-id", "none")
    line = expect_error(ended, 3, "raw gate stayed shut", "has_rows", "nothing was published")
    expect_recorded(rolled_back, "none", "gate shut", 3, line)
    assert checks(rolled_back, "none")["has_rows"]["outcome"] == "failed"
    assert seen_by_readers(rolled_back) == before
