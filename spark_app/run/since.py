"""`--since`: which weeks a run reads again, and which it takes from the published run's staging."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from spark_app.errors import Unusable
from spark_app.job import Job, Steps
from spark_app.lake.lake import Lake, Published

if TYPE_CHECKING:
    import pyarrow as pa


def parse_week(text: str) -> date:
    """The Monday of an ISO week written `yyyy_ww`.

    Raises:
        Unusable: it is not written so, or the year has no such week.
    """
    written = re.fullmatch(r"(\d{4})_(\d{2})", text)
    try:
        if written:
            return date.fromisocalendar(int(written[1]), int(written[2]), 1)
    except ValueError:
        pass
    raise Unusable(f"--since {text} is not an ISO week; write year and week as in 2021_20")


def history_for(
    since: date, steps: Steps, lake: Lake, job: Job, published: Mapping[str, Published | None]
) -> "Mapping[str, pa.Table]":
    """The rows before `since` of the staging tables of the run that is published now.

    Raises:
        Unusable: nothing is published, its staging is gone, or `since` would leave a gap.
    """
    known = {table: version for table, version in published.items() if version}
    if len(known) < len(job.tables):
        raise Unusable(
            "--since needs a published run to continue from, and nothing is published yet; "
            "run without --since first"
        )
    newest = steps.newest_complete_week({name: known[name].table() for name in known})
    if newest is None or since > newest + timedelta(weeks=1):
        last = "no complete week" if newest is None else f"{newest:%G_%V} as last complete week"
        raise Unusable(
            f"--since {since:%G_%V} would leave a gap: what is published has {last}; "
            "choose an earlier week or run without --since"
        )
    run_id = known[job.tables[0]].run_id
    gone = Unusable(
        f"--since needs the staging of the published run {run_id}, which is gone; "
        "run without --since"
    )
    try:
        staging = {t: lake.read_rows(lake.staging(run_id, t)) for t in job.staging_tables}
    except Unusable as error:
        raise gone from error
    if sum(table.num_rows for table in staging.values()) != _staged_count(lake, run_id):
        raise gone
    return steps.history_before(staging, since)


def _staged_count(lake: Lake, run_id: str) -> int | None:
    """How many staging rows a run wrote, as its manifest says."""
    stages = (lake.manifest(run_id) or {}).get("stages", [])
    return next((stage["rows_out"] for stage in stages if stage["name"] == "staging"), None)
