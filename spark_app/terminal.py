"""What commands print: tables, and the newest rows of what is published."""

import re
from collections.abc import Sequence

from spark_app.declarations import Job
from spark_app.errors import Unusable, one_line
from spark_app.lake.lake import Lake


def print_newest(job: Job, lake: Lake) -> None:
    """The newest rows of a table, and where it and its page are."""
    from spark_app.lake.versions import place_of
    from spark_app.report.shown import shown
    from spark_app.report.terminal import newest_rows

    found = shown(job, lake)
    if found is None:
        raise Unusable(f"nothing is published of {job.name} yet; run it first")
    title, heads, rows = newest_rows(found.drawn, found.rows)
    print(f"\n{title}")
    print_table(heads, rows)
    print(f"output: {place_of(job.publishes, lake)}")
    print(f"report: {lake.report(job.name)}")


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their longest cell; numbers to the right; the last column runs on."""
    lines = [[one_line(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for row in lines:
        cells = [
            cell.rjust(width) if _is_number(cell) else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        print("  ".join(cells).rstrip())


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"-?[\d,]+(\.\d+)?%?", cell))
