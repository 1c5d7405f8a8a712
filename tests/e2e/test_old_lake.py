"""A lake that version 0.1.0 wrote, before a manifest had a `version`, goes on working.

`old_lake/lake.tar.gz` is that lake as it stood in `/srv/lake`, without its reports and without the
lines of Spark's logs that name the machine. `raw/installs/older` are 16 weeks and 17 bad rows,
`raw/installs/newer` 4 more weeks and a country that is new in them. Its runs, in their order:
`first` read the older files, `second` all, `shut` all with `--tolerance 0`, `third` all with
`--since 2021_10`; then `publish --run second` made `second` what readers see.
"""

import re
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e.conftest import Run
from tests.e2e.in_process import app
from tests.e2e.process import (
    JOB,
    Ended,
    all_checks,
    expect_done,
    expect_error,
    manifest,
    published,
    readers_see,
    seen_by_readers,
    table,
)

ARCHIVE = Path(__file__).parent / "old_lake" / "lake.tar.gz"
FIRST_NEWER_WEEK = "2021_12"


@pytest.fixture
def old_lake(tmp_path: Path) -> Path:
    """The lake, in another place than where it was written."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "lake"


def _deliveries(lake: Path) -> Path:
    return lake / "raw" / "installs"


def _built_file(lake: Path, run_id: str) -> Path:
    return lake / "runs" / run_id / "final" / JOB / f"{JOB}.parquet"


def _built(lake: Path, run_id: str) -> pa.Table:
    return pq.read_table(_built_file(lake, run_id)).replace_schema_metadata(None)


def _command(lake: Path, *arguments: object) -> Ended:
    ended = app(*arguments, "--lake", lake, cwd=lake.parent)
    assert ended.code == 0, ended.err
    assert not ended.errors
    return ended


def _listed(lake: Path) -> list[list[str]]:
    return [line.split() for line in _command(lake, "runs").out.splitlines()[1:]]


def _runs_with_tables(lake: Path) -> set[str]:
    folders = [*lake.glob("runs/*/staging/*"), *lake.glob("runs/*/final/*")]
    return {folder.parents[1].name for folder in folders}


def test_the_lake_is_one_of_version_0_1_0(old_lake: Path) -> None:
    for run_id in ("first", "second", "shut", "third"):
        found = manifest(old_lake, run_id)
        assert found["versions"]["spark_app"] == "0.1.0"
        assert "version" not in found
    assert readers_see(old_lake) == "second"
    assert not _built(old_lake, "first").equals(_built(old_lake, "second"))


def test_its_runs_are_listed_with_outcome_and_who_is_seen_by_readers(old_lake: Path) -> None:
    listed = _listed(old_lake)
    assert [row[0] for row in listed] == ["first", "second", "shut", "third"]
    assert [row[1] for row in listed] == [JOB] * 4
    outcomes = ["published", "published", "gate shut", "published"]
    for row, outcome in zip(listed, outcomes, strict=True):
        assert outcome in " ".join(row)
    assert [row[0] for row in listed if row[-1] == "yes"] == ["second"]


def test_a_full_run_on_its_own_deliveries_publishes_the_same_rows(
    run_here: Run, old_lake: Path
) -> None:
    expect_done(run_here(_deliveries(old_lake), old_lake, "--run-id", "now"))
    assert readers_see(old_lake) == "now"
    assert table(old_lake).equals(_built(old_lake, "second"))
    assert [row[0] for row in _listed(old_lake)] == ["first", "second", "shut", "third", "now"]


def test_since_takes_the_older_weeks_from_the_staging_of_the_old_run(
    run_here: Run, old_lake: Path
) -> None:
    """The older files are not read, so that nothing else can have these weeks."""
    newer = _deliveries(old_lake) / "newer"
    expect_done(run_here(newer, old_lake, "--since", FIRST_NEWER_WEEK, "--run-id", "now"))
    assert readers_see(old_lake) == "now"
    assert table(old_lake).equals(_built(old_lake, "second"))


def test_since_continues_from_an_old_run_that_was_rolled_back_to(
    run_here: Run, old_lake: Path
) -> None:
    _command(old_lake, "publish", JOB, "--run", "first")
    since = ("--since", "2021_10", "--run-id", "now")
    expect_done(run_here(_deliveries(old_lake), old_lake, *since))
    assert readers_see(old_lake) == "now"
    assert table(old_lake).equals(_built(old_lake, "second"))


def test_the_id_of_an_old_run_is_used(run_here: Run, old_lake: Path) -> None:
    """It read its files in another place, so this is other work."""
    before = seen_by_readers(old_lake)
    ended = run_here(_deliveries(old_lake), old_lake, "--run-id", "second")
    expect_error(ended, 2, "second")
    assert seen_by_readers(old_lake) == before


@pytest.mark.parametrize("run_id", ["first", "third"])
def test_an_old_run_is_published_again(old_lake: Path, run_id: str) -> None:
    _command(old_lake, "publish", JOB, "--run", run_id)
    assert readers_see(old_lake) == run_id
    assert table(old_lake).equals(_built(old_lake, run_id))
    assert [row[0] for row in _listed(old_lake) if row[-1] == "yes"] == [run_id]


def test_an_old_run_whose_gate_stayed_shut_is_not_published(old_lake: Path) -> None:
    before = seen_by_readers(old_lake)
    ended = app("publish", JOB, "--run", "shut", "--lake", old_lake, cwd=old_lake.parent)
    expect_error(ended, 2, "shut", "gate shut")
    assert seen_by_readers(old_lake) == before


@pytest.mark.parametrize(("keep", "kept"), [(1, {"second", "third"}), (0, {"second"})])
def test_prune_deletes_the_tables_of_old_runs_that_nobody_reads(
    old_lake: Path, keep: int, kept: set[str]
) -> None:
    before = seen_by_readers(old_lake)
    _command(old_lake, "prune", "--keep", keep)
    assert _runs_with_tables(old_lake) == kept
    assert seen_by_readers(old_lake) == before
    assert published(old_lake).read_bytes() == _built_file(old_lake, "second").read_bytes()
    assert [row[0] for row in _listed(old_lake)] == ["first", "second", "shut", "third"]


def test_the_report_of_an_old_run_shows_its_checks(old_lake: Path) -> None:
    page = old_lake / "report" / f"{JOB}.html"
    assert not page.exists()
    assert str(page) in _command(old_lake, "report", JOB).out
    text = page.read_text()
    assert re.search(r"\bsecond\b", text)
    shown = all_checks(old_lake, "second")
    assert {check["outcome"] for check in shown} == {"passed", "failed"}
    assert [check["check"] for check in shown if check["check"] not in text] == []


def test_a_manifest_that_is_rewritten_keeps_what_the_old_run_said(old_lake: Path) -> None:
    before = manifest(old_lake, "first")
    _command(old_lake, "publish", JOB, "--run", "first")
    after = manifest(old_lake, "first")
    kept = ("run_id", "job", "started_at", "finished_at", "published_at", "outcome")
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}
