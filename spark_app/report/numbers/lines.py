"""The lines of a column over time: one for each group, and one for all together."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spark_app.declarations import Column, Line, Table
from spark_app.report.numbers.grid import (
    Array,
    Groups,
    Series,
    Times,
    groups_of,
    kept,
    numbers,
    series,
    sums,
    times_of,
)
from spark_app.report.numbers.marks import bits_of, marks_of
from spark_app.report.numbers.totals import column_of

if TYPE_CHECKING:
    import pyarrow as pa

POINTS_SENT = 250_000  # about 5 MB of the page


@dataclass(frozen=True)
class Points:
    """Lines as matrices of group x time; bit i of `marks` is mark i of the line."""

    series: Series
    marks: Array


@dataclass(frozen=True)
class Picture:
    """`groups` are in the order of `names`, the largest of the newest time first.

    `left_out`: how many groups are only in `together`, because their points would be too many.
    """

    names: list[str]
    days: list[dt.date]
    is_settled: list[bool]
    groups: Points
    together: Points
    left_out: int


def picture(rows: "pa.Table", table: Table, line: Line) -> Picture | None:
    """Null for an empty table, and for one without a time."""
    if not rows.num_rows or table.time is None:
        return None
    column, times = column_of(table, line.column), times_of(rows, table)
    everything = groups_of(rows, ())
    groups = groups_of(rows, (line.by,)) if line.by else everything
    order = _by_size(rows, column, groups, times) if line.by else np.zeros(0, dtype=np.int64)
    most = max(1, POINTS_SENT // len(times.days))
    shown = kept(groups, order[:most])
    return Picture(
        names=shown.names,
        days=times.days.tolist(),
        is_settled=times.is_settled.tolist(),
        groups=_points(rows, column, line, shown, times),
        together=_points(rows, column, line, everything, times),
        left_out=max(0, len(order) - most),
    )


def _points(rows: "pa.Table", column: Column, line: Line, groups: Groups, times: Times) -> Points:
    bits = bits_of(rows, column, marks_of(line), groups, times)
    return Points(series(rows, column, groups, times), bits)


def _by_size(rows: "pa.Table", column: Column, groups: Groups, times: Times) -> Array:
    """By the ratio's base, or the value, of the newest time in which there is any."""
    measure = column.ratio_of[1] if column.ratio_of else column.name
    total = np.nan_to_num(sums(rows, measure, groups_of(rows, ()), times))[0]
    if not (total > 0).any():
        return np.arange(len(groups.names))
    is_then = times.of_row == np.flatnonzero(total > 0)[-1]
    values = np.nan_to_num(numbers(rows.filter(is_then), measure))
    sizes = np.bincount(groups.of_row[is_then], values, len(groups.names))
    return np.argsort(-sizes, kind="stable")
