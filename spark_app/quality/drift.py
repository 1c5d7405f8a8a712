"""Drift of a ratio: whether its newest settled value is in line with those before, by group.

The series must be of single periods that do not overlap: neighbours in a rolling window are not
independent, and a spread estimated from them would be too small. On the arcsine scale the variance
of a ratio does not depend on the ratio itself. Periods without a base carry no ratio and are
skipped, not counted as zero.
"""

import datetime as dt
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from spark_app.declarations import Evidence, Finding
from spark_app.quality.words import some

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Floats = npt.NDArray[np.float64]

CENTRE_PERIODS = 8
SPREAD_PERIODS = 26
FEWEST_PERIODS = 12
SMALLEST_BASE = 200
WARN_ABOVE = 2.8
MAD_TO_SIGMA = 1.4826  # makes the MAD of a normal sample estimate its standard deviation


@dataclass(frozen=True)
class Drift:
    """One group in the newest settled period.

    `ratio`: part / base of that period alone, null without a base. `centre`: the median of the last
    eight periods with a base, null when `outcome` is `insufficient`, as is `z_score` (distance from
    it in standard deviations, signed). `base`: part and rest of that period. `periods_count`:
    earlier periods with a base that were used, at most 26.
    """

    group: str
    ratio: float | None
    centre: float | None
    z_score: float | None
    base: int
    periods_count: int
    outcome: Literal["passed", "failed", "insufficient"]


def ratio_drift(
    part: str, rest: str, *, time: str, by: str | None = None
) -> Callable[[Evidence], Finding]:
    """A check of part / (part + rest) in staging where the job has one, else in the table."""

    def judge(evidence: Evidence) -> Finding:
        rows = evidence.staging if evidence.staging is not None else evidence.table
        if rows is None or evidence.newest is None:
            return Finding(0, 0, "nothing is settled yet", is_insufficient=True)
        return _finding(drifts(rows, evidence.newest, part, rest, time=time, by=by))

    return judge


def drifts(
    rows: "pa.Table", newest: dt.date, part: str, rest: str, *, time: str, by: str | None = None
) -> list[Drift]:
    """One for each group of `rows`, sorted; `newest` is the period to judge.

    `insufficient`: fewer than 12 earlier periods with a base, or a base of fewer than 200 now.
    """
    import numpy as np

    return [
        _judge(group, _numbers(one, time), parts, parts + rests, np.datetime64(newest, "D"))
        for group, one in _groups(rows, by, time)
        for parts, rests in [(_numbers(one, part).astype(float), _numbers(one, rest).astype(float))]
    ]


def _finding(found: list[Drift]) -> Finding:
    failed = [drift for drift in found if drift.outcome == "failed"]
    unsure = [drift for drift in found if drift.outcome == "insufficient"]
    if unsure and not failed:
        few = f"{len(unsure)} of {len(found)} series have too little data to tell"
        return Finding(len(found), 0, few, is_insufficient=len(unsure) == len(found))
    words = [f"{d.group} {d.ratio:.3f}, usually {d.centre:.3f}".strip() for d in failed]
    return Finding(
        len(found), len(failed), f"{some(words)} (z above {WARN_ABOVE})" if failed else ""
    )


def _groups(rows: "pa.Table", by: str | None, time: str) -> "Iterator[tuple[str, pa.Table]]":
    import pyarrow.compute as pc

    ordered = rows.sort_by([(time, "ascending")])
    if by is None:
        yield "", ordered
        return
    for group in sorted(rows[by].unique().to_pylist()):
        yield str(group), ordered.filter(pc.equal(ordered[by], group))


def _numbers(rows: "pa.Table", column: str) -> "npt.NDArray[np.generic]":
    values: npt.NDArray[np.generic] = rows[column].combine_chunks().to_numpy(zero_copy_only=False)
    return values


def _judge(
    group: str,
    times: "npt.NDArray[np.generic]",
    parts: "Floats",
    bases: "Floats",
    newest: "np.datetime64",
) -> Drift:
    now = times == newest
    base, part = float(bases[now].sum()), float(parts[now].sum())
    ratio = part / base if base else None
    earlier = (times < newest) & (bases > 0)
    history = _arcsine(parts[earlier][-SPREAD_PERIODS:] / bases[earlier][-SPREAD_PERIODS:])
    if ratio is None or base < SMALLEST_BASE or len(history) < FEWEST_PERIODS:
        return Drift(group, ratio, None, None, int(base), len(history), "insufficient")
    centre, z_score = _centre_and_z(history, ratio, base)
    outcome: Literal["passed", "failed"] = "failed" if abs(z_score) > WARN_ABOVE else "passed"
    return Drift(group, ratio, _ratio(centre), z_score, int(base), len(history), outcome)


def _centre_and_z(history: "Floats", ratio: float, base: float) -> tuple[float, float]:
    """The centre on the arcsine scale, and how many standard deviations `ratio` is away from it."""
    import numpy as np

    centre = float(np.median(history[-CENTRE_PERIODS:]))
    mad = float(np.median(np.abs(history - np.median(history))))
    variance = (MAD_TO_SIGMA * mad) ** 2 + 1 / (4 * base)
    return centre, float((np.arcsin(np.sqrt(ratio)) - centre) / np.sqrt(variance))


def _arcsine(ratios: "Floats") -> "Floats":
    import numpy as np

    scaled: Floats = np.arcsin(np.sqrt(ratios))
    return scaled


def _ratio(scaled: float) -> float:
    return math.sin(scaled) ** 2
