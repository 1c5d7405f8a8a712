"""The checks that judge facts: each function looks at a run's facts and says what it found."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from spark_app.jobs.organic_share.drift import WARN_ABOVE, drift_by_country
from spark_app.jobs.organic_share.facts import Facts, RowFacts
from spark_app.jobs.organic_share.schema import published_schema
from spark_app.quality.checks import Finding

LONGEST_SPAN_DAYS = 50 * 366
_SHOWN = 5


def all_rows_read(facts: Facts) -> Finding:
    """Rows missing (or too many) against the files' footers; not asked when rows were left out."""
    rows = facts.rows
    if rows.footer_rows_count is None:
        return Finding(rows.rows_count, 0, "older rows were left out by --since")
    difference = abs(rows.footer_rows_count - rows.rows_count)
    return Finding(
        rows.footer_rows_count,
        difference,
        f"{rows.rows_count:,} read, {rows.footer_rows_count:,} delivered" if difference else "",
    )


def has_rows(facts: Facts) -> Finding:
    count = facts.rows.rows_count
    return Finding(count, int(count == 0), "" if count else "there is no row")


def has_organic(facts: Facts) -> Finding:
    rows = facts.rows
    missing = rows.organic_count == 0
    return Finding(rows.rows_count, int(missing), "no good row is of Organic" if missing else "")


def quarantine_within_tolerance(facts: Facts) -> Finding:
    """The tolerance is inclusive; a delivery of bad rows only is refused whatever it is."""
    rows = facts.rows
    bad, count = rows.quarantined_count, rows.rows_count
    is_over = count > 0 and (bad / count > facts.tolerance or bad == count)
    share = f"{bad:,} of {count:,} rows are bad" + (f" ({bad / count:.2%})" if count else "")
    detail = f"{share}, tolerated are {facts.tolerance:.2%}: {_worst(rows)}" if is_over else ""
    return Finding(count, bad if is_over else 0, detail)


def has_counted_rows(facts: Facts) -> Finding:
    days = facts.days
    missing = days.days_count == 0
    words = "no good row is left: only roll-ups, platforms or bad rows" if missing else ""
    return Finding(facts.rows.rows_count, int(missing), words)


def span_is_plausible(facts: Facts) -> Finding:
    days = facts.days
    if days.first_day is None or days.last_day is None:
        return Finding(0, 0)
    is_over = (days.last_day - days.first_day).days > LONGEST_SPAN_DAYS
    words = f"the days run from {days.first_day} to {days.last_day}; a date is mistyped"
    return Finding(days.days_count, int(is_over), words if is_over else "")


def channels_are_consistent(facts: Facts) -> Finding:
    rows = facts.rows
    return Finding(len(rows.channels), len(rows.contradictions), _some(rows.contradictions))


def rollup_equals_platforms(facts: Facts) -> Finding:
    days = facts.days
    differing = days.differing_rollups_count
    words = f"{differing:,} of {days.rollups_count:,} days and countries differ"
    return Finding(days.rollups_count, differing, words if differing else "")


def no_future_dates(facts: Facts) -> Finding:
    rows = facts.rows
    words = f"{rows.future_count:,} rows are later than {facts.today}"
    return Finding(rows.rows_count, rows.future_count, words if rows.future_count else "")


def no_bad_redelivery(facts: Facts) -> Finding:
    rows = facts.rows
    count = rows.bad_redelivery_count
    return Finding(rows.rows_count, count, f"{count:,} good rows stand" if count else "")


def channels_allowed(facts: Facts, allowed: frozenset[str]) -> Finding:
    channels = facts.rows.channels
    others = sorted(channels - allowed)
    return Finding(len(channels), len(others), _some(others))


def loads_are_fresh(facts: Facts, days: int) -> Finding:
    rows = facts.rows
    oldest = datetime.combine(facts.today - timedelta(days=days), time(), UTC)
    is_stale = rows.newest_load_at is None or rows.newest_load_at < oldest
    return Finding(
        rows.rows_count,
        int(is_stale),
        f"the newest is of {rows.newest_load_at}" if is_stale else "",
    )


def promised_columns() -> list[str]:
    return list(published_schema().names)


def types_as_promised(facts: Facts) -> Finding:
    promised, found = published_schema(), facts.final.schema
    wrong = [
        f"{field.name} is {found.field(field.name).type}, promised {field.type}"
        for field in promised
        if field.name in found.names and found.field(field.name).type != field.type
    ]
    return Finding(len(promised), len(wrong), _some(wrong))


def nothing_null(table: Any, but: str) -> Finding:
    nulls = {name: table[name].null_count for name in table.column_names if name != but}
    words = [f"{name} is null in {count:,} rows" for name, count in nulls.items() if count]
    return Finding(table.num_rows, max(nulls.values(), default=0), _some(words))


def no_drift(facts: Facts) -> Finding:
    """One series per country; the method stands in `drift.py`."""
    week = last_complete_week(facts.final)
    if week is None:
        return Finding(0, 0, "no week is complete yet", is_insufficient=True)
    found = drift_by_country(facts.staging, week)
    failed = [d for d in found if d.outcome == "failed"]
    unsure = [d for d in found if d.outcome == "insufficient"]
    words = [f"{d.country} {d.share:.3f}, usually {d.centre_share:.3f}" for d in failed]
    if unsure and not failed:
        few = f"{len(unsure)} of {len(found)} countries have too little data to tell"
        return Finding(len(found), 0, few, is_insufficient=len(unsure) == len(found))
    return Finding(
        len(found), len(failed), _some(words) + f" (z above {WARN_ABOVE})" if failed else ""
    )


def history_unchanged(facts: Facts) -> Finding:
    """Rows of complete published weeks that are gone, new or hold other counts, and by how much."""
    if facts.published is None:
        return Finding(0, 0, "nothing was published before")
    published = _by_key(facts.published)
    before = {k: v for k, v in published.items() if v["is_week_complete"]}
    now = _by_key(facts.final)
    moves = {key: _change(old, now.get(key)) for key, old in before.items()}
    changed = {key: move for key, move in moves.items() if move is not None}
    weeks = {week for _, week in before}
    changed |= {
        key: 0.0
        for key, row in now.items()
        if key not in published and key[1] in weeks and row["installs_p4w_count"]
    }
    return Finding(len(before), len(changed), _changes(changed) if changed else "")


def last_complete_week(final: Any) -> date | None:
    """The Monday of the newest complete week of a final table, or null when none is."""
    weeks = [
        week
        for week, is_complete in zip(
            final["week_start_date"].to_pylist(), final["is_week_complete"].to_pylist(), strict=True
        )
        if is_complete
    ]
    return max(weeks, default=None)


def _by_key(table: Any) -> dict[tuple[str, date], dict[str, Any]]:
    return {(row["country"], row["week_start_date"]): row for row in table.to_pylist()}


def _change(old: dict[str, Any], new: dict[str, Any] | None) -> float | None:
    """How far the share moved (0 when it was or became null); null when nothing changed."""
    columns = ("organic_p4w_count", "installs_p4w_count")
    if new is not None and all(old[c] == new[c] for c in columns):
        return None
    shares = (old["share_organic_p4w"], new["share_organic_p4w"] if new else None)
    return 0.0 if None in shares else float(abs(shares[0] - shares[1]))


def _changes(changed: dict[tuple[str, date], float]) -> str:
    weeks = sorted({week for _, week in changed})
    (country, week), most = max(changed.items(), key=lambda item: item[1])
    return (
        f"{len(changed):,} rows in {len(weeks)} weeks from {weeks[0]} to {weeks[-1]}; "
        f"the share moves by {most:.4f} at most ({country}, {week})"
    )


def _worst(rows: RowFacts) -> str:
    counts = sorted(rows.broken_counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count:,}" for name, count in counts[:_SHOWN] if count)


def _some(words: Iterable[str]) -> str:
    every = list(words)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
