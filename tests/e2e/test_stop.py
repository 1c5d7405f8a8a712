"""Runs that are stopped, killed, disturbed or that meet another run."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from spark_app.lake.lake import Lake
from tests.e2e import process, raw_files
from tests.e2e.conftest import FIRST, SECOND, Made, Run
from tests.e2e.in_process import app
from tests.e2e.process import (
    JOB,
    Ended,
    Running,
    expect_done,
    expect_error,
    expect_recorded,
    manifest,
    readers_see,
    seen_by_readers,
    table,
)


def _expect_stopped(
    running: Running, ended: Ended, code: int, before: dict[str, bytes], lake: Path
) -> None:
    running.expect_no_java()
    assert ended.out == ""
    line = expect_error(ended, code, "stopped", "published")
    if readers_see(lake) == running.run_id:  # it was stopped between the switch and the report
        assert "nothing" not in line
        assert manifest(lake, running.run_id)["outcome"] == "published"
    else:
        assert "nothing was published" in line
        expect_recorded(lake, running.run_id, "interrupted", code, line)
        assert seen_by_readers(lake) == before
    assert sorted(path.name for path in running.scratch.iterdir()) == ["err", "out"]


@pytest.mark.parametrize(
    ("number", "to_group", "moment"),
    [
        (signal.SIGINT, True, "begun"),
        (signal.SIGINT, True, "java"),
        (signal.SIGTERM, False, "raw"),
        (signal.SIGTERM, True, "staging"),
        (signal.SIGINT, False, "final"),
    ],
)
def test_a_stopped_run_takes_its_jvm_along_and_says_so(
    lake: Path, made: Made, number: int, to_group: bool, moment: str
) -> None:
    before = seen_by_readers(lake)
    dice = random.Random(f"{number}{moment}")
    with Running(made.older, lake, "stopped") as running:
        running.reach(moment)
        if moment in ("begun", "java", "raw"):
            time.sleep(dice.random() * 0.4)  # somewhere inside what begins here
        running.signal(number, to_group)
        ended = running.end()
        _expect_stopped(running, ended, 128 + number, before, lake)


@pytest.mark.parametrize("name", ["publish", "write_report"])
def test_a_stop_after_the_switch_says_that_the_table_is_published(
    run_here: Run, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    act = getattr(Lake, name)

    def act_and_stop(*args: Any) -> None:
        act(*args)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Lake, name, act_and_stop)
    lake = tmp_path / "lake"
    ended = run_here(made.older, lake, "--run-id", "late")
    expect_error(ended, 143, "stopped by SIGTERM", "published already", "`report` writes its page")
    assert readers_see(lake) == "late"
    assert manifest(lake, "late")["outcome"] == "published"


def test_runs_killed_at_random_moments_leave_a_whole_version_and_no_work(
    run_here: Run, lake: Path, made: Made
) -> None:
    dice = random.Random(20211206)
    seen, before = {FIRST, SECOND}, table(lake)
    for i, moment in enumerate(("begun", "java", "raw", "final")):
        with Running(made.older, lake, f"killed-{i}") as running:
            running.reach(moment)
            time.sleep(dice.random() * 0.8)
            running.signal(signal.SIGKILL)
            ended = running.end()
            running.expect_no_java()
        seen.add(f"killed-{i}")
        assert ended.code in (0, -signal.SIGKILL)
        assert readers_see(lake) in seen
        listed = app("runs", "--lake", lake, cwd=lake.parent)
        assert listed.code == 0, listed.err
    done = expect_done(run_here(made.pattern, lake, "--run-id", "after"))
    assert readers_see(lake) == "after"
    assert table(lake).equals(before)
    assert "killed-" in done.err or manifest(lake, "killed-3")["outcome"] == "published"


def test_a_second_run_refuses_while_the_first_goes_on(
    run_here: Run, lake: Path, made: Made
) -> None:
    before = seen_by_readers(lake)

    def meet() -> None:
        second = process.run(made.pattern, lake, "--run-id", "refused")
        line = expect_error(second, 1, "holder", str(os.getpid()), "wait until")
        assert str(lake / "locks" / f"{JOB}.json") in line
        assert not (lake / "runs" / "refused").exists()
        for command in (("publish", JOB, "--run", FIRST), ("prune", "--keep", "0")):
            ended = process.app(*command, "--lake", lake, cwd=lake.parent)
            expect_error(ended, 1, "holder", "wait until")
        listed = process.app("runs", "--lake", lake, cwd=lake.parent)
        assert "running" in listed.out
        assert seen_by_readers(lake) == before

    expect_done(run_here(made.older, lake, "--run-id", "holder", at={"read": meet}))
    assert readers_see(lake) == "holder"


def test_a_run_that_lost_its_lock_publishes_nothing(run_here: Run, lake: Path, made: Made) -> None:
    before = seen_by_readers(lake)
    lock = lake / "locks" / f"{JOB}.json"
    ended = run_here(made.older, lake, "--run-id", "lost", at={"raw": lock.unlink})
    line = expect_error(ended, 1, "lock", "taken away", "nothing was published")
    expect_recorded(lake, "lost", "failed", 1, line)
    assert seen_by_readers(lake) == before


def test_a_run_during_which_somebody_else_published_publishes_nothing(
    run_here: Run, lake: Path, made: Made
) -> None:
    target = lake / "final" / JOB / f"{JOB}.parquet"
    before = seen_by_readers(lake)
    publish_again = partial(os.utime, target)
    ended = run_here(made.older, lake, "--run-id", "late", at={"raw": publish_again})
    line = expect_error(ended, 1, target, "changed by somebody else", "run again")
    expect_recorded(lake, "late", "failed", 1, line)
    assert seen_by_readers(lake) == before


def _rewrite(path: Path) -> None:
    raw_files.write(path, raw_files.weeks_of_rows(range(3), seed=8))


def _replace(path: Path) -> None:
    new = raw_files.write(path.parent.parent / "new.parquet", raw_files.weeks_of_rows(range(1)))
    new.replace(path)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    ("change", "moment"),
    [
        (Path.unlink, "read"),
        (_cut, "read"),
        (_rewrite, "read"),
        (_replace, "raw"),
        (os.utime, "staging"),
    ],
)
def test_an_input_that_changes_while_it_is_read_fails_the_run(
    run_here: Run,
    lake: Path,
    made: Made,
    change: Callable[[Path], None],
    moment: str,
    tmp_path: Path,
) -> None:
    source = tmp_path / "in" / "delivery"
    shutil.copytree(made.older, source)
    target = sorted(source.iterdir())[0]
    before = seen_by_readers(lake)
    ended = run_here(source, lake, "--run-id", "changed", at={moment: partial(change, target)})
    line = expect_error(ended, 1, target, "changed while it was read", "run again")
    expect_recorded(lake, "changed", "failed", 1, line)
    assert seen_by_readers(lake) == before
