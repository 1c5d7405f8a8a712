"""A lake table is held against its promises and its ledger, whole."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from spark_app.declarations import Files, Finding, Job, OptionValue
from spark_app.errors import GateShut, first_line
from spark_app.lake import iceberg, ledger
from spark_app.lake.iceberg import SOURCE_ID, partition_of
from spark_app.lake.ledger import FileDay, Ledger
from spark_app.quality.source_findings import Findings
from spark_app.quality.table_findings import lake_findings
from spark_app.quality.words import some
from spark_app.run.upkeep.tended import Tended

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def verify(tended: Tended, options: Mapping[str, OptionValue]) -> Findings:
    """What the whole table breaks of its promises, and where it is not what its ledger says, by
    name. A judge that raises leaves its exception in place of its finding."""
    table, version = tended.table, tended.version
    rows = iceberg.rows_at(tended.session, table, version.snapshot_id)
    known = ledger.read(table.name, tended.lake, version)
    found = iceberg.counts_by_day(rows, table)
    return {
        **lake_findings(table, rows, sum(found.values()), options),
        **_day_as_time(tended.job, rows),
        "file_is_known": file_is_known(found, known),
        "rows_as_ledger": rows_as_ledger(found, known),
    }


def as_rows(found: Findings) -> list[tuple[str, str, str]]:
    """A row for each check: its name, how much was looked at, and how much is wrong."""
    return [
        (name, "", first_line(one))
        if isinstance(one, Exception)
        else (name, f"{one.rows:,}", f"{one.failed:,}")
        for name, one in found.items()
    ]


def require_right(table: str, found: Findings) -> None:
    """Raise unless nothing is wrong.

    Raises:
        GateShut: something is; the text names every check and what it found.
    """
    wrong = [
        f"{name} ({_why(one)})"
        for name, one in found.items()
        if isinstance(one, Exception) or one.failed
    ]
    if wrong:
        raise GateShut(
            f"the lake table {table} is not as it should be: {'; '.join(wrong)}; roll it back with "
            f"`publish {table} --run RUN_ID`, see `history {table}`"
        )


def file_is_known(found: Mapping[FileDay, int], known: Ledger) -> Finding:
    """Every row is of a file version that the ledger has."""
    numbers = set(known.files["source_id"])
    lost = {number for number, _ in found if number not in numbers}
    failed = sum(count for (number, _), count in found.items() if number in lost)
    wrong = [f"{SOURCE_ID} {number}" for number in sorted(lost)]
    return Finding(sum(found.values()), failed, some(wrong))


def rows_as_ledger(found: Mapping[FileDay, int], known: Ledger) -> Finding:
    """Of every file version and day there are as many rows as the ledger says."""
    days = known.days[known.days["rows_count"] > 0]
    triples = days[["source_id", "day", "rows_count"]].itertuples(index=False, name=None)
    said = {(number, day): int(count) for number, day, count in triples}
    odd = [one for one in sorted({*found, *said}) if found.get(one) != said.get(one)]
    paths = known.paths_of({number for number, _ in odd})
    wrong = [
        f"{found.get(one, 0):,} rows of {paths.get(one[0], 'no file')} on {one[1]}, not "
        f"{said.get(one, 0):,}"
        for one in odd
    ]
    return Finding(len({*found, *said}), len(wrong), some(wrong))


def _day_as_time(job: Job, rows: "DataFrame") -> Findings:
    """The day (or month) in which a row lies is that of its time, where the key has one."""
    from pyspark.sql import functions as F

    table = job.publishes
    times = [c.name for c in table.columns if c.type == "timestamp" and c.name in table.key]
    if len(times) != 1:
        return {}
    (zone,) = (source.report_zone for source in job.reads if isinstance(source, Files))
    day = F.to_date(F.from_utc_timestamp(times[0], zone))
    partition = partition_of(table)
    is_other = F.col(partition) != (day if partition == table.time else F.trunc(day, "month"))
    seen = rows.agg(F.count("*"), F.count_if(is_other)).collect()[0]
    return {"day_as_time": Finding(seen[0], seen[1])}


def _why(one: Finding | Exception) -> str:
    if isinstance(one, Exception):
        return f"could not run: {first_line(one)}"
    return one.detail or f"{one.failed:,} of {one.rows:,}"
