"""The checks of staging and of the published table that their columns alone do not promise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from spark_app.declarations import Evidence, Finding
from spark_app.jobs.organic_share.counts import counts_of
from spark_app.quality.words import some


@dataclass(frozen=True)
class ExpectedGrid:
    """What staging must hold, counted apart from the frames that build it; counts are new users."""

    countries_count: int
    weeks: tuple[date, ...]
    organic_count: int
    paid_count: int


def expected_grid(evidence: Evidence) -> ExpectedGrid:
    """From the counted days, and the weeks that `--since` keeps.

    Raises:
        LookupError: no day counts.
    """
    days = counts_of(evidence).days
    if days.first_day is None or days.last_day is None:
        raise LookupError("no day counts")
    first, last = _monday(days.first_day), _monday(days.last_day)
    countries, organic, paid = set(days.countries), days.organic_count, days.paid_count
    for row in _kept(evidence):
        first = min(first, row["week_start_date"])
        countries.add(row["country"])
        organic += row["organic_count"]
        paid += row["paid_count"]
    weeks = tuple(first + timedelta(weeks=i) for i in range((last - first).days // 7 + 1))
    return ExpectedGrid(len(countries), weeks, organic, paid)


def grid_is_complete(evidence: Evidence) -> Finding:
    expected, rows = expected_grid(evidence), evidence.built.num_rows
    return _same_number(rows, expected.countries_count * len(expected.weeks))


def weeks_are_contiguous(evidence: Evidence) -> Finding:
    expected = {*expected_grid(evidence).weeks}
    found = {*evidence.built["week_start_date"].unique().to_pylist()}
    wrong = sorted(map(str, expected ^ found))
    return Finding(len(found), len(wrong), some(wrong))


def organic_total_kept(evidence: Evidence) -> Finding:
    return _total_kept(evidence, "organic_count", expected_grid(evidence).organic_count)


def paid_total_kept(evidence: Evidence) -> Finding:
    return _total_kept(evidence, "paid_count", expected_grid(evidence).paid_count)


def rows_as_in_staging(evidence: Evidence) -> Finding:
    if evidence.staging is None:
        raise LookupError("there is no staging")
    return _same_number(evidence.built.num_rows, evidence.staging.num_rows)


def _total_kept(evidence: Evidence, column: str, wanted: int) -> Finding:
    import pyarrow.compute as pc

    table = evidence.built
    found = pc.sum(table[column]).as_py() or 0
    detail = f"{found:,}, expected {wanted:,}" if found != wanted else ""
    return Finding(table.num_rows, int(found != wanted), detail)


def _same_number(rows: int, wanted: int) -> Finding:
    detail = f"{rows:,} rows, expected {wanted:,}" if rows != wanted else ""
    return Finding(rows, abs(wanted - rows), detail)


def _kept(evidence: Evidence) -> Sequence[dict[str, Any]]:
    if evidence.kept is None:
        return []
    rows = evidence.kept.filter(evidence.kept["last_counted_date"].is_valid())
    return list(rows.to_pylist())


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
