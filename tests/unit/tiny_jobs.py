"""Tiny jobs on a lake, and runs of them of which only the manifest and the table are there."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from spark_app.declarations import Column, Files, Job, Parquet, Table
from spark_app.lake.lake import Lake
from spark_app.run.manifest import Manifest
from spark_app.run.progress import Progress
from spark_app.run.request import Request
from spark_app.run.stages import Surroundings, new_manifest
from spark_app.sources.pinned import pin_sources, places
from spark_app.spark.session import SparkOnDemand
from tests.builders import job_of

NOW = datetime(2030, 1, 1, tzinfo=UTC)
COLUMNS = (Column("n", "bigint", "a number"),)
FILES = Files("numbers", Parquet(), COLUMNS)


def table(name: str) -> Table:
    """A table of numbers."""
    return Table(name, "one row per number", key=("n",), columns=COLUMNS)


def job(name: str, *reads: str) -> Job:
    """A job that reads other jobs' tables, or delivered numbers when there are none."""
    return job_of(table(name), *(map(table, reads) if reads else (FILES,)))


def lake_in(folder: Path) -> Lake:
    """A lake in which numbers were delivered."""
    lake = Lake(str(folder / "lake"))
    deliver(lake, "one")
    return lake


def deliver(lake: Lake, name: str) -> None:
    """Another file of numbers: nobody reads what is in it."""
    folder = Path(lake.raw("numbers"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.parquet").write_bytes(name.encode())


def request(a_job: Job, lake: Lake, **given: Any) -> Request:
    """What a run of the job is asked; `given` are fields of it."""
    return Request("now", places(a_job, lake, {}), **given)


def manifest_of(a_job: Job, lake: Lake, run_id: str) -> Manifest:
    """The manifest of a run on what is delivered now."""
    wanted = replace(request(a_job, lake), run_id=run_id)
    sources = pin_sources(a_job, lake, wanted.sources, None)
    return new_manifest(a_job, wanted, sources, NOW)


def finish(lake: Lake, a_job: Job, run_id: str, outcome: str = "published", **more: Any) -> None:
    """A run of the job as its manifest says it, on what is delivered now."""
    ended = manifest_of(a_job, lake, run_id).as_dict() | {"outcome": outcome} | more
    lake.write_manifest(run_id, ended)


def publish(lake: Lake, a_job: Job, run_id: str, **more: Any) -> None:
    """A run of the job whose table readers see."""
    finish(lake, a_job, run_id, **more)
    lake.write_built(run_id, a_job.name, pa.table({"n": pa.array([1])}), "", {})
    with lake.lock(a_job.name, run_id, NOW, print) as held:
        lake.publish(run_id, a_job.name, lake.published(a_job.name), held)


def around(lake: Lake) -> Surroundings:
    """What a run needs, without a JVM."""
    return Surroundings(lake, SparkOnDemand(driver_memory="1g"), NOW, Progress())
