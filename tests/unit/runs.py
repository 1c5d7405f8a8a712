"""A run of a job inside the test's own process: its layers, without a JVM of its own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from spark_app.declarations import Job
from spark_app.lake.lake import Lake
from spark_app.run import building, reading
from spark_app.run.progress import Progress
from spark_app.run.request import Request
from spark_app.run.stages import new_manifest
from spark_app.run.state import RunState
from spark_app.sources.pinned import pin_sources, places

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def deliver(lake: Lake, dataset: str, rows: pa.Table, name: str = "one", **options: Any) -> str:
    """Put a file where the lake expects the deliveries of a dataset; its path."""
    folder = Path(lake.raw(dataset))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.parquet"
    pq.write_table(rows, path, **options)
    return str(path)


def run_of(job: Job, lake: Lake, run_id: str = "one", **given: Any) -> RunState:
    """A run that is about to read what was delivered; `given` are fields of its request."""
    options = {o.name: o.default for o in job.options} | given.pop("options", {})
    request = Request(run_id, places(job, lake, {}), options, **given)
    sources = pin_sources(job, lake, request.sources, request.region)
    manifest = new_manifest(job, request, sources, NOW)
    run = RunState(job, lake, request, manifest, sources, NOW, Progress())
    run.published = lake.published(job.name)
    return run


def read(run: RunState, spark: "SparkSession") -> building.Rows:
    """The rows of its sources, judged by the raw gate's checks."""
    return reading.read(run, spark, reading.inspect(run))


def build(run: RunState, spark: "SparkSession") -> "tuple[pa.Table | None, pa.Table]":
    """Staging, null where the job has none, and the table; no gate is asked."""
    sources = read(run, spark)
    staged = building.build_staging(run, spark, sources) if run.job.staging else None
    return staged, building.build_final(run, spark, sources, staged)


def publish(run: RunState, staged_count: int = 0) -> None:
    """Publish what was built, as a run does."""
    stage = {"name": "staging", "rows_out": staged_count}
    run.lake.write_manifest(run.run_id, run.manifest.as_dict() | {"stages": [stage]})
    with run.lake.lock(run.job.name, run.run_id, NOW, print) as lock:
        run.lake.publish(run.run_id, run.job.name, run.published, lock)
