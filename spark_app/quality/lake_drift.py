"""Whether what a run made of a lake table looks like what was there before; it only warns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING

from spark_app.declarations import Finding, Iceberg, Table
from spark_app.quality.words import some
from spark_app.spark.sql import sql_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

WEEKS, FEWEST_WEEKS = 8, 3
DAYS, FEWEST_DAYS = 28, 7
FEWEST_ROWS = 200
MOST_TIMES = 2.0
MOST_POINTS = 0.1
MOST_PAIRS = 0.01
_PAST_CHECKS = (
    (
        "newest_day_is_usual",
        f"The newest whole day has at least half and at most {MOST_TIMES:g} times the rows of its "
        f"weekday before (median of {WEEKS} weeks).",
    ),
    (
        "nulls_are_usual",
        f"The share of nulls in a column of the newest whole day is within {MOST_POINTS:.0%} of "
        f"that of the days before (median of {DAYS}).",
    ),
)
_CORRECTED = "times_are_not_corrected"


@dataclass(frozen=True)
class DayCounts:
    """How many rows a day has, and how many of them are null in each column."""

    rows_count: int
    nulls: Mapping[str, int]

    def share(self, column: str) -> float:
        """The share of nulls."""
        return self.nulls.get(column, 0) / self.rows_count


def drift_checks(table: Table) -> tuple[tuple[str, str], ...]:
    """The names and words of what a lake table is held against; of times only where its events are
    numbered."""
    event = event_of(table)
    if not event:
        return _PAST_CHECKS
    words = (
        f"At most {MOST_PAIRS:.0%} of the rows of the days around differ in the time alone from "
        f"another one of the same {' and '.join(event)}."
    )
    return (*_PAST_CHECKS, (_CORRECTED, words))


def event_of(table: Table) -> tuple[str, ...]:
    """The key of a table but for its times, where its events are numbered; else nothing."""
    is_numbered = isinstance(table.kept_as, Iceberg) and table.kept_as.write.event
    times = {column.name for column in table.columns if column.is_time}
    return tuple(name for name in table.key if name not in times) if is_numbered else ()


def newest_whole_day(counts: Mapping[date, int], today: date) -> date | None:
    """The day before the newest one that has rows, and before today: more may come to those."""
    there = [day for day, count in counts.items() if count]
    return min(max(there), today) - timedelta(days=1) if there else None


def newest_day_finding(counts: Mapping[date, int], day: date | None) -> Finding:
    """Whether a day has about as many rows as its weekday had before; `counts` are those by day."""
    first = min((at for at, count in counts.items() if count), default=None)
    if day is None or first is None:
        return _too_little(0)
    weeks = [day - timedelta(weeks=n) for n in range(1, WEEKS + 1)]
    before = [counts.get(at, 0) for at in weeks if at >= first]
    usual = median(before) if len(before) >= FEWEST_WEEKS else 0
    now = counts.get(day, 0)
    if usual < FEWEST_ROWS:
        return _too_little(now)
    is_odd = not usual / MOST_TIMES <= now <= usual * MOST_TIMES
    words = f"{now:,} rows on {day:%A}, {day}; {usual:,.0f} are usual" if is_odd else ""
    return Finding(len(before) + 1, int(is_odd), words)


def nulls_finding(table: Table, counts: Mapping[date, DayCounts], day: date | None) -> Finding:
    """Whether the columns of a day are null about as often as they were before."""
    columns = [column.name for column in table.columns if column.null is not None]
    full = {at: one for at, one in counts.items() if one.rows_count >= FEWEST_ROWS}
    before = [one for at, one in full.items() if day is not None and at < day]
    if day not in full or len(before) < FEWEST_DAYS:
        return _too_little(len(columns))
    odd = []
    for name in columns:
        now, usual = full[day].share(name), median(one.share(name) for one in before)
        if abs(now - usual) > MOST_POINTS:
            odd.append(f"{name} {now:.0%}, usually {usual:.0%}")
    return Finding(len(columns), len(odd), f"nulls on {day}: {some(odd)}" if odd else "")


def corrected_finding(event: Sequence[str], rows: "DataFrame") -> Finding:
    """How many rows are of the same event as another one."""
    from pyspark.sql import functions as F

    groups = rows.groupBy(F.xxhash64(*map(sql_name, event))).agg(F.count(F.lit(1)).alias("n"))
    every, pairs = groups.agg(F.sum("n"), F.sum(F.expr("n - 1"))).collect()[0]
    is_odd = (pairs or 0) > MOST_PAIRS * (every or 0)
    return Finding(every or 0, pairs if is_odd else 0, f"{pairs:,} rows" if pairs else "")


def _too_little(rows: int) -> Finding:
    return Finding(rows, 0, "there is too little before it to tell", is_insufficient=True)


def days_before(day: date | None) -> Sequence[date]:
    """The days whose nulls are looked at, a day and those before it."""
    return [day - timedelta(days=n) for n in range(DAYS + 1)] if day else []
