"""What each command does; `cli.py` only parses and dispatches."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from spark_app import stopping
from spark_app.errors import Unusable
from spark_app.job import Job
from spark_app.jobs import JOBS, find_job
from spark_app.lake.lake import Lake
from spark_app.run.progress import Progress
from spark_app.settings import Settings

if TYPE_CHECKING:
    from argparse import Namespace

PUBLISHABLE = ("published", "checked")


def run(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Run a job and print the newest complete week, or the manifest as JSON."""
    from spark_app.run.manifest import new_run_id
    from spark_app.run.stages import run_job
    from spark_app.run.state import Request

    job, clock = find_job(args.job), datetime.now(UTC)
    request = Request(
        source=args.source or settings.sources.get(job.dataset) or lake.raw(job.dataset),
        run_id=new_run_id(clock) if args.run_id is None else parse_run_id(args.run_id),
        tolerance=args.tolerance,
        since=args.since,
        is_verbose=args.verbose,
        has_data_docs=args.data_docs,
        region=args.region,
    )
    manifest = run_job(job, lake, settings, request, clock=clock, progress=Progress())
    if args.json:
        print(json.dumps(manifest.as_dict(), indent=2))
    else:
        print_newest(job, lake)


def list_jobs(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Print the jobs, what they read and what they publish."""
    rows = [
        (
            job.name,
            settings.sources.get(job.dataset) or lake.raw(job.dataset),
            ", ".join(lake.published_path(table) for table in job.tables),
            job.summary,
        )
        for job in JOBS.values()
    ]
    print_table(("job", "reads", "publishes", "what it is"), rows)


def list_checks(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Print every check of a job in words."""
    checks = find_job(args.job).load().checks(settings)
    rows = [(check.layer, check.severity, check.name, check.description) for check in checks]
    print_table(("layer", "severity", "check", "what it says"), rows)


def list_runs(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Print the history of runs, the newest last, and which one readers see."""
    manifests = sorted(_runs(lake).values(), key=_started_at)
    published = _published_runs(lake)
    rows = [_run_row(m["run_id"], m, published) for m in manifests]
    heads = ("run", "job", "outcome", "rows read", "rows out", "seconds", "readers see")
    print_table(heads, rows)


def publish(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Publish an earlier run again, and write the report of what is then published."""
    from spark_app.report.write import publishing, write_published_report

    job, run_id = find_job(args.job), parse_run_id(args.run)
    manifest = lake.manifest(run_id)
    if manifest is None or manifest["job"] != job.name:
        raise Unusable(f"there is no run {run_id} of {job.name}; `runs` lists them")
    if manifest["outcome"] not in PUBLISHABLE:
        raise Unusable(f"run {run_id} cannot be published, its outcome is {manifest['outcome']}")
    now = datetime.now(UTC)
    with (
        lake.lock(job.name, run_id, now, Progress().say) as held,
        publishing(job) as is_done,
    ):
        with stopping.held_back():
            for table in job.tables:
                lake.publish(run_id, table, lake.published(table), held)
            is_done()
        at = manifest["published_at"] or now.isoformat()
        lake.write_manifest(run_id, {**manifest, "outcome": "published", "published_at": at})
        path = write_published_report(job, lake)
    print(f"published: {', '.join(lake.published_path(table) for table in job.tables)}")
    print(f"report:    {path}")


def report(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Write the report of what is published."""
    from spark_app.report.write import write_published_report

    print(f"report: {write_published_report(find_job(args.job), lake)}")


def prune(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Delete the staging and final tables of old runs."""
    if args.keep < 0:
        raise Unusable(f"--keep {args.keep} is negative; write how many runs to keep, such as 5")
    _runs(lake)
    for job in JOBS.values():
        with lake.lock(job.name, "prune", datetime.now(UTC), Progress().say) as held:
            for run_id in _prunable(job, lake, args.keep):
                held.require()
                lake.prune(run_id)
                print(f"pruned {run_id}")


def _runs(lake: Lake) -> dict[str, dict[str, Any]]:
    """The manifests of all runs; there must be one."""
    manifests = lake.manifests()
    if not manifests:
        raise Unusable(f"the lake {lake.root} has no run yet; run a job first")
    return manifests


def _prunable(job: Job, lake: Lake, keep: int) -> list[str]:
    """Runs of a job to prune. The caller holds its lock, so one still `running` is dead."""
    mine = {run_id: m for run_id, m in lake.manifests().items() if m["job"] == job.name}
    finished = [run_id for run_id, m in mine.items() if m["outcome"] != "running"]
    kept = {*sorted(finished, key=lambda r: _started_at(mine[r]), reverse=True)[:keep]}
    kept |= _published_runs(lake)
    return [r for r in mine if r not in kept and not lake.is_pruned(r)]


def _published_runs(lake: Lake) -> frozenset[str]:
    tables = [table for job in JOBS.values() for table in job.tables]
    return frozenset(version.run_id for table in tables if (version := lake.published(table)))


def _started_at(manifest: Mapping[str, Any]) -> str:
    return str(manifest["started_at"])


def parse_run_id(text: str) -> str:
    """A run id that a user gave.

    Raises:
        Unusable: it has other characters than letters, digits, `-` and `_`.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text):
        raise Unusable(f"run id {text!r} is not one; use letters, digits, '-' and '_' only")
    return text


def _run_row(
    run_id: str, manifest: Mapping[str, Any], published: frozenset[str]
) -> tuple[str, ...]:
    stages = {stage["name"]: stage for stage in manifest["stages"]}
    seconds = manifest["duration_seconds"]
    return (
        run_id,
        str(manifest["job"]),
        str(manifest["outcome"]),
        f"{stages['raw']['rows_in']:,}" if "raw" in stages else "",
        f"{stages['final']['rows_out']:,}" if "final" in stages else "",
        "" if seconds is None else f"{seconds:.1f}",
        "yes" if run_id in published else "",
    )


def print_newest(job: Job, lake: Lake) -> None:
    """The newest complete week of every country, and where the output and the report are."""
    steps = job.load()
    tables = {table: v.table() for table in job.tables if (v := lake.published(table))}
    title, heads, rows = steps.newest_rows(tables)
    print(f"\n{title}")
    print_table(heads, rows)
    for table in job.tables:
        print(f"output: {lake.published_path(table)}")
    print(f"report: {lake.report(job.name)}")


def print_table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as their longest cell; numbers to the right; the last column runs on."""
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, *rows]:
        cells = [
            cell.rjust(width) if _is_number(cell) else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        print("  ".join(cells).rstrip())


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"-?[\d,]+(\.\d+)?%?", cell))
