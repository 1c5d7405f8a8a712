"""What pages and the terminal show of a table: of a small one its rows, of a lake table how many
rows it has by day or month, which its ledger knows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from spark_app.declarations import Column, Iceberg, Job, Line, OneFile, Report, Table, Tiles
from spark_app.lake import catalogue, ledger
from spark_app.lake.lake import Lake
from spark_app.report.text import CADENCES, MONTH

if TYPE_CHECKING:
    import pyarrow as pa

_COUNT = "rows_count"


@dataclass(frozen=True)
class Shown:
    """A published version as it is shown: `drawn` is the job whose table and report `rows` are of,
    `rows_count` how many rows the table itself has, `version` what tells it from others."""

    run_id: str
    version: str
    drawn: Job
    rows: "pa.Table"
    rows_count: int


def shown(job: Job, lake: Lake) -> Shown | None:
    """What is shown of a job's table; null when nothing is published.

    Raises:
        Unusable: it was not published by this application, or the lake was moved.
    """
    kept = job.publishes.kept_as
    if isinstance(kept, OneFile):
        file = lake.published(job.name)
        if file is None:
            return None
        rows = file.table()
        return Shown(file.run_id, file.version, job, rows, len(rows))
    found = catalogue.current(job.name, lake)
    if found is None:
        return None
    rows = _days(kept, ledger.rows_by_day(job.name, lake, found))
    return Shown(found.run_id, str(found.snapshot_id), _drawn(job, kept), rows, found.rows_count)


def _days(kept: Iceberg, counts: Mapping[date, int]) -> "pa.Table":
    """One row a folder with rows, in order."""
    import pyarrow as pa

    rows = [{kept.partition: day, _COUNT: count} for day, count in counts.items() if count]
    schema = pa.schema([(kept.partition, pa.date32()), (_COUNT, pa.int64())])
    return pa.Table.from_pylist(rows, schema=schema)


def _drawn(job: Job, kept: Iceberg) -> Job:
    day = next(column for column in job.publishes.columns if column.name == kept.partition)
    length = 1 if day.name == job.publishes.time else MONTH
    unit = CADENCES[length].unit
    count = Column(_COUNT, "bigint", f"rows of the {unit}", unit="rows", label=f"Rows per {unit}")
    days = Table(
        job.name,
        job.publishes.grain,
        key=(day.name,),
        columns=(day, count),
        time=day.name,
        days=length,
    )
    title = job.report.title if job.report else job.name
    report = Report(title, Tiles(_COUNT), Line(_COUNT))
    return Job((days,), job.transform, replace(days), report=report)
