"""The newest rows of a table as text for a terminal."""

import datetime as dt
from typing import TYPE_CHECKING

from spark_app.declarations import Column, Job, Newest, Table
from spark_app.report.text import cadence, heading, is_number, time_label, value_text

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_SHOWN = 300


def newest_rows(job: Job, rows: "pa.Table") -> tuple[str, list[str], list[list[str]]]:
    """A title, the headings, and the cells of the newest settled time's rows in key order.

    At most 300 rows; the title says how many there are. Null is `-`, a ratio has four decimals.
    """
    from spark_app.report.numbers.newest import newest
    from spark_app.report.parts import report_of

    table, report = job.publishes, report_of(job)
    part = next((part for part in report.parts if isinstance(part, Newest)), Newest())
    found = newest(rows, table, part, (), ROWS_SHOWN, is_by_size=False)
    if found is None:
        return f"{report.title}: {_nothing(table, rows)}", [], []
    heads = [heading(column) for column in found.columns]
    cells = [
        [cell_text(column, cell) for column, cell in zip(found.columns, row.cells, strict=True)]
        for row in found.rows
    ]
    return _title(report.title, table, found.day, len(found.rows), found.left_out), heads, cells


def cell_text(column: Column, value: object) -> str:
    if value is None:
        return "-"
    if column.ratio_of and is_number(column):
        return f"{value:.4f}"
    return value_text(column, value)


def _title(title: str, table: Table, day: dt.date | None, shown: int, left_out: int) -> str:
    total = f", {shown:,} of {shown + left_out:,} rows" if left_out else ""
    if day is None:
        return title + total
    when = time_label(day, table.days)
    of_day = "" if when == day.isoformat() else f" ({cadence(table).unit} of {day})"
    return f"{title}, {when}{of_day}{total}"


def _nothing(table: Table, rows: "pa.Table") -> str:
    return f"no {cadence(table).unit} is complete yet" if len(rows) else "the table has no rows"
