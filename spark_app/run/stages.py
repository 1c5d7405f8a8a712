"""raw → gate → staging → gate → final → publish: the shape that every job has."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from spark_app import stopping
from spark_app.errors import Unusable
from spark_app.job import Examined, Job, RunContext
from spark_app.lake.lake import Lake
from spark_app.lake.store import Held, StoredFile, is_s3, store_of
from spark_app.quality.checks import (
    Check,
    CheckResult,
    Expectation,
    Finding,
    Layer,
    RowRule,
    result_of,
)
from spark_app.quality.gate import KeepPage, evaluate, require_open
from spark_app.report.write import publishing, write_published_report
from spark_app.run.manifest import Manifest, Stage, digest, is_same_work, versions
from spark_app.run.progress import Progress
from spark_app.run.recording import close, recorded
from spark_app.run.since import history_for, parse_week
from spark_app.run.state import Request, Run
from spark_app.run.warmup import load_in_background
from spark_app.settings import Settings
from spark_app.sources import contract
from spark_app.sources.contract import DeliveredFile
from spark_app.sources.files import find_inputs, inspect, read_raw, sample
from spark_app.spark import session
from spark_app.spark.failures import in_words

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession


def run_job(
    job: Job,
    lake: Lake,
    settings: Settings,
    request: Request,
    *,
    clock: datetime,
    progress: Progress,
) -> Manifest:
    """Run a job from raw to the published table and its report; the manifest of the run.

    The same run id again with the same inputs and parameters does nothing.

    Raises:
        AppError: whatever kept it from publishing, with its exit code; the manifest says it too.
    """
    since = parse_week(request.since) if request.since else None
    source = store_of(request.source, region=request.region)
    inputs = find_inputs(request.source, source, lake)
    manifest = _new_manifest(job, settings, request, inputs, clock)
    done = _done_already(job, lake, manifest, progress)
    if done:
        return done
    manifest.versions["java"] = str(session.java_version() or "of spark-submit")
    with lake.lock(job.name, request.run_id, clock, progress.say) as held:
        if held.died:
            progress.say(f"run {held.died} ended without giving back its lock; going on")
        done = _done_already(job, lake, manifest, progress)
        if done:
            return done
        run = Run(job, lake, settings, request, manifest, source, inputs, clock, progress)
        run.published = {table: lake.published(table) for table in job.tables}
        lake.write_manifest(run.run_id, manifest.as_dict())
        with recorded(run):
            _execute(run, since, held)
            close(run, "published", 0, None)
            _report(run)
    return manifest


def _report(run: Run) -> None:
    with publishing(run.job) as is_done:
        is_done()
        run.manifest.report = write_published_report(run.job, run.lake)
        run.lake.write_manifest(run.run_id, run.manifest.as_dict())


def _new_manifest(
    job: Job, settings: Settings, request: Request, inputs: Sequence[StoredFile], clock: datetime
) -> Manifest:
    return Manifest(
        run_id=request.run_id,
        job=job.name,
        parameters=request.parameters(settings),
        inputs=[asdict(file) for file in inputs],
        inputs_digest=digest(inputs),
        started_at=clock.isoformat(),
        versions=versions(),
    )


def _done_already(job: Job, lake: Lake, manifest: Manifest, progress: Progress) -> Manifest | None:
    """The manifest of the same run, done before; null when the id is new."""
    earlier = lake.manifest(manifest.run_id)
    if earlier is None:
        return None
    seen = [version.run_id for table in job.tables if (version := lake.published(table))]
    is_done = earlier["outcome"] == "published" or manifest.run_id in seen
    if not is_done or not is_same_work(earlier, manifest):
        raise Unusable(
            f"run id {manifest.run_id} was used by another run ({earlier['outcome']}); "
            "an id is used once, choose another or leave out --run-id"
        )
    progress.say(f"run {manifest.run_id} is done already; nothing to do")
    return Manifest(**{**earlier, "stages": [Stage(**stage) for stage in earlier["stages"]]})


def _execute(run: Run, since: date | None, held: Held) -> None:
    with (
        run.lake.log_file(run.run_id) as log,
        session.starting(
            driver_memory=run.settings.driver_memory,
            log=log,
            log_name=run.lake.log(run.run_id),
            input_bytes=sum(file.size_bytes for file in run.inputs),
            is_verbose=run.request.is_verbose,
            has_s3=is_s3(run.lake.root) or is_s3(run.request.source),
            region=run.request.region,
            say=run.progress.say,
        ) as connect,
        in_words(run.require_unchanged, run.lake.root),
    ):
        run.loading = load_in_background()
        history = _history(run, since)
        files = _inspect(run)
        sampled = sample(run.inputs, run.steps.sampled_columns, run.source)
        context = _context(run, files, since, history, sampled)
        spark = connect()
        examined = _raw(run, spark, files, context)
        staging = _staging(run, spark, examined)
        _final(run, spark, examined, staging)
        _publish(run, held)


def _history(run: Run, since: date | None) -> "Mapping[str, pa.Table]":
    if since is None:
        return {}
    return history_for(since, run.steps, run.lake, run.job, run.published)


def _inspect(run: Run) -> list[DeliveredFile]:
    """Hold every file's footer against the contract, before Spark is asked for anything."""
    files = inspect(run.steps.contract, run.inputs, run.source)
    if any(contract.explanations(files)[kind] for kind in contract.BREACHES):
        facts = run.steps.first_facts(_context(run, files))
        checks = [check for check in run.checks if check.layer == "raw"]
        promised = [check for check in checks if isinstance(check.test, Expectation)]
        run.wait_for_libraries()
        run.results += evaluate(promised, contract.as_table(files), facts)
        require_open("raw", run.results)
    return files


def _raw(
    run: Run, spark: "SparkSession", files: Sequence[DeliveredFile], context: RunContext
) -> Examined:
    with _timed(run, "raw") as stage, run.progress.bar("raw", spark):
        bytes_count = sum(file.size_bytes for file in run.inputs)
        raw = read_raw(spark, run.steps.contract, files, run.source, bytes_count=bytes_count)
        examined = run.steps.examine(raw, context)
        stage.rows_in = examined.rows_count
        stage.quarantined_count = examined.quarantined_count
        stage.rows_out = examined.rows_count - examined.quarantined_count
        if examined.bad_rows is not None:
            run.lake.write_frame(
                examined.bad_rows, run.lake.quarantine(run.job.dataset, run.run_id)
            )
        run.require_unchanged()
        run.results += _rule_results(run.checks, examined)
        _check(run, "raw", contract.as_table(files), examined.facts, stage)
    require_open("raw", run.results)
    return examined


def _staging(run: Run, spark: "SparkSession", examined: Examined) -> "Mapping[str, pa.Table]":
    with _timed(run, "staging") as stage, run.progress.bar("staging", spark):
        for table, frame in examined.staging.items():
            run.lake.write_frame(frame, run.lake.staging(run.run_id, table))
        run.require_unchanged()
        tables = {
            table: run.lake.read_rows(run.lake.staging(run.run_id, table))
            for table in examined.staging
        }
        stage.rows_in = examined.rows_count - examined.quarantined_count
        stage.rows_out = sum(table.num_rows for table in tables.values())
        facts = run.steps.with_tables(examined.facts, tables, {})
        for table in tables.values():
            _check(run, "staging", table, facts, stage)
    require_open("staging", run.results)
    return tables


def _final(
    run: Run, spark: "SparkSession", examined: Examined, staging: "Mapping[str, pa.Table]"
) -> None:
    with _timed(run, "final") as stage, run.progress.bar("final", spark):
        frames = {
            table: run.lake.read_frame(spark, run.lake.staging(run.run_id, table))
            for table in staging
        }
        tables = {
            table: run.lake.write_built(
                run.run_id, table, frame.toArrow(), run.manifest.inputs_digest
            )
            for table, frame in run.steps.finish(frames).items()
        }
        stage.rows_in = sum(table.num_rows for table in staging.values())
        stage.rows_out = sum(table.num_rows for table in tables.values())
        facts = run.steps.with_tables(examined.facts, staging, tables)
        for table in tables.values():
            _check(run, "final", table, facts, stage)
    require_open("final", run.results)


def _publish(run: Run, held: Held) -> None:
    """Switch each table, one after the other; what is left to do afterwards is the report."""
    run.require_unchanged()
    run.manifest.outcome = "checked"
    run.lake.write_quality(run.job.tables, run.run_id, run.results)
    run.lake.write_manifest(run.run_id, run.manifest.as_dict())
    with stopping.held_back():
        for table in run.job.tables:
            run.lake.publish(run.run_id, table, run.published[table], held)
        run.manifest.published_at = datetime.now(UTC).isoformat()


def _context(
    run: Run,
    files: Sequence[DeliveredFile],
    since: date | None = None,
    history: "Mapping[str, pa.Table] | None" = None,
    sampled: Sequence[tuple[Any, ...]] = (),
) -> RunContext:
    published = {name: version.table() for name, version in run.published.items() if version}
    return RunContext(
        settings=run.settings,
        tolerance=run.request.tolerance,
        today=run.clock.astimezone(UTC).date(),
        footer_rows_count=sum(file.rows_count for file in files),
        delivery=contract.explanations(files),
        published=published,
        since=since,
        history=history or {},
        sample=sampled,
    )


def _rule_results(checks: Sequence[Check], examined: Examined) -> list[CheckResult]:
    """The row rules' results, as counted in the pass that builds staging."""
    return [
        result_of(check, Finding(examined.rows_count, examined.broken_counts[check.name]))
        for check in checks
        if isinstance(check.test, RowRule)
    ]


def _check(run: Run, layer: Layer, table: "pa.Table", facts: Any, stage: Stage) -> None:
    run.wait_for_libraries()
    checks = [check for check in run.checks if check.layer == layer]
    run.results += evaluate(checks, table, facts, _keep_page(run, layer))
    mine = [result for result in run.results if result.layer == layer]
    stage.checks_count = len(mine)
    stage.checks_passed_count = sum(result.outcome == "passed" for result in mine)


def _keep_page(run: Run, layer: Layer) -> KeepPage | None:
    if not run.request.has_data_docs:
        return None
    path = run.lake.data_docs(run.run_id, layer)
    return lambda page: run.lake.write_report(path, page, run.run_id)


@contextmanager
def _timed(run: Run, name: str) -> Iterator[Stage]:
    """A stage of the run: in the manifest in any case, and as a line when it came to its end."""
    stage = Stage(name)
    run.manifest.stages.append(stage)
    began = time.monotonic()
    try:
        yield stage
    finally:
        stage.seconds = round(time.monotonic() - began, 3)
    run.progress.stage(stage)
