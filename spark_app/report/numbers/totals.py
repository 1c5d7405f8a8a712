"""The newest settled time in numbers: totals, how many groups, which of them are largest."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spark_app.declarations import Bars, Column, Line, Mark, Table, Tiles
from spark_app.report.numbers.grid import (
    Array,
    Series,
    Times,
    groups_of,
    quotient,
    series,
    times_of,
)
from spark_app.report.numbers.marks import bits_of, marks_of
from spark_app.report.text import cadence

if TYPE_CHECKING:
    import pyarrow as pa

BARS_SHOWN = 50

Changes = tuple[float | None, float | None]


@dataclass(frozen=True)
class Total:
    """A column over all rows of one time; `changes`: since the time before, and since far before.

    `part`, `base`: the sums that a ratio is the quotient of, null for any other column.
    """

    column: Column
    value: float | None
    changes: Changes
    part: float | None = None
    base: float | None = None


@dataclass(frozen=True)
class Headline:
    """The newest settled time, null when the table has no time, and the totals of its rows."""

    day: dt.date | None
    rows_count: int
    totals: tuple[Total, ...]


@dataclass(frozen=True)
class Spread:
    """How many groups the newest settled time has, and how many of them carry each mark."""

    by: Column
    groups_count: int
    marked: tuple[tuple[Mark, int], ...]


@dataclass(frozen=True)
class Ranking:
    """The largest groups of the newest settled time; `others`: of the rest, null without one."""

    values: tuple[tuple[str, float], ...]
    others_count: int
    others: float | None

    @property
    def most(self) -> float:
        """The length of the longest bar."""
        return max((abs(value) for _, value in self.values), default=0.0)


def column_of(table: Table, name: str) -> Column:
    return next(column for column in table.columns if column.name == name)


def headline(rows: "pa.Table", table: Table, tiles: Tiles) -> Headline | None:
    """Null when no time is settled, or the table is empty."""
    times = times_of(rows, table)
    now = times.newest
    if now is None:
        return None
    columns = [column_of(table, name) for name in tiles.columns]
    totals = tuple(_total(rows, table, column, times, now) for column in columns)
    return Headline(day_at(times, now), int((times.of_row == now).sum()), totals)


def spread(rows: "pa.Table", table: Table, part: Line | Bars) -> Spread | None:
    """Null when no time is settled, or nothing is drawn by groups."""
    times = times_of(rows, table)
    if times.newest is None or part.by is None:
        return None
    now = rows.filter(times.of_row == times.newest)
    groups, marks = groups_of(now, (part.by,)), marks_of(part)
    bits = bits_of(now, column_of(table, part.column), marks, groups, times_of(now, table))
    marked = tuple((mark, int((bits >> i & 1).sum())) for i, mark in enumerate(marks))
    return Spread(column_of(table, part.by), len(groups.names), marked)


def ranking(rows: "pa.Table", table: Table, bars: Bars) -> Ranking | None:
    """Null when no time is settled; groups without a value are left out."""
    times = times_of(rows, table)
    if times.newest is None:
        return None
    now = rows.filter(times.of_row == times.newest)
    groups = groups_of(now, (bars.by,))
    found = series(now, column_of(table, bars.column), groups, times_of(now, table))
    value = found.value[:, 0]
    order = np.argsort(-value, kind="stable")[: np.count_nonzero(~np.isnan(value))]
    shown = [(groups.names[i], float(value[i])) for i in order[:BARS_SHOWN].tolist()]
    rest = order[BARS_SHOWN:]
    return Ranking(tuple(shown), len(rest), _together(found, rest) if len(rest) else None)


def day_at(times: Times, place: int) -> dt.date | None:
    """Null for a table without a time."""
    day: dt.date | None = times.days[place].item()
    return day


def changes(value: Array, table: Table, times: Times, now: int, *, is_ratio: bool) -> list[Changes]:
    """Per row of a matrix of group x time; null where either value is missing."""
    near, far = (
        _change(value, times.before(now, back, table.days), now, is_ratio)
        for back in (1, cadence(table).far)
    )
    return [(or_none(a), or_none(b)) for a, b in zip(near, far, strict=True)]


def or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _total(rows: "pa.Table", table: Table, column: Column, times: Times, now: int) -> Total:
    found = series(rows, column, groups_of(rows, ()), times)
    changed = changes(found.value, table, times, now, is_ratio=column.ratio_of is not None)
    part, base = (
        None if sums is None else float(sums[0, now]) for sums in (found.part, found.base)
    )
    return Total(column, or_none(found.value[0, now]), changed[0], part, base)


def _change(value: Array, before: int | None, now: int, is_ratio: bool) -> Array:
    if before is None:
        return np.full(len(value), np.nan)
    difference: Array = value[:, now] - value[:, before]
    return difference if is_ratio else quotient(difference, value[:, before])


def _together(found: Series, places: Array) -> float | None:
    if found.part is None or found.base is None:
        return float(found.value[places, 0].sum())
    return or_none(quotient(found.part[places].sum(axis=0), found.base[places].sum(axis=0))[0])
