"""The other commands: list, checks, runs, publish, report, prune, and help."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e import process
from tests.e2e.conftest import FIRST, SECOND, Made
from tests.e2e.in_process import app
from tests.e2e.process import (
    JOB,
    environment,
    expect_error,
    manifest,
    published,
    readers_see,
    seen_by_readers,
    table,
)

COMMANDS = (
    *("run", "list", "checks", "runs", "files", "history", "publish", "report", "prune"),
    *("compact", "verify", "forget", "relocate"),
)
SPARK = ("pyspark", "py4j")
HEAVY = ("great_expectations", "pandas", "pyarrow", "bokeh", "jinja2", "boto3")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_teaches_by_example(tmp_path: Path, command: str) -> None:
    ended = process.app(*command.split(), "--help", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert f"examples:\n  python -m spark_app {command}" in ended.out
    for name in COMMANDS if not command else ():
        assert f"    {name} " in ended.out


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], (*SPARK, *HEAVY)),
        (["run", "--help"], (*SPARK, *HEAVY)),
        (["nocommand"], (*SPARK, *HEAVY)),
        (["list"], HEAVY),
        (["checks", JOB], HEAVY),
    ],
)
def test_what_needs_no_rows_loads_nothing_heavy(
    tmp_path: Path, arguments: list[str], heavy: tuple[str, ...]
) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "spark_app", *arguments]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    loaded = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "spark_app" in loaded
    assert not loaded & set(heavy)


def test_list_says_what_a_job_reads_and_publishes(tmp_path: Path) -> None:
    ended = app("list", "--lake", "here", cwd=tmp_path)
    lines = ended.out.splitlines()
    assert lines[0].split()[:3] == ["job", "reads", "publishes"]
    (mine,) = [line for line in lines if line.startswith(f"{JOB} ")]
    assert str(tmp_path / "here" / "raw" / "installs") in mine
    assert str(published(tmp_path / "here")) in mine
    assert list(tmp_path.iterdir()) == []


def test_checks_are_listed_in_words_with_their_severity(tmp_path: Path) -> None:
    ended = app("checks", JOB, cwd=tmp_path)
    assert ended.code == 0, ended.err
    lines = [line.split(maxsplit=4) for line in ended.out.splitlines()[1:]]
    assert {(line[0], line[1]) for line in lines} == {
        ("raw", "installs"),
        ("staging", JOB),
        ("final", JOB),
    }
    assert {line[2] for line in lines} == {"fail", "quarantine", "warn"}
    assert all(line[4].endswith(".") and " " in line[4] for line in lines)
    names = [(line[0], line[3]) for line in lines]
    assert len(names) == len(set(names))
    more = app("checks", JOB, cwd=tmp_path, env={"SPARK_APP_CHANNELS": "Organic"})
    assert "channels_allowed" in more.out
    assert "channels_allowed" not in ended.out


def test_runs_are_listed_in_order_of_time_with_the_published_one_marked(made: Made) -> None:
    ended = app("runs", "--lake", made.lake, cwd=made.working)
    assert ended.code == 0, ended.err
    rows = [line.split() for line in ended.out.splitlines()[1:]]
    assert [row[0] for row in rows] == [FIRST, SECOND]  # the newest last
    assert [row[-1] == "yes" for row in rows] == [False, True]
    for row in rows:
        found = manifest(made.lake, row[0])
        assert row[1:3] == [JOB, "published"]
        assert row[3] == f"{found['stages'][0]['rows_in']:,}"
        assert row[4] == f"{found['stages'][2]['rows_out']:,}"
        assert row[5] == f"{found['duration_seconds']:.1f}"


def test_a_run_that_was_killed_before_it_could_say_so_is_published_for_all(lake: Path) -> None:
    path = lake / "runs" / SECOND / "run.json"
    found = manifest(lake, SECOND)
    path.write_text(json.dumps({**found, "outcome": "checked", "published_at": None}))
    page = lake / "report" / f"{JOB}.html"
    assert app("report", JOB, "--lake", lake, cwd=lake.parent).code == 0
    assert "Nothing was published" not in page.read_text()
    again = app("publish", JOB, "--run", SECOND, "--lake", lake, cwd=lake.parent)
    assert again.code == 0, again.err
    assert manifest(lake, SECOND)["outcome"] == "published"
    assert manifest(lake, SECOND)["published_at"] is not None
    assert "Nothing was published" not in page.read_text()


def test_prune_of_a_lake_that_is_not_there_makes_none(tmp_path: Path) -> None:
    ended = app("prune", "--keep", "5", "--lake", "typo", cwd=tmp_path)
    expect_error(ended, 2, "typo", "no run yet")
    assert not (tmp_path / "typo").exists()


def test_publish_rolls_back_and_forward_and_writes_the_report(lake: Path, made: Made) -> None:
    newest, page = table(lake), lake / "report" / f"{JOB}.html"
    for run_id in (FIRST, SECOND, SECOND):
        ended = app("publish", JOB, "--run", run_id, "--lake", lake, cwd=lake.parent)
        assert (ended.code, ended.err) == (0, "")
        assert str(published(lake)) in ended.out
        assert str(page) in ended.out
        assert readers_see(lake) == run_id
        assert run_id in page.read_text()
        built = lake / "runs" / run_id / "final" / JOB / f"{JOB}.parquet"
        assert published(lake).read_bytes() == built.read_bytes()
        listed = app("runs", "--lake", lake, cwd=lake.parent).out.splitlines()
        assert [line.split()[0] for line in listed if line.endswith("yes")] == [run_id]
    assert table(lake).equals(newest)
    assert table(lake).num_rows > 0
    assert manifest(lake, SECOND)["published_at"] is not None


def test_report_writes_the_page_of_what_is_published(lake: Path) -> None:
    page = lake / "report" / f"{JOB}.html"
    before = published(lake).read_bytes()
    page.unlink()
    ended = app("report", JOB, "--lake", lake, cwd=lake.parent)
    assert (ended.code, ended.err) == (0, "")
    assert str(page) in ended.out
    assert SECOND in page.read_text()
    assert published(lake).read_bytes() == before


def _kept(lake: Path) -> set[str]:
    return {path.parent.name for path in lake.glob("runs/*/staging")} | {
        path.parent.name for path in lake.glob("runs/*/final")
    }


def _add_run(lake: Path, run_id: str, outcome: str, started_at: str) -> None:
    """A run of which only the manifest differs from the first one."""
    shutil.copytree(lake / "runs" / FIRST, lake / "runs" / run_id)
    changed = {"run_id": run_id, "outcome": outcome, "started_at": started_at}
    content = json.dumps({**manifest(lake, FIRST), **changed})
    (lake / "runs" / run_id / "run.json").write_text(content)


def test_prune_keeps_the_newest_the_published_and_the_records(lake: Path) -> None:
    _add_run(lake, "failed", "failed", "2099-01-01T00:00:00+00:00")
    _add_run(lake, "dead", "running", "2098-01-01T00:00:00+00:00")
    _add_run(lake, "older", "published", "2001-01-01T00:00:00+00:00")
    app("publish", JOB, "--run", FIRST, "--lake", lake, cwd=lake.parent)
    before = seen_by_readers(lake)
    records = {path: path.read_bytes() for path in lake.rglob("run.json")}
    for keep, kept in ((2, {FIRST, SECOND, "failed"}), (1, {FIRST, "failed"}), (0, {FIRST})):
        ended = app("prune", "--keep", keep, "--lake", lake, cwd=lake.parent)
        assert (ended.code, ended.err) == (0, "")
        assert _kept(lake) == kept
    assert seen_by_readers(lake) == before
    assert {path: path.read_bytes() for path in lake.rglob("run.json")} == records
    assert (lake / "runs" / SECOND / "log.txt").exists()
    assert (lake / "quality" / JOB / f"run_id={SECOND}" / "checks.parquet").exists()
    assert (lake / "quarantine" / "installs" / f"run_id={SECOND}").exists()
    for run_id, word in ((SECOND, "pruned"), ("failed", "failed"), ("dead", "running")):
        ended = app("publish", JOB, "--run", run_id, "--lake", lake, cwd=lake.parent)
        expect_error(ended, 2, run_id, word)
        assert seen_by_readers(lake) == before
    assert app("publish", JOB, "--run", FIRST, "--lake", lake, cwd=lake.parent).code == 0
