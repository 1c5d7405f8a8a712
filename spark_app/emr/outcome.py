"""The end of a run on a cluster: what it found, where it lies, what it cost, or why it failed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from spark_app.declarations import Job
from spark_app.emr import explain, prices
from spark_app.emr.logs import Logs, root_of
from spark_app.emr.service import Emr
from spark_app.emr.submitting import SubmittedRun
from spark_app.emr.wait import RunStatus
from spark_app.errors import AppError
from spark_app.lake.lake import Lake
from spark_app.terminal import print_newest

Log = Callable[[str], None]
LAYERS = ("raw", "staging", "final")


@dataclass(frozen=True)
class Command:
    """The jobs of a step. With `if_new` one with nothing new leaves no run behind."""

    jobs: Sequence[Job]
    if_new: bool = False


@dataclass(frozen=True)
class CommandEnd:
    """A command that has ended: of which jobs, where it was watched, and how EMR saw it last."""

    command: Command
    lake: Lake
    watched: SubmittedRun
    seen: RunStatus


@dataclass(frozen=True)
class JobRun:
    """The run of one job of a command; `manifest` is null when there is none."""

    job: Job
    run_id: str
    manifest: Mapping[str, Any] | None
    checks: Sequence[Mapping[str, Any]]


def conclude(emr: Emr, ended: CommandEnd, log: Log) -> None:
    """Print what a person wants to know about a command that has ended.

    Raises:
        AppError: a run failed; with its own exit code, of several the worst, and why.
    """
    runs = [run_of(job, ended) for job in ended.command.jobs]
    for run in runs:
        _print_run(run, ended)
    print_cost(emr, ended.watched, ended.seen)
    is_done = ended.seen.step_state == "COMPLETED"
    if is_done and all(_is_good(run, ended.command.if_new) for run in runs):
        _print_newest(runs, ended.lake)
        return
    failed = worst(runs)
    if failed.manifest and failed.manifest.get("report"):
        print(f"report:  {failed.manifest['report']}")
    raise _why(ended, failed, log).error()


def run_of(job: Job, ended: CommandEnd) -> JobRun:
    """The run that a command made of a job: of several tries the last."""
    lake, command = ended.lake, ended.watched.run_id
    is_alone = len(ended.command.jobs) == 1
    run_id = command if is_alone else f"{command}-{job.name}"
    manifest, number = lake.manifest(run_id), 2
    while not is_alone and (later := lake.manifest(f"{command}-{job.name}-{number}")):
        run_id, manifest, number = f"{command}-{job.name}-{number}", later, number + 1
    return JobRun(job, run_id, manifest, lake.read_checks(job.name, run_id))


def _is_good(run: JobRun, if_new: bool) -> bool:
    return if_new if run.manifest is None else run.manifest.get("exit_code") == 0


def worst(runs: Sequence[JobRun]) -> JobRun:
    """The run that says why the command failed: exit code 1 before 2 before 3."""
    codes = {id(run): (run.manifest or {}).get("exit_code") for run in runs}
    failed = [run for code in (1, 2, 3) for run in runs if codes[id(run)] == code]
    unfinished = [run for run in runs if codes[id(run)] is None]
    return [*failed, *unfinished, *runs][0]


def _print_run(run: JobRun, ended: CommandEnd) -> None:
    nothing = "nothing new" if ended.command.if_new else ended.seen.step_state.lower()
    print(f"run:     {run.run_id}")
    print(f"outcome: {run.manifest['outcome'] if run.manifest else nothing}")
    print_checks(run.checks)


def _print_newest(runs: Sequence[JobRun], lake: Lake) -> None:
    if len(runs) == 1 and runs[0].manifest:
        print_newest(runs[0].job, lake)
        return
    for run in runs:
        print(f"output:  {lake.published_path(run.job.name)}")


def print_checks(checks: Sequence[Mapping[str, Any]]) -> None:
    """How many checks of each layer passed, failed and warned, and what failed."""
    for layer in LAYERS:
        mine = [check for check in checks if check["layer"] == layer]
        judged = [check for check in mine if check["severity"] != "quarantine"]
        passed = sum(check["outcome"] == "passed" for check in judged)
        failed = len(explain.failed_checks(judged))
        counts = ((passed, "passed"), (len(judged) - passed - failed, "warned"), (failed, "failed"))
        if mine:
            print(f"checks:  {layer} " + ", ".join(f"{n} {word}" for n, word in counts if n))
    for check in explain.failed_checks(checks):
        detail = check.get("detail") or check["description"]
        print(f"failed:  {check['layer']} {check['check']}: {detail}")


def print_cost(emr: Emr, watched: SubmittedRun, seen: RunStatus) -> None:
    """What the run did cost by the instances' real times; on a kept cluster, its share of them."""
    timeline = seen.step["Status"].get("Timeline", {})
    began = None if watched.is_own else timeline.get("StartDateTime")
    ended = timeline.get("EndDateTime") if not watched.is_own else None
    if not watched.is_own and began is None:
        return  # the step never ran
    try:
        instances = emr.instances(watched.cluster_id)
    except AppError as error:
        print(f"cost:    unknown: {error}")
        return
    cost = prices.of_instances(instances, emr.region, began, ended or datetime.now(UTC))
    whose = "" if watched.is_own else ", the cluster's for the time of the step"
    print(f"cost:    {cost} at estimated prices of {prices.date()}{whose}")


def _why(ended: CommandEnd, run: JobRun, log: Log) -> explain.Cause:
    lake, watched, seen = ended.lake, ended.watched, ended.seen
    manifest = run.manifest
    if seen.step_state == "COMPLETED" and manifest is None:
        text = f"the step ended well but left no run.json of run {run.run_id} in {lake.root}"
        return explain.Cause(f"{text}; compare its --lake with yours")
    logs = Logs(root_of(seen.cluster), lake.store, log)
    evidence = explain.FailureEvidence(
        cluster=seen.cluster,
        step=seen.step,
        manifest=manifest,
        checks=run.checks,
        step_log=lambda tells: logs.of_step(
            watched.step_id, lambda output: seen.has_cluster_ended or tells(output)
        ),
        bootstrap_log=logs.of_bootstrap,
        logs_at=logs.place(""),
    )
    return explain.cause_of(evidence)
