"""What each command does; `cli.py` only parses and dispatches."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from spark_app import stopping
from spark_app.declarations import Job
from spark_app.errors import Unusable, one_line
from spark_app.jobs import JOBS, all_jobs, find_job, options_of
from spark_app.lake.lake import Lake
from spark_app.lake_commands import lake_switch, prune_tables
from spark_app.run.progress import Progress
from spark_app.run_arguments import parse_run_id, selected_jobs, wanted_runs
from spark_app.settings import Settings
from spark_app.terminal import print_newest, print_table

if TYPE_CHECKING:
    from argparse import Namespace

    from spark_app.run.several import Batch, JobEnd
    from spark_app.run.stages import Surroundings

Switch = Callable[[], None]
SwitchOf = Callable[[Job, str, Lake], AbstractContextManager[Switch]]
PUBLISHABLE = ("published", "checked")


def run(args: "Namespace", lake: Lake, settings: Settings) -> int:
    """Run jobs; print the newest rows of one, a line each of several, or manifests as JSON."""
    from spark_app.run.several import exit_code, plan, run_if_due, run_several
    from spark_app.run.stages import Surroundings
    from spark_app.spark.session import SparkOnDemand

    jobs, clock, progress = selected_jobs(args), datetime.now(UTC), Progress()
    wanted = wanted_runs(args, jobs, lake, settings, clock)
    spark = SparkOnDemand(
        driver_memory=settings.driver_memory,
        is_verbose=args.verbose,
        region=args.region,
        log=progress.line,
    )
    with spark:
        around = Surroundings(lake, spark, clock, progress)
        if args.dry_run:
            print_table(("job", "would", "why"), plan(jobs, wanted, around))
            return 0
        if len(jobs) > 1:
            has_lakes = any(job.has_lake_tables for job in jobs)
            spark.expect(_bytes_to_read(jobs, wanted, around), lake if has_lakes else None)
            ends = run_several(jobs, wanted, around)
            _print_ends(ends, is_json=args.json)
            return exit_code(ends)
        end = run_if_due(jobs[0], wanted, around)
    _print_end(end, lake, is_json=args.json)
    return 0


def _bytes_to_read(jobs: Sequence[Job], wanted: "Batch", around: "Surroundings") -> int:
    """How much the jobs will read of delivered files; what cannot be listed fails later."""
    from spark_app.errors import AppError
    from spark_app.sources.pinned import bytes_delivered

    try:
        places = {k: v for job in jobs for k, v in wanted.requests[job.name].sources.items()}
        return bytes_delivered(places, around.lake, wanted.requests[jobs[0].name].region)
    except AppError:
        return 0


def _print_end(end: "JobEnd", lake: Lake, *, is_json: bool) -> None:
    if is_json:
        manifest = end.manifest.as_dict() if end.manifest else _as_dict(end)
        print(json.dumps(manifest, indent=2))
    elif end.manifest is None:
        print(f"{end.job.name}: {one_line(end.words)}")
    else:
        print_newest(end.job, lake)


def _as_dict(end: "JobEnd") -> dict[str, Any]:
    """How a job ended; the manifest of a run that failed is in the lake alone."""
    manifest = end.manifest.as_dict() if end.manifest else None
    return {
        "job": end.job.name,
        "exit_code": end.exit_code,
        "words": end.words,
        "manifest": manifest,
    }


def _print_ends(ends: Sequence["JobEnd"], *, is_json: bool) -> None:
    if is_json:
        print(json.dumps([_as_dict(end) for end in ends], indent=2))
        return
    for end in ends:
        print(f"{end.job.name}: {one_line(end.words)}")


def list_jobs(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Print the jobs, what they read and what they publish."""
    from spark_app.lake.versions import place_of
    from spark_app.sources.pinned import places

    rows = [
        (
            job.name,
            ", ".join([*places(job, lake, settings.sources).values(), *job.tables_read]),
            place_of(job.publishes, lake),
            JOBS[job.name],
        )
        for job in all_jobs()
    ]
    print_table(("job", "reads", "publishes", "what it is"), rows)


def list_checks(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Print every check of a job in words."""
    from spark_app.quality.standard import checks_of

    job = find_job(args.job)
    checks = checks_of(job, options_of(job, settings))
    rows = [(c.layer, c.table, c.severity, c.name, c.words) for c in checks]
    print_table(("layer", "table", "severity", "check", "what it says"), rows)


def list_runs(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Print the history of runs, the newest last, and which one readers see."""
    manifests = sorted(_runs(lake).values(), key=_started_at)
    published = _published_runs(lake)
    rows = [_run_row(m["run_id"], m, published) for m in manifests]
    heads = ("run", "job", "outcome", "rows read", "rows out", "seconds", "readers see")
    print_table(heads, rows)


def publish(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Publish an earlier run again and hold the table there, or release it."""
    job = find_job(args.job)
    if bool(args.run) == args.release:
        raise Unusable("say which run with --run RUN_ID, or release a held table with --release")
    if args.release:
        _release(job, lake)
    else:
        switch_of = partial(lake_switch, settings) if job.publishes.is_lake else _switch_of_file
        _publish_run(job, parse_run_id(args.run), lake, switch_of)


def _publish_run(job: Job, run_id: str, lake: Lake, switch_of: SwitchOf) -> None:
    from spark_app.lake.versions import place_of
    from spark_app.report.write import publishing, write_published

    manifest = lake.manifest(run_id)
    if manifest is None or manifest["job"] != job.name:
        raise Unusable(f"there is no run {run_id} of {job.name}; `runs` lists them")
    if manifest["outcome"] not in PUBLISHABLE:
        raise Unusable(f"run {run_id} cannot be published, its outcome is {manifest['outcome']}")
    now = datetime.now(UTC)
    with switch_of(job, run_id, lake) as switch, publishing(job) as is_done:
        held = {"held": _is_older(manifest, job, lake)}
        lake.write_manifest(run_id, {**manifest, **held})  # first: a stop must not lose it
        with stopping.deferred():
            switch()
            is_done()
        at = manifest["published_at"] or now.isoformat()
        ended = {**manifest, "outcome": "published", "published_at": at, **held}
        lake.write_manifest(run_id, ended)
        path = write_published(job, lake)
    print(f"published: {place_of(job.publishes, lake)}")
    print(f"report:    {path}")
    if held["held"]:
        print(f"held:      new runs of their own accord leave it; publish {job.name} --release")


@contextmanager
def _switch_of_file(job: Job, run_id: str, lake: Lake) -> Iterator[Switch]:
    """Under the lock, what makes a run's table of one file the one that readers see."""
    with lake.lock(job.name, run_id, datetime.now(UTC), Progress().line) as lock:
        before = lake.published(job.name)
        yield lambda: lake.publish(run_id, job.name, before, lock)


def _is_older(manifest: Mapping[str, Any], job: Job, lake: Lake) -> bool:
    """Whether a later run of the job published: to go back to this one is a roll-back."""
    published = [m for m in lake.manifests().values() if m["outcome"] == "published"]
    starts = [_started_at(one) for one in published if one["job"] == job.name]
    return any(start > _started_at(manifest) for start in starts)


def _release(job: Job, lake: Lake) -> None:
    from spark_app.lake.versions import published
    from spark_app.report.write import write_published

    with lake.lock(job.name, "release", datetime.now(UTC), Progress().line):
        version = published(job.publishes, lake)
        manifest = lake.manifest(version.run_id) if version else None
        if version is None or manifest is None or not manifest["held"]:
            print(f"{job.name} is not held")
            return
        lake.write_manifest(version.run_id, {**manifest, "held": False})
        write_published(job, lake)
    print(f"released: {job.name}, at run {version.run_id}")


def report(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Write the page of what is published, and the site's index."""
    from spark_app.report.write import write_published

    print(f"report: {write_published(find_job(args.job), lake)}")
    print(f"site:   {lake.index_path()}")


def prune(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Delete the tables of old runs, and what no version of a lake table needs."""
    if args.keep < 0:
        raise Unusable(f"--keep {args.keep} is negative; write how many runs to keep, such as 5")
    _runs(lake)
    for name in JOBS:
        with lake.lock(name, "prune", datetime.now(UTC), Progress().line) as lock:
            for run_id in _prunable(name, lake, args.keep):
                lock.require()
                lake.prune(run_id)
                print(f"pruned {run_id}")
    prune_tables(lake, settings)


def _runs(lake: Lake) -> dict[str, dict[str, Any]]:
    """The manifests of all runs; there must be one."""
    manifests = lake.manifests()
    if not manifests:
        raise Unusable(f"the lake {lake.root} has no run yet; run a job first")
    return manifests


def _prunable(job: str, lake: Lake, keep: int) -> list[str]:
    """Runs of a job to prune. The caller holds its lock, so one still `running` is dead."""
    from spark_app.lake.versions import published

    mine = {run_id: m for run_id, m in lake.manifests().items() if m["job"] == job}
    finished = [run_id for run_id, m in mine.items() if m["outcome"] != "running"]
    kept = {*sorted(finished, key=lambda r: _started_at(mine[r]), reverse=True)[:keep]}
    if version := published(find_job(job).publishes, lake):
        kept.add(version.run_id)
    return [r for r in mine if r not in kept and not lake.is_pruned(r)]


def _published_runs(lake: Lake) -> frozenset[str]:
    from spark_app.lake.versions import published

    versions = (published(job.publishes, lake) for job in all_jobs())
    return frozenset(version.run_id for version in versions if version)


def _started_at(manifest: Mapping[str, Any]) -> str:
    return str(manifest["started_at"])


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
