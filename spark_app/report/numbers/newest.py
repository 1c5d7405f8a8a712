"""The rows of the newest settled time."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spark_app.declarations import Column, Mark, Newest, Table
from spark_app.report.numbers.grid import (
    Array,
    Times,
    groups_of,
    kept,
    numbers,
    series,
    times_of,
)
from spark_app.report.numbers.totals import Changes, changes, column_of, day_at, or_none
from spark_app.report.text import cadence, is_number

if TYPE_CHECKING:
    import pyarrow as pa

UNKNOWN: Changes = (None, None)


@dataclass(frozen=True)
class Row:
    """`cells` by column; `changes` of the main column, and its values up to this time."""

    cells: tuple[object, ...]
    marks: tuple[Mark, ...] = ()
    changes: Changes = UNKNOWN
    trend: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Rows:
    """The first `keys_count` of the columns are the key; `left_out` is how many rows are not here.

    `main`: the first named column, that changes and trends are of, null when there is none.
    `day`: null for a table without a time.
    """

    day: dt.date | None
    columns: tuple[Column, ...]
    keys_count: int
    main: Column | None
    rows: tuple[Row, ...]
    left_out: int


def newest(
    rows: "pa.Table",
    table: Table,
    part: Newest,
    marks: Sequence[Mark],
    most: int,
    *,
    is_by_size: bool = True,
) -> Rows | None:
    """The largest by the main column, or by its base, first; else in the order of the key.

    Null when no time is settled, or the table is empty.
    """
    times = times_of(rows, table)
    if times.newest is None:
        return None
    keys, columns = _columns(table, part)
    main = _main(table, part)
    places = _places(rows, main if is_by_size else None, times, times.newest)
    shown = places[:most]
    taken = rows.take(shown)
    cells = zip(*(taken[column.name].to_pylist() for column in columns), strict=True)
    parts = zip(
        cells, _marked(taken, marks), *_history(rows, table, main, shown, times), strict=True
    )
    made = tuple(Row(*part) for part in parts)
    return Rows(
        day_at(times, times.newest), columns, len(keys), main, made, len(places) - len(shown)
    )


def _main(table: Table, part: Newest) -> Column | None:
    first = next((n for n in part.columns if n not in table.key), None)
    column = column_of(table, first) if first and table.time else None
    return column if column and is_number(column) else None


def _columns(table: Table, part: Newest) -> tuple[tuple[str, ...], tuple[Column, ...]]:
    """The key without the time, which is that of all rows, unless there is nothing else in it."""
    keys = tuple(name for name in table.key if name != table.time) or table.key
    others = part.columns or tuple(c.name for c in table.columns)
    shown = (*keys, *(n for n in others if n not in keys and (n != table.time or part.columns)))
    return keys, tuple(column_of(table, name) for name in shown)


def _places(rows: "pa.Table", main: Column | None, times: Times, now: int) -> Array:
    """Of the rows at a time, in the order in which they are shown."""
    places = np.flatnonzero(times.of_row == now)
    if main is None:
        return places
    sizes = numbers(rows.take(places), main.ratio_of[1] if main.ratio_of else main.name)
    return places[np.argsort(-np.nan_to_num(sizes, nan=-np.inf), kind="stable")]


def _marked(rows: "pa.Table", marks: Sequence[Mark]) -> list[tuple[Mark, ...]]:
    below = [numbers(rows, mark.column) < mark.below for mark in marks]
    return [
        tuple(mark for mark, is_below in zip(marks, below, strict=True) if is_below[i])
        for i in range(len(rows))
    ]


def _history(
    rows: "pa.Table", table: Table, main: Column | None, shown: Array, times: Times
) -> tuple[list[Changes], list[tuple[float | None, ...]]]:
    """Changes and trend of each row that is shown."""
    now = times.newest
    if main is None or now is None:
        return [UNKNOWN] * len(shown), [()] * len(shown)
    groups = groups_of(rows, [name for name in table.key if name != table.time])
    value = series(rows, main, kept(groups, groups.of_row[shown]), times).value
    trends = value[:, max(0, now + 1 - cadence(table).trend) : now + 1].tolist()
    changed = changes(value, table, times, now, is_ratio=main.ratio_of is not None)
    return changed, [tuple(or_none(number) for number in trend) for trend in trends]
