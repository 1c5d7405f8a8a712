"""Several jobs in one go: one JVM, each job after what it reads, one line a job at the end."""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spark_app.declarations import Job
from spark_app.errors import DONE, AppError, GateShut, NothingDelivered, first_line
from spark_app.lake.versions import published
from spark_app.run.manifest import Manifest
from spark_app.run.order import Due, due, held_at
from spark_app.run.request import Request
from spark_app.run.stages import Surroundings, run_job

_WORST_FIRST = (1, 2, 3, DONE)


@dataclass(frozen=True)
class JobEnd:
    """How a job of a command ended: its exit code, and what the line about it says.

    `manifest` is null when it did not run.
    """

    job: Job
    exit_code: int
    words: str
    manifest: Manifest | None = None


@dataclass(frozen=True)
class Batch:
    """How a command treats its jobs: with `if_new` one with nothing new is left, and held tables
    are, unless a job was `named` and has to run."""

    requests: Mapping[str, Request]
    if_new: bool
    named: frozenset[str]


def run_several(jobs: Sequence[Job], wanted: Batch, around: Surroundings) -> list[JobEnd]:
    """Run jobs in their order; a job whose source failed is left, and says why."""
    ends: dict[str, JobEnd] = {}
    for job in jobs:
        around.progress.line(f"run {job.name}")
        end = _left(job, ends) or _one(job, wanted, around)
        if end.exit_code != DONE:
            around.progress.line(f"error: {job.name}: {end.words}")
        ends[job.name] = end
    return list(ends.values())


def run_if_due(job: Job, wanted: Batch, around: Surroundings) -> JobEnd:
    """Run one job, or leave it where there is nothing to do.

    Raises:
        AppError: the run failed; or there is nothing new and the newest run's gate stayed shut.
    """
    request = wanted.requests[job.name]
    if wanted.if_new or job.name not in wanted.named:
        found = due(job, request, around)
        if found.is_held:
            return left_held(job, found.why)
        if wanted.if_new and not found.is_due:
            return _nothing_to_do(job, found)
    manifest = run_job(job, request, around)
    return JobEnd(job, DONE, f"{manifest.outcome} by run {manifest.run_id}", manifest)


def left_held(job: Job, why: str) -> JobEnd:
    """The end of a job whose table is held, and is left so."""
    return JobEnd(job, DONE, f"{why}; release it: publish {job.name} --release")


def plan(jobs: Sequence[Job], wanted: Batch, around: Surroundings) -> list[tuple[str, str, str]]:
    """For each job its name, whether it would run, and why."""
    rows: list[tuple[str, str, str]] = []
    would: dict[str, str] = {}
    for job in jobs:
        would[job.name], why = _planned(job, wanted, around, would)
        rows.append((job.name, would[job.name], why))
    return rows


def exit_code(ends: Sequence[JobEnd]) -> int:
    """The code of several jobs: 1 before 2 before 3 before 0."""
    codes = {end.exit_code for end in ends}
    return next(code for code in _WORST_FIRST if code in codes or code == DONE)


def _one(job: Job, wanted: Batch, around: Surroundings) -> JobEnd:
    try:
        return run_if_due(job, wanted, around)
    except NothingDelivered as nothing:
        if job.name in wanted.named:
            return JobEnd(job, nothing.exit_code, str(nothing))
        return JobEnd(job, DONE, f"left, because {nothing}")
    except AppError as error:
        return JobEnd(job, error.exit_code, str(error))
    except Exception as bug:  # the other jobs have nothing to do with it
        for line in traceback.format_exc().splitlines():
            around.progress.line(line)
        return JobEnd(job, 1, f"{type(bug).__name__}: {first_line(bug)}")


def _left(job: Job, ends: Mapping[str, JobEnd]) -> JobEnd | None:
    """The end of a job whose source failed before it; null when none did."""
    failed = [
        ends[name] for name in job.tables_read if name in ends and ends[name].exit_code != DONE
    ]
    if not failed:
        return None
    words = f"skipped, because {failed[0].job.name}, which it reads, failed"
    return JobEnd(job, failed[0].exit_code, words)


def _planned(
    job: Job, wanted: Batch, around: Surroundings, before: Mapping[str, str]
) -> tuple[str, str]:
    """What a job would do after those `before` it, and why."""
    failing = [name for name in job.tables_read if before.get(name) in ("fail", "skip", "shut")]
    if failing:
        return "skip", f"{failing[0]}, which it reads, fails"
    at = held_at(published(job.publishes, around.lake), around.lake)
    if at and (wanted.if_new or job.name not in wanted.named):
        return "held", f"held at run {at}"
    made_again = [name for name in job.tables_read if before.get(name) == "run"]
    if made_again:
        return "run", f"{made_again[0]}, which it reads, is made again before it"
    try:
        found = due(job, wanted.requests[job.name], around)
    except AppError as error:
        is_left = isinstance(error, NothingDelivered) and job.name not in wanted.named
        return "leave" if is_left else "fail", str(error)
    is_shut = found.last is not None and found.last["outcome"] == "gate shut"
    if wanted.if_new and not found.is_due:
        return "shut" if is_shut else "leave", found.why
    is_idle = job.publishes.is_lake and not (found.is_due or is_shut)
    return "run", f"{found.why}; it reads only files that are new" if is_idle else found.why


def _nothing_to_do(job: Job, found: Due) -> JobEnd:
    last: Mapping[str, Any] = found.last or {}
    if last.get("outcome") == "gate shut":
        raise GateShut(str(last.get("reason")))
    return JobEnd(job, DONE, f"{found.why}, run {last.get('run_id')}")
