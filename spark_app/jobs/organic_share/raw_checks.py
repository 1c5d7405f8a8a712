"""The checks of the good rows of a delivery, taken together."""

from datetime import UTC, datetime, time, timedelta

from spark_app.declarations import Evidence, Finding
from spark_app.jobs.organic_share.counts import counts_of
from spark_app.quality.words import some

LONGEST_SPAN_DAYS = 50 * 366


def has_organic_rows(evidence: Evidence) -> Finding:
    counts = counts_of(evidence)
    missing = counts.organic_count == 0
    alike = sorted(name for name in counts.channels if name.strip().lower() == "organic")
    hint = f"; there is {', '.join(map(repr, alike))}" if alike else ""
    words = f"no good row is of Organic{hint}" if missing else ""
    return Finding(counts.rows_count, int(missing), words)


def has_counted_rows(evidence: Evidence) -> Finding:
    counts = counts_of(evidence)
    missing = counts.days.days_count == 0
    words = "no good row is left: only roll-ups, platforms or bad rows" if missing else ""
    return Finding(counts.rows_count, int(missing), words)


def span_is_plausible(evidence: Evidence) -> Finding:
    days = counts_of(evidence).days
    if days.first_day is None or days.last_day is None:
        return Finding(0, 0)
    is_over = (days.last_day - days.first_day).days > LONGEST_SPAN_DAYS
    words = f"the days run from {days.first_day} to {days.last_day}; a date is mistyped"
    return Finding(days.days_count, int(is_over), words if is_over else "")


def channels_are_consistent(evidence: Evidence) -> Finding:
    counts = counts_of(evidence)
    return Finding(counts.rows_count, len(counts.contradictions), some(counts.contradictions))


def rollup_equals_platforms(evidence: Evidence) -> Finding:
    days = counts_of(evidence).days
    differing = days.differing_rollups_count
    words = f"{differing:,} of {days.rollups_count:,} days and countries differ"
    return Finding(days.rollups_count, differing, words if differing else "")


def no_future_dates(evidence: Evidence) -> Finding:
    counts = counts_of(evidence)
    words = f"{counts.future_count:,} rows are later than {evidence.today}"
    return Finding(counts.rows_count, counts.future_count, words if counts.future_count else "")


def no_bad_redelivery(evidence: Evidence) -> Finding:
    counts = counts_of(evidence)
    count = counts.bad_redeliveries_count
    return Finding(counts.rows_count, count, f"{count:,} good rows stand" if count else "")


def channels_allowed(evidence: Evidence) -> Finding:
    channels, allowed = counts_of(evidence).channels, evidence.options["channels"]
    others = sorted(channels - {*allowed} if isinstance(allowed, tuple) else channels)
    return Finding(len(channels), len(others), some(others))


def loads_are_fresh(evidence: Evidence) -> Finding:
    counts, days = counts_of(evidence), evidence.options["max_load_age_days"]
    if not isinstance(days, int):
        raise TypeError("max_load_age_days is no number")
    oldest = datetime.combine(evidence.today - timedelta(days=days), time(), UTC)
    newest = counts.newest_load_at
    is_stale = newest is None or newest < oldest
    words = f"the newest is of {newest}" if is_stale else ""
    return Finding(counts.rows_count, int(is_stale), words)
