"""Runs of a lake table die at every moment, race and wake up late; requests fail meanwhile.

Whatever happens: readers see exactly the old or exactly the new version, and the next run, without
clean-up, ends in the table that DuckDB makes of the files. Of moments there are five a seed; with
ten seeds, on each medium each stage is hit five times at least, which the last test holds.
"""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from spark_app.lake.store import is_s3
from tests.e2e import process
from tests.faults.lakes.child import AFTER, MOMENTS
from tests.faults.watching import COUNTS
from tests.lakes.conftest import IN_S3, ON_DISK, Visits, in_s3, on_disk_and_in_s3
from tests.lakes.test_append_properties import Deliverer, oracle
from tests.s3.fault_proxy import Asked, Fault, FaultProxy

ENOUGH_SEEDS, ENOUGH_KILLS = 10, 5  # of each stage on each medium
SEEDS = range(min(ENOUGH_SEEDS, int(os.environ.get("FAULT_SEEDS", "3"))))
KILLS = 5  # by seed
TRIES = 6  # of which the last ones hit as soon as the moment comes
KILLED: Counter[tuple[str, str]] = Counter()
LATEST = {"read": 6.0, "write": 2.0, "gate": 1.5, "expiry": 0.5, "report": 0.3}  # seconds
DEAD_SECONDS = "3"
PUBLISHED = (AFTER, "expiry", "report")


def moments(seed: int) -> list[str]:
    """The next five of all moments, over and over."""
    every = list(MOMENTS)
    return [every[(KILLS * seed + number) % len(every)] for number in range(KILLS)]


def sooner(seconds: float, again: int) -> float:
    """How long after a moment a run is hit that ended before, so many times: at last at once."""
    return seconds / 4**again if again < TRIES // 2 else 0.0


def child(
    visits: Visits, folder: Path, run_id: str, moment: str, seconds: float, number: signal.Signals
) -> "subprocess.Popen[str]":
    """A run in a process that gets a signal at a moment."""
    asked = ("run", "visit", "--lake", visits.lake.root, "--run-id", run_id)
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.faults.lakes.child",
            moment,
            str(seconds),
            number.name,
            *asked,
        ],
        cwd=folder,
        env=process.environment(SPARK_APP_LOCK_DEAD_SECONDS=DEAD_SECONDS),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def failing(seed: int) -> Any:
    """A rule: a few requests fail, of S3 and of Glue."""
    rng = random.Random(seed)
    kinds = (Fault(status=503, code="SlowDown"), Fault(is_cut=True), Fault(is_answer_lost=True))

    def rule(asked: Asked) -> Fault | None:
        return rng.choice(kinds) if rng.random() < 0.03 else None

    return rule


@pytest.fixture(autouse=True)
def _locks_die_soon(visits: Visits, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of commands in this process, once the lake is there."""
    monkeypatch.setenv("SPARK_APP_LOCK_DEAD_SECONDS", DEAD_SECONDS)


@pytest.mark.timeout(1800)
@on_disk_and_in_s3
@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_is_killed_at_a_random_moment_of_each_of_its_stages(
    seed: int, visits: Visits, proxy: FaultProxy, tmp_path: Path
) -> None:
    deliverer, rng = Deliverer(visits, seed), random.Random(100 + seed)
    medium = IN_S3 if is_s3(visits.lake.root) else ON_DISK
    deliverer.act()
    visits.done("begin")
    for number, moment in enumerate(moments(seed)):
        seconds = rng.uniform(0.01, LATEST[moment]) if moment in LATEST else 0.0
        for again in range(TRIES):
            old = oracle(deliverer.lines())
            deliverer.act()
            new = oracle(deliverer.lines())
            proxy.rule = failing(1000 * seed + 10 * number + again)
            run_id, at = f"{number}-{again}", sooner(seconds, again)
            running = child(visits, tmp_path, f"hit-{run_id}", moment, at, signal.SIGKILL)
            said = running.communicate(timeout=400)[1]
            proxy.rule = lambda asked: None
            is_killed = running.returncode == -signal.SIGKILL
            assert is_killed or "Traceback" not in said, said
            seen = visits.rows()
            assert seen == new if is_killed and moment in PUBLISHED else seen in (old, new)
            visits.run(f"next-{run_id}")
            assert visits.rows() == new
            assert visits.ledger().days["rows_count"].sum() == len(new)
            if is_killed:
                break
            COUNTS["ended before they were killed"] += 1
        else:
            pytest.fail(f"no run came to its moment, {moment}: {said}")
        KILLED[medium, moment] += 1
        COUNTS[f"killed {medium}: {moment}"] += 1


@pytest.mark.timeout(1200)
@on_disk_and_in_s3
def test_of_two_runs_that_race_none_loses_the_rows_of_the_other(
    visits: Visits, proxy: FaultProxy, tmp_path: Path
) -> None:
    deliverer = Deliverer(visits, 7)
    deliverer.act()
    racing = [
        child(visits, tmp_path, name, "report", 600, signal.SIGKILL) for name in ("left", "right")
    ]
    said = [one.communicate(timeout=400)[1] for one in racing]
    for one, text in zip(racing, said, strict=True):
        assert one.returncode == 0 or "holds the lock" in text, text
    assert [one.returncode for one in racing].count(0) >= 1
    COUNTS["races of lake tables"] += 1
    assert visits.rows() == oracle(deliverer.lines())
    assert len(visits.ask("history", "visit").out.splitlines()) == 2


@pytest.mark.timeout(1200)
@in_s3
@pytest.mark.parametrize("moment", ["write", "before the fast-forward"])
def test_a_zombie_that_wakes_up_late_in_a_race_changes_nothing(
    moment: str, visits: Visits, tmp_path: Path
) -> None:
    deliverer = Deliverer(visits, 8)
    deliverer.act()
    visits.done("begin")
    deliverer.act()
    with child(visits, tmp_path, "zombie", moment, 0, signal.SIGSTOP) as zombie:
        process.until(lambda: _is_stopped(zombie.pid), "the run to stop", 400)
        deliverer.act()
        visits.done("next")
        os.killpg(zombie.pid, signal.SIGCONT)
        said = zombie.communicate(timeout=400)[1]
    assert zombie.returncode == 1, said
    assert "was taken over" in said or "was changed by somebody else" in said, said
    COUNTS["zombies of lake tables"] += 1
    assert visits.rows() == oracle(deliverer.lines())
    deliverer.act()
    visits.done("last")
    assert visits.rows() == oracle(deliverer.lines())


@pytest.mark.skipif(len(SEEDS) < ENOUGH_SEEDS, reason=f"FAULT_SEEDS={ENOUGH_SEEDS} hit enough")
@pytest.mark.parametrize("medium", [ON_DISK, IN_S3])
def test_runs_were_killed_in_each_of_their_stages_often_enough(medium: str) -> None:
    counts = {moment: KILLED[medium, moment] for moment in MOMENTS}
    assert {moment: count for moment, count in counts.items() if count < ENOUGH_KILLS} == {}


def _is_stopped(pid: int) -> bool:
    return "\nState:\tT" in Path(f"/proc/{pid}/status").read_text()
