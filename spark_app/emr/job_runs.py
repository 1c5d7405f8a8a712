"""The runs that a command on a cluster made, one a job, and which of them says why it failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spark_app.declarations import Job
from spark_app.errors import DONE
from spark_app.lake.lake import Lake

# 1 before 2 before 3; a run that was interrupted says more, one without an end needs the logs.
_RANKS: Mapping[int | None, int] = {1: 1, None: 2, 2: 3, 3: 4, DONE: 6}


@dataclass(frozen=True)
class Command:
    """The jobs of a step, and the id under which they run. With `if_new` a job with nothing new
    leaves no run behind, as a lake table does by itself, and one of the `unnamed` that is held."""

    run_id: str
    jobs: Sequence[Job]
    if_new: bool = False
    unnamed: tuple[str, ...] = ()

    def may_leave(self, job: Job) -> bool:
        """Whether a job of the step may have had nothing to do."""
        return self.if_new or job.name in self.unnamed or job.publishes.is_lake


@dataclass(frozen=True)
class JobRun:
    """The run of one job of a command.

    `manifest` is null when there is none; `blocked_by` is the job that failed before it and whose
    table it reads, null when none did. `may_be_left`: without a manifest it need not have failed.
    """

    job: Job
    run_id: str
    manifest: Mapping[str, Any] | None = None
    blocked_by: str | None = None
    may_be_left: bool = False

    @property
    def exit_code(self) -> int | None:
        """Its own, null when the run left none."""
        return None if self.manifest is None else self.manifest.get("exit_code")

    @property
    def has_failed(self) -> bool:
        """Whether what reads its table is left."""
        is_lost = self.manifest is None and not self.may_be_left
        return is_lost or self.blocked_by is not None or self.exit_code not in (DONE, None)

    @property
    def rank(self) -> int:
        """Whose failure counts: the lowest."""
        is_silent = self.manifest is None and self.may_be_left
        return 5 if is_silent or self.blocked_by else _RANKS.get(self.exit_code, 0)


def job_runs(command: Command, lake: Lake) -> list[JobRun]:
    """The run of each job, in the order of the command."""
    runs: list[JobRun] = []
    for job in command.jobs:
        run = _run_of(job, command, lake)
        failed = [one.job.name for one in runs if one.has_failed]
        blocking = [name for name in job.tables_read if name in failed]
        is_blocked = run.manifest is None and bool(blocking)
        runs.append(replace(run, blocked_by=blocking[0]) if is_blocked else run)
    return runs


def worst(runs: Sequence[JobRun]) -> JobRun:
    """The run that says why the command failed: exit code 1 before 2 before 3."""
    return min(runs, key=lambda run: run.rank)


def _run_of(job: Job, command: Command, lake: Lake) -> JobRun:
    """Of several tries of a job the last one."""
    if len(command.jobs) == 1:
        manifest = lake.manifest(command.run_id)
        return JobRun(job, command.run_id, manifest, may_be_left=command.may_leave(job))
    first = f"{command.run_id}-{job.name}"
    last, tried, number = JobRun(job, first, may_be_left=command.may_leave(job)), first, 1
    while manifest := lake.manifest(tried):
        if manifest.get("command") == command.run_id:
            last = replace(last, run_id=tried, manifest=manifest)
        number += 1
        tried = f"{first}-{number}"
    return last
