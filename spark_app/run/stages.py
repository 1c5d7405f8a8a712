"""raw → gate → staging → gate → final → gate → publish: the order that every job has."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from spark_app import stopping
from spark_app.declarations import Job
from spark_app.errors import Unusable, first_line
from spark_app.lake import catalogue, iceberg, ledger
from spark_app.lake.lake import Lake
from spark_app.lake.store import Lock, is_s3
from spark_app.lake.versions import published
from spark_app.quality.gate import require_open, tally
from spark_app.quality.results import Layer
from spark_app.report.write import publishing, write_published
from spark_app.run import appending, building, landing, reading, zones
from spark_app.run.compacting import compact_touched
from spark_app.run.growth import growth_of
from spark_app.run.manifest import (
    Manifest,
    Stage,
    code_digest,
    digest,
    is_same_work,
    versions,
)
from spark_app.run.progress import Progress
from spark_app.run.recording import close, recorded
from spark_app.run.request import Request
from spark_app.run.since import kept_rows, parse_since
from spark_app.run.state import RunState
from spark_app.run.warmup import load_in_background
from spark_app.sources.pinned import PinnedSource, inputs_of, pin_sources
from spark_app.spark.conf import java_version, require_able_machine
from spark_app.spark.failures import explain, explained_failures, hidden_stop
from spark_app.spark.session import SparkOnDemand

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Surroundings:
    """What a run needs besides its job and request."""

    lake: Lake
    spark: SparkOnDemand
    clock: datetime
    progress: Progress

    @cached_property
    def manifests(self) -> list[dict[str, Any]]:
        """Those of the runs before this command, fetched once."""
        return list(self.lake.manifests().values())


def run_job(job: Job, request: Request, around: Surroundings) -> Manifest:
    """Run a job from its sources to the published table and its page; the manifest of the run.

    The same run id again with the same inputs and parameters does nothing.

    Raises:
        AppError: whatever kept it from publishing, with its exit code; the manifest says it too.
    """
    lake, progress, began = around.lake, around.progress, datetime.now(UTC)
    since = parse_since(request.since) if request.since else None
    sources = pin_sources(job, lake, request.sources, request.region)
    manifest = new_manifest(job, request, sources, began)
    done = _done_already(job, lake, manifest, progress)
    if done:
        return done
    require_able_machine()
    manifest.versions["java"] = str(java_version() or "of spark-submit")
    with lake.lock(job.name, request.run_id, around.clock, progress.line) as lock:
        if lock.died:
            progress.line(f"run {lock.died} ended without giving back its lock; going on")
        done = _done_already(job, lake, manifest, progress)
        if done:
            return done
        run = RunState(job, lake, request, manifest, sources, around.clock, progress)
        if not job.publishes.is_lake:
            run.published = lake.published(job.name)
        elif since is None and (idle := _take_what_is_new(run)):
            return idle
        lake.write_manifest(run.run_id, manifest.as_dict())
        with recorded(run):
            if since is not None:
                run.kept = kept_rows(since, job, lake, run.published)
            _execute(run, around.spark, lock)
            close(run, "published", 0, None)
            _report(run)
    return manifest


def new_manifest(
    job: Job, request: Request, sources: "tuple[PinnedSource, ...]", began: datetime
) -> Manifest:
    """The manifest of a run that is about to begin."""
    return Manifest(
        run_id=request.run_id,
        job=job.name,
        command=request.command,
        parameters=request.parameters(),
        sources={source.name: dict(source.as_dict()) for source in sources},
        inputs_digest=digest(inputs_of(sources)),
        started_at=began.isoformat(),
        versions=versions(),
        code=code_digest(),
    )


def _done_already(job: Job, lake: Lake, manifest: Manifest, progress: Progress) -> Manifest | None:
    """The manifest of the same run, done before; null when the id is new."""
    earlier = lake.manifest(manifest.run_id)
    if earlier is None:
        return None
    version = published(job.publishes, lake)
    is_seen = version is not None and version.run_id == manifest.run_id
    is_done = earlier["outcome"] == "published" or is_seen
    is_retry = manifest.command is not None and manifest.command == earlier.get("command")
    if not is_done or not (is_retry or is_same_work(earlier, manifest)):
        raise Unusable(
            f"run id {manifest.run_id} was used by another run ({earlier['outcome']}); "
            "an id is used once, choose another or leave out --run-id"
        )
    newer = "" if is_seen or version is None else f"; readers see the newer run {version.run_id}"
    progress.line(f"run {manifest.run_id} is done already; nothing to do{newer}")
    return Manifest.of(earlier)


def _execute(run: RunState, spark: SparkOnDemand, lock: Lock) -> None:
    has_s3 = is_s3(run.lake.root) or any(source.is_in_s3 for source in run.sources)
    with (
        spark.started(
            log=lambda: run.lake.log_file(run.run_id),
            log_name=run.lake.log(run.run_id),
            input_bytes=sum(source.bytes_count for source in run.sources),
            has_s3=has_s3,
            lake_tables=run.lake if run.job.has_lake_tables else None,
        ) as connect,
        explained_failures(run.require_unchanged, run.lake.root),
    ):
        run.manifest.log = spark.log_name
        run.loading = load_in_background()
        run.lake.write_inputs(run.run_id, {source.name: source.files for source in run.sources})
        if run.growth is not None:
            footers = landing.inspect(run)
            _grow(run, connect(), footers, lock)
            return
        footers = reading.inspect(run)
        session = connect()
        sources = _raw(run, session, footers)
        staged = _staging(run, session, sources) if run.job.staging else None
        _final(run, session, sources, staged)
        _publish(run, lock)


def _take_what_is_new(run: RunState) -> Manifest | None:
    """Let a run of a lake table read what its ledger does not know; where there is nothing, the
    manifest of the run that readers see."""
    (pinned,) = run.sources
    version = catalogue.current(run.job.name, run.lake)
    source = reading.files_of(pinned)
    known = ledger.read(run.job.name, run.lake, version)
    zones.require_same(run, source, known, version)
    kept_days = source.raw_kept_days
    first = run.today - timedelta(days=kept_days) if kept_days is not None else None
    run.growth = growth_of(pinned.files, known, version, run.request.once, first)
    arrivals = run.growth.arrivals
    run.progress.line(arrivals.in_words())
    if version is not None and arrivals.is_nothing:
        run.progress.line(f"{run.job.name} has all of them; nothing to do")
        return Manifest.of(run.lake.manifest(version.run_id) or run.manifest.as_dict())
    run.sources = (replace(pinned, files=tuple(arrivals.to_read.values())),)
    return None


def _grow(run: RunState, spark: "SparkSession", footers: reading.Footers, lock: Lock) -> None:
    """The stages of a lake table: a branch stands in place of the run's own table."""
    if run.arrived.is_without_rows:
        with _stage(run, "raw", spark):
            landing.judge_files(run)
        require_open("raw", run.results)
        _publish_branch(run, spark, appending.leave(run, spark), lock)
        return
    built = _read_new(run, spark, footers)
    _publish_branch(run, spark, built, lock)
    run.progress.line(landing.in_words(run, built.kept_count, built.duplicates_count))


def _read_new(run: RunState, spark: "SparkSession", footers: reading.Footers) -> appending.Built:
    with _stage(run, "raw", spark) as stage:
        staged = landing.stage(run, spark, footers)
        stage.rows_in = sum(staged.rows_by_source.values())
        stage.quarantined_count = sum(staged.bad_by_source.values())
        stage.rows_out = stage.rows_in - stage.quarantined_count
    require_open("raw", run.results)
    with _stage(run, "final", spark) as stage:
        stage.rows_in = run.manifest.stages[0].rows_out
        built = appending.build(run, spark, staged)
        stage.rows_out = built.kept_count
    require_open("final", run.results)
    return built


def _publish_branch(
    run: RunState, spark: "SparkSession", built: appending.Built, lock: Lock
) -> None:
    """Let readers see the branch, with the ledger that belongs to it."""
    table = run.job.publishes
    _record_checks(run)
    version = run.arrived.version
    parts = ledger.add(table.name, run.lake, version, run.run_id, built.changes)
    marks = {
        "run_id": run.run_id,
        "inputs_digest": run.manifest.inputs_digest,
        "options": json.dumps(run.request.parameters()["options"]),
        zones.MARK: zones.zones_of(reading.files_of(run.sources[0])),
        ledger.MARK: parts,
    }
    iceberg.mark(spark, table, run.run_id, marks)
    with stopping.deferred():
        lock.require()
        iceberg.publish(spark, table, run.run_id)
        run.manifest.published_at = datetime.now(UTC).isoformat()
    _tidy(run, spark, set(built.changes.days["day"]), lock)


def _tidy(run: RunState, spark: "SparkSession", touched: set[date], lock: Lock) -> None:
    """Take away what nobody needs any more; the table is published, however this ends."""
    table = run.job.publishes
    try:
        iceberg.tidy(spark, table, run.run_id, run.clock)
        compact_touched(run, spark, touched, lock)
        run.lake.store.delete_folder(run.lake.staging(run.run_id, table.name))
    except Exception as error:
        if hidden_stop(error) is not None:
            raise
        why = str(explain(error, lambda: None) or first_line(error)).partition(";")[0]
        run.progress.line(f"the table is published; its upkeep is left to the next run ({why})")


def _raw(run: RunState, spark: "SparkSession", footers: reading.Footers) -> building.Rows:
    with _stage(run, "raw", spark) as stage:
        sources = reading.read(run, spark, footers)
        stage.rows_in = sum(rows.rows_count for rows in sources.values())
        stage.quarantined_count = sum(rows.quarantined_count for rows in sources.values())
        stage.rows_out = stage.rows_in - stage.quarantined_count
        run.require_unchanged()
    require_open("raw", run.results)
    return sources


def _staging(run: RunState, spark: "SparkSession", sources: building.Rows) -> "pa.Table":
    with _stage(run, "staging", spark) as stage:
        stage.rows_in = run.manifest.stages[0].rows_out
        staged = building.build_staging(run, spark, sources)
        stage.rows_out = staged.num_rows
    require_open("staging", run.results)
    return staged


def _final(
    run: RunState, spark: "SparkSession", sources: building.Rows, staged: "pa.Table | None"
) -> None:
    with _stage(run, "final", spark) as stage:
        stage.rows_in = run.manifest.stages[-2].rows_out
        stage.rows_out = building.build_final(run, spark, sources, staged).num_rows
    require_open("final", run.results)


def _publish(run: RunState, lock: Lock) -> None:
    """Switch the table; what is left to do afterwards is the page."""
    run.require_unchanged()
    _record_checks(run)
    with stopping.deferred():
        run.lake.publish(run.run_id, run.job.name, run.published, lock)
        run.manifest.published_at = datetime.now(UTC).isoformat()


def _record_checks(run: RunState) -> None:
    run.manifest.outcome = "checked"
    run.lake.write_quality(run.job.name, run.run_id, [r.as_dict() for r in run.results])
    run.lake.write_manifest(run.run_id, run.manifest.as_dict())


def _report(run: RunState) -> None:
    with publishing(run.job) as is_done:
        is_done()
        run.manifest.report = write_published(run.job, run.lake)
        run.lake.write_manifest(run.run_id, run.manifest.as_dict())


@contextmanager
def _stage(run: RunState, name: Layer, spark: "SparkSession") -> Iterator[Stage]:
    """A stage of the run: in the manifest in any case, and as a line when it came to its end."""
    stage = Stage(name)
    run.manifest.stages.append(stage)
    began = time.monotonic()
    try:
        with run.progress.bar(name, spark):
            yield stage
            _count_checks(run, name, stage)
    finally:
        stage.seconds = round(time.monotonic() - began, 3)
    run.progress.stage(stage)


def _count_checks(run: RunState, name: Layer, stage: Stage) -> None:
    seen = tally([result for result in run.results if result.layer == name])
    stage.checks_passed_count, stage.checks_warned_count = seen.passed, seen.warned
    stage.checks_failed_count, stage.rules_broken_count = seen.failed, seen.rules_broken
