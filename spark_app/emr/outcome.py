"""The end of a run on a cluster: what it found, where it lies, what it cost, or why it failed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from spark_app import commands
from spark_app.declarations import Job
from spark_app.emr import explain, prices
from spark_app.emr.logs import Logs, root_of
from spark_app.emr.service import Emr
from spark_app.emr.submitting import Watched
from spark_app.emr.wait import Seen
from spark_app.errors import AppError
from spark_app.lake.lake import Lake

Say = Callable[[str], None]
LAYERS = ("raw", "staging", "final")


@dataclass(frozen=True)
class Ended:
    """A run that has ended: of which job, where it was watched, and how EMR saw it last."""

    job: Job
    lake: Lake
    watched: Watched
    seen: Seen


def conclude(emr: Emr, ended: Ended, say: Say) -> None:
    """Print what a person wants to know about a run that has ended.

    Raises:
        AppError: the run failed; with its own exit code, and why.
    """
    job, lake, watched, seen = ended.job, ended.lake, ended.watched, ended.seen
    manifest = lake.manifest(watched.run_id)
    checks = _checks(job, lake, watched.run_id)
    print(f"run:     {watched.run_id}")
    print(f"outcome: {manifest['outcome'] if manifest else seen.step_state.lower()}")
    print_checks(checks)
    print_cost(emr, watched, seen)
    if seen.step_state == "COMPLETED" and manifest and manifest.get("exit_code") == 0:
        commands.print_newest(job, lake)
        return
    if manifest and manifest.get("report"):
        print(f"report:  {manifest['report']}")
    raise _why(ended, manifest, checks, say).error()


def print_checks(checks: Sequence[Mapping[str, Any]]) -> None:
    """How many checks of each layer passed, failed and warned, and what failed."""
    for layer in LAYERS:
        mine = [check for check in checks if check["layer"] == layer]
        passed = sum(check["outcome"] == "passed" for check in mine)
        failed = len(explain.failed_checks(mine))
        warned = len(mine) - passed - failed
        if mine:
            print(f"checks:  {layer} {passed} passed, {failed} failed, {warned} warned")
    for check in explain.failed_checks(checks):
        detail = check.get("detail") or check["description"]
        print(f"failed:  {check['layer']} {check['check']}: {detail}")


def print_cost(emr: Emr, watched: Watched, seen: Seen) -> None:
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


def _checks(job: Job, lake: Lake, run_id: str) -> list[dict[str, Any]]:
    """The run's checks, each once: every table of a job holds the same."""
    return lake.read_checks(job.name, run_id)


def _why(
    ended: Ended,
    manifest: Mapping[str, Any] | None,
    checks: Sequence[Mapping[str, Any]],
    say: Say,
) -> explain.Cause:
    lake, watched, seen = ended.lake, ended.watched, ended.seen
    if seen.step_state == "COMPLETED" and manifest is None:
        text = f"the step ended well but left no run.json of run {watched.run_id} in {lake.root}"
        return explain.Cause(f"{text}; compare its --lake with yours")
    logs = Logs(root_of(seen.cluster), lake.store, say)
    evidence = explain.Evidence(
        cluster=seen.cluster,
        step=seen.step,
        manifest=manifest,
        checks=checks,
        step_log=lambda tells: logs.of_step(
            watched.step_id, lambda output: seen.has_cluster_ended or tells(output)
        ),
        bootstrap_log=logs.of_bootstrap,
        logs_at=logs.place(""),
    )
    return explain.cause_of(evidence)
