"""Which values are to be read with care."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spark_app.declarations import Bars, Column, Line, Mark
from spark_app.report.numbers.grid import Array, Groups, Times, least, sums

if TYPE_CHECKING:
    import pyarrow as pa

MARKS_DRAWN = 3  # there is a shape for each


def marks_of(part: Line | Bars) -> tuple[Mark, ...]:
    return part.marks[:MARKS_DRAWN] if isinstance(part, Line) else ()


def bits_of(
    rows: "pa.Table", column: Column, marks: Sequence[Mark], groups: Groups, times: Times
) -> Array:
    """A matrix of group x time: bit i is set where mark i applies.

    What the drawn column is made of is summed up first; of other columns the smallest value counts.
    """
    drawn = (column.name, *(column.ratio_of or ()))
    bits = np.zeros((len(groups.names), len(times.days)), dtype=np.uint8)
    for i, mark in enumerate(marks):
        measure = sums if mark.column in drawn else least
        below = measure(rows, mark.column, groups, times) < mark.below
        bits |= below.astype(np.uint8) << i
    return bits
