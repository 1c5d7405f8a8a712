"""The final table `organic_share` as matrices of country and week."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Grid:
    """Matrices of country x week; a combination that the table lacks has NaN and zeros."""

    countries: list[str]
    weeks: Array
    share: Array
    organic: Array
    installs: Array
    weeks_in_window: Array
    is_complete: Array

    def at(self, week: np.datetime64) -> int | None:
        found = np.flatnonzero(self.weeks == week)
        return int(found[0]) if len(found) else None

    def newest_complete(self) -> int | None:
        found = np.flatnonzero(self.is_complete)
        return int(found[-1]) if len(found) else None


def grid_of(table: pa.Table) -> Grid:
    countries, row = np.unique(_column(table, "country").astype(str), return_inverse=True)
    weeks, column = np.unique(_column(table, "week_start_date"), return_inverse=True)
    share = np.full((len(countries), len(weeks)), np.nan)
    organic, installs = np.zeros_like(share), np.zeros_like(share)
    share[row, column] = _column(table, "share_organic_p4w")
    organic[row, column] = _column(table, "organic_p4w_count")
    installs[row, column] = _column(table, "installs_p4w_count")
    weeks_in_window = np.zeros(len(weeks), dtype=np.int64)
    weeks_in_window[column] = _column(table, "weeks_in_window_count")
    is_complete = np.zeros(len(weeks), dtype=bool)
    is_complete[column] = _column(table, "is_week_complete")
    return Grid(countries.tolist(), weeks, share, organic, installs, weeks_in_window, is_complete)


def _column(table: pa.Table, name: str) -> Array:
    values: Array = table[name].to_numpy()
    return values


def ratio(organic: Array, installs: Array) -> Array:
    share = np.full(len(installs), np.nan)
    np.divide(organic, installs, out=share, where=installs > 0)
    return share
