"""Staying with a run until it ends, or until the user or the time says otherwise."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NoReturn

from spark_app import stopping
from spark_app.emr.service import STEP_ENDED_STATES, Emr
from spark_app.emr.submitting import SubmittedRun
from spark_app.emr.wait import RunStatus, TimedOut, comes_back, look, passed, wait
from spark_app.errors import AppError, RunFailed, Stopped, Unusable

END_SECONDS = 30.0  # so long it may take until EMR shows that it took the request

Log = Callable[[str], None]


def follow(
    emr: Emr, run: SubmittedRun, log: Log, timeout_minutes: float | None = None
) -> RunStatus:
    """Wait for the end of a run; how it and its cluster ended.

    Raises:
        RunFailed: the time was over first, and the run was ended.
        Unusable: the credentials expired meanwhile; the run goes on.
        Stopped: the user does not want to wait any more.
    """
    try:
        seconds = None if timeout_minutes is None else timeout_minutes * 60
        return wait(emr, run, log, seconds)
    except TimedOut as late:
        _time_out(emr, run, late, timeout_minutes or 0)
    except Stopped as stopped:
        stopping.acknowledge()
        stopped.advice = _stopped(emr, run, log, stopped)
        raise
    except Unusable as error:
        raise Unusable(f"{error}; {comes_back(run)}") from error


@contextmanager
def advising(advice: str) -> Iterator[None]:
    """Tell the user who stops the block what becomes of it."""
    try:
        yield
    except Stopped as stopped:
        stopped.advice = advice
        raise


def end(emr: Emr, run: SubmittedRun) -> str:
    """End the run: the cluster that was launched for it, or else its step only; what was done.

    Raises:
        RunFailed: EMR refuses.
    """
    if run.is_own:
        emr.terminate(run.cluster_id)
        return f"cluster {run.cluster_id} was ended"
    emr.cancel(run.cluster_id, run.step_id)
    return f"step {run.step_id} was cancelled; cluster {run.cluster_id} goes on"


def _time_out(emr: Emr, run: SubmittedRun, late: TimedOut, minutes: float) -> NoReturn:
    stood = "unknown"
    if late.status:
        stood = late.status.step_state.lower().replace("_", " ")
        stood = f"{stood} after {passed(late.status, run, datetime.now(UTC))}"
    text = f"timed out after {minutes:g} minutes: run {run.run_id} was {stood}"
    try:
        done = end(emr, run)
    except AppError as error:
        raise RunFailed(
            f"{text}, and could not be ended: {error}; end it with "
            f"`python -m spark_app terminate {run.cluster_id}`"
        ) from error
    _wait_until_ending(emr, run)
    raise RunFailed(f"{text}; {done}; give it more time with --timeout and submit again")


def _wait_until_ending(emr: Emr, run: SubmittedRun) -> None:
    """Wait until EMR shows that it ends the run, so that what is printed is true."""
    until = time.monotonic() + END_SECONDS
    while time.monotonic() < until:
        try:
            status = look(emr, run)
        except AppError:
            return
        is_ending = status.cluster_state.startswith("TERMINAT")
        if is_ending or status.step_state in (*STEP_ENDED_STATES, "CANCEL_PENDING"):
            return
        time.sleep(1)


def _stopped(emr: Emr, run: SubmittedRun, log: Log, stopped: Stopped) -> str:
    """What becomes of the run when its user stops waiting."""
    if stopped.exit_code != 128 + signal.SIGINT or not _is_asked(run):
        return comes_back(run)
    try:
        done = end(emr, run)
    except AppError as error:
        return f"it could not be ended: {error}; {comes_back(run)}"
    _wait_until_ending(emr, run)
    return done


def _is_asked(run: SubmittedRun) -> bool:
    """Ask, where somebody can answer, whether the run is to be ended."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        return False
    what = "the cluster with its run" if run.is_own else "the step"
    print(f"\nEnd {what}, or leave it running? [end/LEAVE] ", end="", file=sys.stderr, flush=True)
    try:
        return sys.stdin.readline().strip().lower() in ("e", "end")
    except OSError:
        return False
