"""Waiting for a run: own polling, since the waiters of boto3 give up after 30 minutes."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from spark_app.emr.answers import NoAnswer
from spark_app.emr.service import ENDED_STATES, STEP_ENDED_STATES, Emr
from spark_app.emr.submitting import SubmittedRun
from spark_app.errors import RunFailed

FIRST_SECONDS, GROWTH, LONGEST_SECONDS = 1.0, 1.2, 15.0
CLUSTER_END_SECONDS = 900.0  # so long a cluster may take to end after its run
SILENCE_SECONDS = 900.0  # so long EMR may not answer before waiting makes no sense

Describe = Callable[[str], None]


@dataclass(frozen=True)
class RunStatus:
    """A cluster and its step as EMR described them last."""

    cluster: Mapping[str, Any]
    step: Mapping[str, Any]

    @property
    def cluster_state(self) -> str:
        return str(self.cluster["Status"]["State"])

    @property
    def step_state(self) -> str:
        return str(self.step["Status"]["State"])

    @property
    def has_run_ended(self) -> bool:
        """Whether there will be no more of the run: its step or its cluster has ended."""
        return self.step_state in STEP_ENDED_STATES or self.has_cluster_ended

    @property
    def has_cluster_ended(self) -> bool:
        return self.cluster_state in ENDED_STATES


class TimedOut(Exception):
    """The time that the user gave is over, and the run is not. `status` is how it stood."""

    def __init__(self, status: RunStatus | None) -> None:
        """Take how it stood; null when EMR never said."""
        super().__init__()
        self.status = status


def wait(
    emr: Emr,
    run: SubmittedRun,
    log: Callable[[str], None],
    timeout_seconds: float | None = None,
) -> RunStatus:
    """Wait for the end of a run, and of its cluster when that was launched for it.

    Raises:
        TimedOut: the time was over first.
        RunFailed: EMR does not answer any more.
    """
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    logged: set[str] = set()
    ended_at = None
    with live_line() as describe:
        for status in _looks(emr, run, deadline, log):
            for line in _news(status, run, logged):
                log(line)
            describe(_now(status))
            if status.has_cluster_ended or (status.has_run_ended and not run.is_own):
                return status
            if status.has_run_ended:
                ended_at = ended_at or time.monotonic()
                if time.monotonic() - ended_at > CLUSTER_END_SECONDS:
                    log(f"the cluster does not end; `terminate {run.cluster_id}` ends it")
                    return status
    raise AssertionError("unreachable")


def _looks(
    emr: Emr, run: SubmittedRun, deadline: float | None, log: Callable[[str], None]
) -> Iterator[RunStatus]:
    """What EMR says, again and again: often after a change, then less and less often."""
    status, pause, answered_at, is_silent = None, FIRST_SECONDS, time.monotonic(), False
    while True:
        try:
            now = look(emr, run)
            pause = FIRST_SECONDS if status is None or _states(now) != _states(status) else pause
            status, answered_at, is_silent = now, time.monotonic(), False
            yield status
        except NoAnswer as error:
            if time.monotonic() - answered_at > SILENCE_SECONDS:
                raise RunFailed(f"{error}; {comes_back(run)}") from error
            if not is_silent:
                log(f"         no answer ({error}); the run is not touched by that, still waiting")
            is_silent = True
        left = deadline - time.monotonic() if deadline else pause
        has_ended = status is not None and status.has_run_ended
        if left <= 0 and not has_ended:
            raise TimedOut(status)
        time.sleep(pause if has_ended else min(pause, left))
        pause = min(pause * GROWTH, LONGEST_SECONDS)


def look(emr: Emr, run: SubmittedRun) -> RunStatus:
    """The cluster and the step as they are now."""
    cluster = emr.cluster(run.cluster_id)
    return RunStatus(cluster, emr.step(run.cluster_id, run.step_id))


def comes_back(run: SubmittedRun) -> str:
    """How to come back to a run that goes on."""
    return f"the run goes on; come back with `python -m spark_app watch {run.cluster_id}`"


def passed(status: RunStatus, run: SubmittedRun, now: datetime) -> str:
    """How long the run is under way, as minutes and seconds."""
    began = status.cluster if run.is_own else status.step
    at = began["Status"]["Timeline"]["CreationDateTime"]
    seconds = max(0, int((now - at).total_seconds()))
    return f"{seconds // 60}:{seconds % 60:02}"


def _states(status: RunStatus) -> tuple[str, str]:
    return status.cluster_state, status.step_state


def _news(status: RunStatus, run: SubmittedRun, logged: set[str]) -> Iterator[str]:
    """A line for each state that was not logged yet."""
    clock = passed(status, run, datetime.now(UTC))
    states = {
        f"cluster {run.cluster_id} {_words(status.cluster_state)}": True,
        f"step {run.step_id} {_words(status.step_state)}": status.step_state != "PENDING",
    }
    for state in (state for state, is_news in states.items() if is_news and state not in logged):
        logged.add(state)
        yield f"{clock:>7}  {state}"


def _now(status: RunStatus) -> str:
    return f"cluster {_words(status.cluster_state)}, step {_words(status.step_state)}"


def _words(state: str) -> str:
    return state.lower().replace("_", " ")


@contextmanager
def live_line() -> Iterator[Describe]:
    """A line that shows the state and the time, where stderr is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as live:
        task = live.add_task("asking EMR", total=None)
        yield lambda text: live.update(task, description=text)
