"""The end of a command on a cluster: what it found and where, what it cost, or why it failed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from spark_app.emr import explain, prices
from spark_app.emr.job_runs import Command, JobRun, job_runs, worst
from spark_app.emr.logs import Logs, root_of
from spark_app.emr.service import Emr
from spark_app.emr.submitting import SubmittedRun
from spark_app.emr.wait import RunStatus
from spark_app.errors import DONE, AppError, one_line
from spark_app.lake.lake import Lake
from spark_app.quality.results import LAYERS
from spark_app.report.outcomes import outcomes_of
from spark_app.terminal import print_newest

Log = Callable[[str], None]
Checks = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class CommandEnd:
    """A command that has ended: of which jobs, where it ran, and how EMR saw it last."""

    command: Command
    lake: Lake
    run: SubmittedRun
    status: RunStatus

    @property
    def is_completed(self) -> bool:
        return self.status.step_state == "COMPLETED"

    @property
    def may_leave_no_run(self) -> bool:
        """Whether nothing new is a good end without a run, as it always is of a lake table."""
        return self.command.if_new or any(job.publishes.is_lake for job in self.command.jobs)


def conclude(emr: Emr, end: CommandEnd, log: Log) -> None:
    """Print what a person wants to know about a command that has ended.

    Raises:
        AppError: a run failed; with its own exit code, of several the worst, and why.
    """
    runs = job_runs(end.command, end.lake)
    is_alone = len(runs) == 1
    if is_alone:
        _print_run(runs[0], end)
    else:
        print_lines(runs, end)
    print_cost(emr, end.run, end.status)
    if _is_good(runs, end):
        if is_alone and runs[0].manifest:
            print_newest(runs[0].job, end.lake)
        return
    failed = worst(runs)
    if failed.manifest and failed.manifest.get("report"):
        print(f"report:  {failed.manifest['report']}")
    raise _why(end, failed, log).error()


def _is_good(runs: Sequence[JobRun], end: CommandEnd) -> bool:
    """Whether the step ended well, and in this lake."""
    has_left_a_run = any(run.manifest for run in runs)
    codes = {run.exit_code for run in runs}
    is_here = has_left_a_run or end.may_leave_no_run
    return end.is_completed and is_here and codes <= {DONE, None}


def _print_run(run: JobRun, end: CommandEnd) -> None:
    """The outcome of the only job, and its checks."""
    is_idle = end.is_completed and end.may_leave_no_run
    nothing = "nothing new" if is_idle else end.status.step_state.lower()
    print(f"run:     {run.run_id}")
    print(f"outcome: {run.manifest['outcome'] if run.manifest else nothing}")
    print_checks(_checks(run, end.lake), run.manifest or {})


def print_lines(runs: Sequence[JobRun], end: CommandEnd) -> None:
    """The id of the command, and a line a job."""
    print(f"run:     {end.command.run_id}")
    for run in runs:
        print(f"{run.job.name}: {_in_words(run, end)}")


def _in_words(run: JobRun, end: CommandEnd) -> str:
    if run.manifest is not None:
        reason = run.manifest.get("reason")
        return f"{run.manifest['outcome']}, run {run.run_id}" + (f": {reason}" if reason else "")
    if run.blocked_by:
        return f"skipped, because {run.blocked_by}, which it reads, failed"
    return "nothing to do" if end.is_completed else "no run was begun"


def print_checks(checks: Checks, manifest: Mapping[str, Any]) -> None:
    """How many checks of each layer passed, warned and failed, how many rows its rules set aside,
    and what failed."""
    for layer in LAYERS:
        if mine := [check for check in checks if check["layer"] == layer]:
            print(f"checks:  {layer} {_counts(mine, manifest)}")
    for check in explain.failed_checks(checks):
        detail = check.get("detail") or check["description"]
        print(f"failed:  {check['layer']} {check['check']}: {one_line(detail)}")


def _counts(checks: Checks, manifest: Mapping[str, Any]) -> str:
    found = outcomes_of(checks, manifest)
    counts = (
        (len(found.passed), "passed"),
        (len(found.warnings) + len(found.insufficient), "warned"),
        (len(found.gate_closers), "failed"),
    )
    words = ", ".join(f"{n} {word}" for n, word in counts if n)
    return "; ".join(filter(None, (words, found.rules_words() if found.broken_rules else "")))


def print_cost(emr: Emr, run: SubmittedRun, status: RunStatus) -> None:
    """What the run did cost by the instances' real times; on a kept cluster, its share of them."""
    timeline = status.step["Status"].get("Timeline", {})
    began = None if run.is_own else timeline.get("StartDateTime")
    ended = timeline.get("EndDateTime") if not run.is_own else None
    if not run.is_own and began is None:
        return  # the step never ran
    try:
        instances = emr.instances(run.cluster_id)
    except AppError as error:
        print(f"cost:    unknown: {error}")
        return
    cost = prices.of_instances(instances, emr.region, began, ended or datetime.now(UTC))
    whose = "" if run.is_own else ", the cluster's for the time of the step"
    print(f"cost:    {cost} at estimated prices of {prices.date()}{whose}")


def _checks(run: JobRun, lake: Lake) -> list[dict[str, Any]]:
    return lake.read_checks(run.job.name, run.run_id)


def _why(end: CommandEnd, run: JobRun, log: Log) -> explain.Cause:
    submitted, status = end.run, end.status
    if end.is_completed and run.manifest is None:
        text = f"the step ended well but left no run.json of run {run.run_id} in {end.lake.root}"
        return explain.Cause(f"{text}; compare its --lake with yours")
    logs = Logs(root_of(status.cluster), end.lake.store, log)
    evidence = explain.FailureEvidence(
        cluster=status.cluster,
        step=status.step,
        job=run.job.name if len(end.command.jobs) > 1 else None,
        manifest=run.manifest,
        checks=_checks(run, end.lake),
        step_log=lambda is_enough: logs.of_step(
            submitted.step_id, lambda output: status.has_cluster_ended or is_enough(output)
        ),
        bootstrap_log=logs.of_bootstrap,
        logs_at=logs.place(""),
    )
    return explain.cause_of(evidence)
