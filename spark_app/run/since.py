"""`--since`: from which day a run reads again, and what it keeps of the published run."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from spark_app.declarations import Job, Table
from spark_app.errors import Unusable
from spark_app.lake.arrow import has_columns_of
from spark_app.lake.lake import Lake, TableVersion
from spark_app.quality.table_findings import newest_time

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class KeptRows:
    """What a run does not make again.

    `since` is the first day that is read. `rows` are of the staging table where the job has one,
    else of the table itself.
    """

    since: date
    rows: "pa.Table"


def parse_since(text: str) -> date:
    """A day `yyyy-mm-dd`, or the Monday of an ISO week `yyyy_ww`.

    Raises:
        Unusable: it is neither, or there is no such day or week.
    """
    week = re.fullmatch(r"([0-9]{4})_([0-9]{2})", text)
    day = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
    try:
        if week:
            return date.fromisocalendar(int(week[1]), int(week[2]), 1)
        if day:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Unusable(
        f"--since {text} is neither a date nor an ISO week; write 2021-05-17, or year and week as "
        "in 2021_20"
    )


def kept_rows(since: date, job: Job, lake: Lake, published: TableVersion | None) -> KeptRows:
    """What stays of the published run, whole periods only.

    Raises:
        Unusable: the table has no time, nothing is published, its staging is gone, or `since` would
            leave a gap.
    """
    table = job.publishes
    if table.is_lake:
        raise Unusable(f"{table.name} grows by what its files bring; run without --since")
    if table.time is None:
        raise Unusable(f"{table.name} has no time by which rows could be kept; run without --since")
    if published is None:
        raise Unusable(
            "--since needs a published run to continue from, and nothing is published yet; "
            "run without --since first"
        )
    rows = published.table()
    _require_columns(table, rows)
    _require_no_gap(since, table, rows)
    if job.staging is not None:
        table, rows = job.staging.table, _staged(job.staging.table, lake, published.run_id)
    return _before(since, table, rows)


def _require_columns(table: Table, rows: "pa.Table") -> None:
    if not has_columns_of(rows.schema, table):
        raise Unusable(
            f"the columns of {table.name} changed since it was published; run without --since"
        )


def _require_no_gap(since: date, table: Table, rows: "pa.Table") -> None:
    newest = newest_time(table, rows)
    if newest is not None and since - newest <= timedelta(days=table.days):
        return
    last = "no complete row" if newest is None else f"{newest:%Y-%m-%d (%G_%V)} as its last time"
    raise Unusable(
        f"--since {since} would leave a gap: what is published has {last}; choose an earlier date "
        "or week, or run without --since"
    )


def _staged(table: Table, lake: Lake, run_id: str) -> "pa.Table":
    gone = Unusable(
        f"--since needs the staging of the published run {run_id}, which is gone; "
        "run without --since"
    )
    if table.time is None:
        raise Unusable(f"the staging of {table.name} has no time; run without --since")
    try:
        rows = lake.read_rows(lake.staging(run_id, table.name), table.most_bytes)
    except Unusable as error:
        raise gone from error
    if rows.num_rows != _staged_count(lake.manifest(run_id)):
        raise gone
    return rows


def _before(since: date, table: Table, rows: "pa.Table") -> KeptRows:
    """The rows before the period in which `since` lies; reading begins with that period."""
    import pyarrow.compute as pc

    times = rows[str(table.time)]
    first: date | None = pc.min(times).as_py()
    start = since
    if first is not None and since > first:
        start -= (since - first) % timedelta(days=table.days)
    return KeptRows(start, rows.filter(pc.less(times, start)))


def _staged_count(manifest: dict[str, Any] | None) -> int | None:
    """How many staging rows a run wrote, as its manifest says."""
    stages = (manifest or {}).get("stages", [])
    return next((stage["rows_out"] for stage in stages if stage["name"] == "staging"), None)
