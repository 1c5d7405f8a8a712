"""Drift of the newest complete week's organic share, country by country.

The series is the share of each single week, from staging (`organic_count`, `paid_count`), not the
published rolling share: windows of four weeks overlap, so neighbouring published values are not
independent and a spread estimated from them would be too small. On the arcsine scale the variance
of a share does not depend on the share itself. Weeks without installs carry no share and are
skipped, not counted as zero.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

CENTRE_WEEKS = 8
SPREAD_WEEKS = 26
FEWEST_WEEKS = 12
FEWEST_INSTALLS = 200
WARN_ABOVE = 2.8
MAD_TO_SIGMA = 1.4826  # makes the MAD of a normal sample estimate its standard deviation

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Drift:
    """One country in its newest complete week.

    `share`: organic / all installs of that week alone, null without installs. `centre_share`: what
    the median of the last eight weeks with installs was, null when `outcome` is `insufficient`, as
    is `z_score` (distance from it in standard deviations, signed). `installs_count`: installs of
    that week. `weeks_count`: earlier weeks with installs that were used, at most 26.
    """

    country: str
    share: float | None
    centre_share: float | None
    z_score: float | None
    installs_count: int
    weeks_count: int
    outcome: Literal["passed", "failed", "insufficient"]


def drift_by_country(staging: pa.Table, newest_week: dt.date) -> list[Drift]:
    """One row per country of `staging`, sorted by country; `newest_week` is the Monday to judge.

    `insufficient`: fewer than 12 earlier weeks with installs, or fewer than 200 installs in that
    week.
    """
    ordered = staging.sort_by([("country", "ascending"), ("week_start_date", "ascending")])
    country = ordered["country"].combine_chunks()
    names, starts = np.unique(country.to_numpy(zero_copy_only=False), return_index=True)
    weeks = _numbers(ordered, "week_start_date")
    organic = _numbers(ordered, "organic_count").astype(np.float64)
    installs = organic + _numbers(ordered, "paid_count")
    groups = zip(names, starts, np.append(starts, len(weeks))[1:], strict=True)
    return [
        _judge(str(name), weeks[a:b], organic[a:b], installs[a:b], np.datetime64(newest_week, "D"))
        for name, a, b in groups
    ]


def _numbers(table: pa.Table, column: str) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = table[column].combine_chunks().to_numpy(zero_copy_only=False)
    return values


def _judge(
    country: str,
    weeks: npt.NDArray[np.datetime64],
    organic: Floats,
    installs: Floats,
    newest_week: np.datetime64,
) -> Drift:
    now = weeks == newest_week
    installs_now, organic_now = float(installs[now].sum()), float(organic[now].sum())
    share = organic_now / installs_now if installs_now else None
    earlier = (weeks < newest_week) & (installs > 0)
    history = _arcsine(organic[earlier][-SPREAD_WEEKS:] / installs[earlier][-SPREAD_WEEKS:])
    if share is None or installs_now < FEWEST_INSTALLS or len(history) < FEWEST_WEEKS:
        count = int(installs_now)
        return Drift(country, share, None, None, count, len(history), "insufficient")
    centre, z_score = _centre_and_z(history, share, installs_now)
    centre_share = float(np.sin(centre) ** 2)
    outcome: Literal["passed", "failed"] = "failed" if abs(z_score) > WARN_ABOVE else "passed"
    return Drift(country, share, centre_share, z_score, int(installs_now), len(history), outcome)


def _centre_and_z(history: Floats, share: float, installs: float) -> tuple[float, float]:
    """The centre on the arcsine scale, and how many standard deviations `share` is away from it."""
    centre = float(np.median(history[-CENTRE_WEEKS:]))
    mad = float(np.median(np.abs(history - np.median(history))))
    variance = (MAD_TO_SIGMA * mad) ** 2 + 1 / (4 * installs)
    return centre, float((np.arcsin(np.sqrt(share)) - centre) / np.sqrt(variance))


def _arcsine(shares: Floats) -> Floats:
    scaled: Floats = np.arcsin(np.sqrt(shares))
    return scaled
