"""Which jobs a command runs, in the order of their dependencies, and whether each has to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from spark_app.declarations import Job
from spark_app.errors import Unusable
from spark_app.lake.lake import Lake
from spark_app.lake.versions import Version, published
from spark_app.run.manifest import Manifest
from spark_app.run.request import Request, is_asked_again
from spark_app.run.stages import Surroundings, new_manifest
from spark_app.sources.pinned import pin_sources

FINISHED = ("published", "gate shut")


@dataclass(frozen=True)
class Due:
    """Whether a job has something to do, and why. `last` is its newest finished run, or null."""

    is_due: bool
    why: str
    is_held: bool = False
    last: Mapping[str, Any] | None = None


def selected(
    jobs: Sequence[Job], names: Iterable[str], *, upstream: bool, downstream: bool
) -> list[Job]:
    """The named jobs, with those that they read and those that read them where that is asked for,
    each after what it reads."""
    by_name = {job.name: job for job in jobs}
    wanted = set(names)
    if upstream:
        wanted |= _reached(wanted, {name: _upstream(job, by_name) for name, job in by_name.items()})
    if downstream:
        readers: dict[str, list[str]] = {name: [] for name in by_name}
        for job in jobs:
            for source in _upstream(job, by_name):
                readers[source].append(job.name)
        wanted |= _reached(wanted, readers)
    graph = {name: _upstream(job, by_name) for name, job in by_name.items()}
    return [by_name[name] for name in TopologicalSorter(graph).static_order() if name in wanted]


def run_ids(command: str, jobs: Sequence[Job], lake: Lake) -> dict[str, str]:
    """The run id of each job: that of the command for one job, else with the job's name behind.

    An id is used once: a job that was tried under it and did not end well gets the next number.
    """
    if len(jobs) == 1:
        return {jobs[0].name: command}
    return {job.name: _untried(f"{command}-{job.name}", job, lake) for job in jobs}


def due(job: Job, request: Request, around: Surroundings) -> Due:
    """Whether a job has something to do that its newest finished run did not do.

    Raises:
        Unusable: its sources cannot be used.
    """
    lake, last = around.lake, newest_finished(job, around.manifests)
    version = published(job.publishes, lake)
    at = held_at(version, lake)
    if at is not None:
        return Due(False, f"held at run {at}", True, last)
    sources = pin_sources(job, lake, request.sources, request.region)
    seen = version.run_id if version else None
    why = _difference(new_manifest(job, request, sources, around.clock), last, seen)
    return Due(why is not None, why or _nothing_new(last), False, last)


def held_at(version: Version | None, lake: Lake) -> str | None:
    """The run at which a table with this published version is held; null when it is not."""
    if version is None or not (lake.manifest(version.run_id) or {}).get("held"):
        return None
    return version.run_id


def newest_finished(job: Job, manifests: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The manifest of the newest run that published or whose gate stayed shut; null: none did."""
    mine = [manifest for manifest in manifests if manifest["job"] == job.name]
    finished = [m for m in mine if m["outcome"] in FINISHED]
    return max(finished, key=lambda m: str(m["started_at"]), default=None)


def _upstream(job: Job, known: Mapping[str, Job]) -> list[str]:
    unknown = [name for name in job.tables_read if name not in known]
    if unknown:
        raise Unusable(f"{job.name} reads {unknown[0]}, which no job publishes")
    return list(job.tables_read)


def _reached(names: Iterable[str], edges: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        for name in edges[waiting.pop()]:
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def _untried(run_id: str, job: Job, lake: Lake) -> str:
    version = published(job.publishes, lake)
    seen = version.run_id if version else None  # also of a run that ended in its switch
    tried, number = run_id, 1
    while (earlier := lake.manifest(tried)) and earlier["outcome"] != "published" and tried != seen:
        number += 1
        tried = f"{run_id}-{number}"
    return tried


def _difference(new: Manifest, last: Mapping[str, Any] | None, seen: str | None) -> str | None:
    """What a run would do that the last one did not; null: nothing. `seen` is what readers see."""
    if last is None:
        return "it never ran to an end"
    if not is_asked_again(new.parameters, last["parameters"]):
        return "other options or sources than in the last run"
    if last["inputs_digest"] != new.inputs_digest:
        return "new input"
    if last["code"] != new.code:
        return "another version of the application"
    is_superseded = last["outcome"] == "published" and last["run_id"] != seen
    return f"readers see the older run {seen}" if is_superseded else None


def _nothing_new(last: Mapping[str, Any] | None) -> str:
    is_shut = last is not None and last["outcome"] == "gate shut"
    return "nothing new, and the gate stayed shut" if is_shut else "up to date"
