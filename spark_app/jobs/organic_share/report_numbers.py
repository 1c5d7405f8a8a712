"""The numbers of the organic-share report, without any drawing.

All functions take the final table `organic_share` (one row per country and ISO week) and never
change it. Shares are fractions from 0 to 1, changes are differences of shares; null shares are NaN
in arrays and None in dataclasses.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from spark_app.jobs.organic_share.report_grid import Array, Grid, grid_of, ratio

WINDOW_WEEKS = 4
SMALL_BASE_INSTALLS = 200
TREND_WEEKS = 52

SMALL_WINDOW, SMALL_BASE, INCOMPLETE, LONE = 1, 2, 4, 8  # bits of a point's mark


@dataclass(frozen=True)
class Headline:
    """The newest complete week over all countries; `share`: of the sums, null without installs."""

    week_start_date: dt.date
    countries_count: int
    large_countries_count: int
    organic_count: int
    installs_count: int
    share: float | None
    change_1w: float | None
    change_4w: float | None


@dataclass(frozen=True)
class CountryValue:
    """One country in the newest complete week.

    `change_1w`, `change_4w`: difference to one and four weeks before, null when either share is
    null. `trend`: the shares of up to 52 weeks that end with that week, oldest first, null is None.
    """

    country: str
    share: float | None
    organic_count: int
    installs_count: int
    change_1w: float | None
    change_4w: float | None
    is_small_base: bool
    is_small_window: bool
    trend: tuple[float | None, ...]


@dataclass(frozen=True)
class Lines:
    """Points of one or more lines, one after the other.

    `at`: the week's Monday in milliseconds since 1970; `share`: NaN is a gap; `mark`: bits of
    SMALL_WINDOW, SMALL_BASE, INCOMPLETE and LONE (no neighbour to draw a line to).
    """

    at: Array
    share: Array
    organic: Array
    installs: Array
    mark: Array


@dataclass(frozen=True)
class ChartNumbers:
    """`by_country` holds country i at `starts[i]:stops[i]`; an empty point behind it ends its line.

    `sizes`: installs of the newest week in which any country had some; `weeks` and `week_labels`:
    the grid.
    """

    by_country: Lines
    total: Lines
    countries: list[str]
    starts: Array
    stops: Array
    sizes: Array
    weeks: Array
    week_labels: list[str]


def headline(table: pa.Table) -> Headline | None:
    """Null when the table has no complete week."""
    grid = grid_of(table)
    newest = grid.newest_complete()
    if newest is None:
        return None
    organic, installs = grid.organic.sum(axis=0), grid.installs.sum(axis=0)
    share = ratio(organic, installs)
    return Headline(
        week_start_date=grid.weeks[newest].item(),
        countries_count=len(grid.countries),
        large_countries_count=int((grid.installs[:, newest] >= SMALL_BASE_INSTALLS).sum()),
        organic_count=int(organic[newest]),
        installs_count=int(installs[newest]),
        share=_or_none(share[newest]),
        change_1w=_or_none(_change(grid, share[None, :], newest, 1)[0]),
        change_4w=_or_none(_change(grid, share[None, :], newest, WINDOW_WEEKS)[0]),
    )


def newest_values(table: pa.Table) -> list[CountryValue]:
    """One entry per country, the one with most installs first; empty without a complete week."""
    grid = grid_of(table)
    newest = grid.newest_complete()
    if newest is None:
        return []
    change_1w = _change(grid, grid.share, newest, 1)
    change_4w = _change(grid, grid.share, newest, WINDOW_WEEKS)
    trends = grid.share[:, max(0, newest + 1 - TREND_WEEKS) : newest + 1].tolist()
    values = [
        CountryValue(
            country=country,
            share=_or_none(grid.share[i, newest]),
            organic_count=int(grid.organic[i, newest]),
            installs_count=int(grid.installs[i, newest]),
            change_1w=_or_none(change_1w[i]),
            change_4w=_or_none(change_4w[i]),
            is_small_base=bool(grid.installs[i, newest] < SMALL_BASE_INSTALLS),
            is_small_window=bool(grid.weeks_in_window[newest] < WINDOW_WEEKS),
            trend=tuple(_or_none(share) for share in trends[i]),
        )
        for i, country in enumerate(grid.countries)
    ]
    return sorted(values, key=lambda value: (-value.installs_count, value.country))


def chart_numbers(table: pa.Table) -> ChartNumbers:
    grid = grid_of(table)
    organic, installs = grid.organic.sum(axis=0), grid.installs.sum(axis=0)
    count, width = len(grid.countries), len(grid.weeks) + 1
    starts = np.arange(count) * width
    with_installs = np.flatnonzero(installs > 0)
    sizes = grid.installs[:, with_installs[-1]] if len(with_installs) else np.zeros(count)
    return ChartNumbers(
        by_country=_lines(grid, grid.share, grid.organic, grid.installs, gap=True),
        total=_lines(
            grid, ratio(organic, installs)[None, :], organic[None, :], installs[None, :], gap=False
        ),
        countries=grid.countries,
        starts=starts.astype(np.int32),
        stops=(starts + width - 1).astype(np.int32),
        sizes=_compact(sizes),
        weeks=_milliseconds(grid.weeks),
        week_labels=[week_label(week) for week in grid.weeks.tolist()],
    )


def week_label(week_start_date: dt.date) -> str:
    """ISO year and week, `2020-W53`."""
    year, week, _ = week_start_date.isocalendar()
    return f"{year}-W{week:02d}"


def _lines(grid: Grid, share: Array, organic: Array, installs: Array, *, gap: bool) -> Lines:
    marks = _marks(grid, share, installs)
    behind = ((0, 0), (0, 1 if gap else 0))
    at = np.broadcast_to(_milliseconds(grid.weeks), share.shape)
    return Lines(
        at=np.pad(at, behind).ravel(),
        share=np.pad(share, behind, constant_values=np.nan).ravel().astype(np.float32),
        organic=_compact(np.pad(organic, behind).ravel()),
        installs=_compact(np.pad(installs, behind).ravel()),
        mark=np.pad(marks, behind).ravel().astype(np.uint8),
    )


def _marks(grid: Grid, share: Array, installs: Array) -> Array:
    there = np.pad(~np.isnan(share), ((0, 0), (1, 1)))
    lone = there[:, 1:-1] & ~there[:, :-2] & ~there[:, 2:]
    by_week = SMALL_WINDOW * (grid.weeks_in_window < WINDOW_WEEKS) + INCOMPLETE * ~grid.is_complete
    marks: Array = by_week + SMALL_BASE * (installs < SMALL_BASE_INSTALLS) + LONE * lone
    return marks


def _change(grid: Grid, share: Array, newest: int, weeks_back: int) -> Array:
    """Per row of `share`; NaN when that week lies before the grid or is not complete."""
    before = grid.at(grid.weeks[newest] - np.timedelta64(7 * weeks_back, "D"))
    if before is None or not grid.is_complete[before]:
        return np.full(len(share), np.nan)
    change: Array = share[:, newest] - share[:, before]
    return change


def _compact(counts: Array) -> Array:
    """Half the bytes where the counts allow it."""
    fits = not counts.size or counts.max() < 2**31
    return counts.astype(np.int32 if fits else np.float64)


def _milliseconds(weeks: Array) -> Array:
    milliseconds: Array = weeks.astype("datetime64[ms]").astype(np.float64)
    return milliseconds


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
