"""Runs of a lake table die at every moment, race and wake up late; requests fail meanwhile.

Whatever happens: readers see exactly the old or exactly the new version, and the next run, without
clean-up, ends in the table that DuckDB makes of the files. Of moments there are five a seed.
"""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import process
from tests.faults.lakes.child import AFTER, MOMENTS
from tests.faults.watching import COUNTS
from tests.lakes.conftest import Visits, in_s3, on_disk_and_in_s3
from tests.lakes.test_append_properties import Deliverer, oracle
from tests.s3.fault_proxy import Asked, Fault, FaultProxy

SEEDS = range(min(10, int(os.environ.get("FAULT_SEEDS", "3"))))
KILLS = 5  # by seed
LATEST = {"read": 6.0, "write": 2.0, "gate": 1.5, "expiry": 0.5, "report": 0.3}  # seconds
DEAD_SECONDS = "3"
PUBLISHED = (AFTER, "expiry", "report")


def moments(seed: int) -> list[str]:
    """The next five of all moments, over and over."""
    every = list(MOMENTS)
    return [every[(KILLS * seed + number) % len(every)] for number in range(KILLS)]


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
    deliverer.act()
    visits.done("begin")
    for number, moment in enumerate(moments(seed)):
        old = oracle(deliverer.lines())
        deliverer.act()
        new = oracle(deliverer.lines())
        seconds = rng.uniform(0.01, LATEST[moment]) if moment in LATEST else 0.0
        proxy.rule = failing(100 * seed + number)
        running = child(visits, tmp_path, f"hit-{number}", moment, seconds, signal.SIGKILL)
        said = running.communicate(timeout=400)[1]
        proxy.rule = lambda asked: None
        is_killed = running.returncode == -signal.SIGKILL
        assert is_killed or "Traceback" not in said, said
        COUNTS[f"killed: {moment}" if is_killed else "ended before they were killed"] += 1
        seen = visits.rows()
        assert seen == new if is_killed and moment in PUBLISHED else seen in (old, new)
        visits.run(f"next-{number}")
        assert visits.rows() == new
        assert visits.ledger().days["rows_count"].sum() == len(new)


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


def _is_stopped(pid: int) -> bool:
    return "\nState:\tT" in Path(f"/proc/{pid}/status").read_text()
