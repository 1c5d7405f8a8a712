"""The rows of a table as matrices of group and time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spark_app.declarations import Column, Table
from spark_app.errors import one_line
from spark_app.report.text import MONTH

if TYPE_CHECKING:
    import pyarrow as pa

Array = npt.NDArray[Any]
NULL_GROUP = "(null)"


@dataclass(frozen=True)
class Times:
    """Every different time of a table, ascending, and which of them each row has.

    A table without a time has one, which is settled and `NaT`; without rows it has none.
    """

    days: Array
    is_settled: Array
    of_row: Array

    @property
    def newest(self) -> int | None:
        """The place of the newest settled time."""
        found = np.flatnonzero(self.is_settled)
        return int(found[-1]) if len(found) else None

    def before(self, place: int, periods: int, days: int) -> int | None:
        """The place of the time so many periods of `days` earlier; null when it is missing or not
        settled."""
        unit, length = ("M", 1) if days == MONTH else ("D", days)
        then = self.days[place].astype(f"datetime64[{unit}]") - periods * length
        found = np.flatnonzero(self.days == then.astype("datetime64[D]"))
        return int(found[0]) if len(found) and self.is_settled[found[0]] else None


@dataclass(frozen=True)
class Groups:
    """Different values of some columns, and which of them each row has; -1: none of these."""

    names: list[str]
    of_row: Array


@dataclass(frozen=True)
class Series:
    """Matrices of group x time. `value` is NaN where there is none.

    `part` and `base` are the counts that a ratio is the quotient of, null for any other column.
    """

    value: Array
    part: Array | None = None
    base: Array | None = None


def times_of(rows: "pa.Table", table: Table) -> Times:
    """A time is settled when all of its rows are; without such a column every time is."""
    if table.time is None:
        settled = np.ones(min(1, rows.num_rows), dtype=bool)
        nothing = np.full(len(settled), "NaT", dtype="datetime64[D]")
        return Times(nothing, settled, np.zeros(rows.num_rows, dtype=np.int64))
    stored, of_row = np.unique(rows[table.time].to_numpy(), return_inverse=True)
    days = stored.astype("datetime64[D]")
    is_settled = np.ones(len(days), dtype=bool)
    if table.settled:
        np.logical_and.at(is_settled, of_row, _truth(rows, table.settled))
    return Times(days, is_settled, of_row)


def groups_of(rows: "pa.Table", columns: Sequence[str]) -> Groups:
    """One group a different combination; without columns all rows are one group."""
    codes, first = np.zeros(rows.num_rows, dtype=np.int64), np.zeros(1, dtype=np.int64)
    if columns:
        for name in columns:
            encoded = _encoded(rows, name)
            codes = codes * (int(encoded.max(initial=0)) + 1) + encoded
            first, codes = np.unique(codes, return_index=True, return_inverse=True)[1:]
        names = [_names(rows, name, first) for name in columns]
        return Groups([", ".join(parts) for parts in zip(*names, strict=True)], codes)
    return Groups([""], codes)


def group_name(value: object) -> str:
    return NULL_GROUP if value is None else one_line(str(value))


def kept(groups: Groups, places: Array) -> Groups:
    """Only the groups at these places, in this order."""
    new = np.full(len(groups.names), -1, dtype=np.int64)
    new[places] = np.arange(len(places))
    return Groups([groups.names[i] for i in places.tolist()], new[groups.of_row])


def series(rows: "pa.Table", column: Column, groups: Groups, times: Times) -> Series:
    """A column by group and time: a ratio as the quotient of sums, any other as the sum."""
    if column.ratio_of is None:
        return Series(sums(rows, column.name, groups, times))
    part, base = (np.nan_to_num(sums(rows, n, groups, times)) for n in column.ratio_of)
    return Series(quotient(part, base), part, base)


def sums(rows: "pa.Table", name: str, groups: Groups, times: Times) -> Array:
    """NaN where no row has a value."""
    shape, known, codes, values = _cells(rows, name, groups, times)
    total = np.bincount(codes[known], values[known], shape[0] * shape[1])
    there = np.bincount(codes[known], minlength=shape[0] * shape[1])
    return np.where(there > 0, total, np.nan).reshape(shape)


def least(rows: "pa.Table", name: str, groups: Groups, times: Times) -> Array:
    """The smallest value; NaN where no row has one."""
    shape, known, codes, values = _cells(rows, name, groups, times)
    found = np.full(shape[0] * shape[1], np.inf)
    np.minimum.at(found, codes[known], values[known])
    return np.where(np.isinf(found), np.nan, found).reshape(shape)


def quotient(part: Array, base: Array) -> Array:
    """NaN where there is nothing to divide by."""
    value = np.full(base.shape, np.nan)
    np.divide(part, base, out=value, where=base > 0)
    return value


def numbers(rows: "pa.Table", name: str) -> Array:
    """As 64-bit floats; null is NaN."""
    values: Array = rows[name].cast("double", safe=False).to_numpy()
    return values


def _cells(
    rows: "pa.Table", name: str, groups: Groups, times: Times
) -> tuple[tuple[int, int], Array, Array, Array]:
    """The matrix's shape, then by row: whether it counts, its cell, its value."""
    values = numbers(rows, name)
    known = ~np.isnan(values) & (groups.of_row >= 0)
    shape = (len(groups.names), len(times.days))
    return shape, known, groups.of_row * shape[1] + times.of_row, values


def _truth(rows: "pa.Table", name: str) -> Array:
    values: Array = rows[name].fill_null(False).to_numpy()
    return values


def _encoded(rows: "pa.Table", name: str) -> Array:
    """Equal numbers where the column's values are equal, null among them."""
    encoded = rows[name].combine_chunks().dictionary_encode(null_encoding="encode")
    codes: Array = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _names(rows: "pa.Table", name: str, places: Array) -> list[str]:
    values = rows[name].take(places).to_pylist()
    return [group_name(value) for value in values]
