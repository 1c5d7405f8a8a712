"""Examining raw: count what the raw checks need, and prepare staging."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.job import Examined, RunContext
from spark_app.jobs.organic_share import transform
from spark_app.jobs.organic_share.channels import CHANNEL, Channel, known_slots
from spark_app.jobs.organic_share.facts import DayFacts, GridFacts, RowFacts
from spark_app.jobs.organic_share.fast import fast_daily_totals, grouped, is_alarmed, is_on
from spark_app.jobs.organic_share.rules import row_rules
from spark_app.jobs.organic_share.schema import KEY, TABLE
from spark_app.jobs.organic_share.steps import first_facts
from spark_app.quality.checks import Check
from spark_app.quality.rules import broken_names, is_good

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class _Rows:
    """Raw as the steps see it: rows, rules, their groups (`fast.grouped`), the sampled channels.

    `by_mask` is one dict per combination of broken rules, see `_by_mask`.
    """

    raw: DataFrame
    rules: Sequence[Check]
    groups: DataFrame
    channels: Sequence[Channel]
    by_mask: Sequence[dict[str, Any]]

    @property
    def good(self) -> list[dict[str, Any]]:
        return [counts for counts in self.by_mask if counts["mask"] == 0]

    @property
    def alarmed_days(self) -> set[int]:
        """The days on which a good row may have come twice, as days since 1970-01-01."""
        return {day for counts in self.good for day in counts["alarmed_days"]}

    @property
    def bad(self) -> list[dict[str, Any]]:
        return [counts for counts in self.by_mask if counts["mask"] != 0]

    @property
    def bad_days(self) -> set[int]:
        """The days that hold a bad row, as days since 1970-01-01."""
        return {day for counts in self.bad for day in counts["bad_days"]}

    def on_bad_days(self) -> DataFrame:
        """The rows of the days that hold a bad row: only those are read again."""
        has_undated = any(counts["has_bad_undated"] for counts in self.bad)
        is_undated = F.col("start_date").isNull() & F.lit(has_undated)
        return self.raw.where(is_on(self.bad_days) | is_undated)

    def good_rows(self) -> DataFrame:
        """The rows that break no rule; those of other days need not be judged again."""
        is_on_good_day = F.col("start_date").isNotNull() & ~is_on(self.bad_days)
        return self.raw.where(is_on_good_day | is_good(self.rules))


def examine(raw: DataFrame, context: RunContext) -> Examined:
    """Count what the raw checks need, and prepare staging; nothing is written.

    Null dates pass the `since` filter: their rows must reach quarantine.
    """
    if context.since is not None:
        start = F.col("start_date")
        raw = raw.where(start.isNull() | (start >= F.lit(context.since)))
    rules = row_rules(context.settings)
    channels = [Channel(*row) for row in context.sample if row[0] is not None]
    slots = known_slots(channels)
    groups = grouped(raw, rules, slots).persist()
    rows = _Rows(raw, rules, groups, channels, _by_mask(groups, context.today))
    alarmed = rows.alarmed_days
    alarmed_count = sum(counts["alarmed_count"] for counts in rows.good)
    days = fast_daily_totals(groups, rows.good_rows(), alarmed, alarmed_count)
    return _examined(rows, days.persist() if alarmed else days, context)


def _examined(rows: _Rows, days: DataFrame, context: RunContext) -> Examined:
    found = _row_facts(rows, context)
    day_facts = _day_facts(days)
    weeks = transform.weekly_installs(transform.counted(days))
    history = context.history.get(TABLE)
    if history is not None and history.num_rows:
        before = rows.raw.sparkSession.createDataFrame(history)
        weeks = weeks.unionByName(before)
    grid = _grid_facts(day_facts, history)
    return Examined(
        facts=replace(
            first_facts(context), rows_found=found, days_found=day_facts, grid_wanted=grid
        ),
        rows_count=found.rows_count,
        quarantined_count=found.quarantined_count,
        broken_counts=found.broken_counts,
        bad_rows=_bad_rows(rows) if rows.bad else None,
        staging={TABLE: transform.on_complete_grid(weeks)},
    )


def _by_mask(groups: DataFrame, today: date) -> list[dict[str, Any]]:
    """One dict per mask: what its groups hold together; days are counted from 1970-01-01."""
    is_good_group, day = F.col("mask") == 0, F.unix_date("start_date")
    is_past = F.col("newest_load_at") < F.lit(today + timedelta(days=1))
    is_future = is_good_group & (F.col("start_date") > F.lit(today))
    counts = groups.groupBy("mask").agg(
        F.sum("rows_count").alias("rows_count"),
        F.sum("organic_rows_count").alias("organic_count"),
        F.sum("stranger_rows_count").alias("strangers_count"),
        F.sum(F.when(is_future, F.col("rows_count")).otherwise(0)).alias("future_count"),
        F.max(F.when(is_past, F.unix_micros("newest_load_at"))).alias("newest_load_micros"),
        F.sum(F.when(is_alarmed(), F.col("rows_count")).otherwise(0)).alias("alarmed_count"),
        F.collect_set(F.when(is_alarmed(), day)).alias("alarmed_days"),
        F.collect_set(F.when(~is_good_group, day)).alias("bad_days"),
        F.bool_or(~is_good_group & F.col("start_date").isNull()).alias("has_bad_undated"),
    )
    return [row.asDict() for row in counts.collect()]


def _row_facts(rows: _Rows, context: RunContext) -> RowFacts:
    loads = [c["newest_load_micros"] for c in rows.good if c["newest_load_micros"] is not None]
    strangers_count = sum(counts["strangers_count"] for counts in rows.good)
    is_suspicious = contradictions(rows.channels) or context.settings.channels
    may_hold_others = is_suspicious and (rows.bad or context.since)
    is_exact = not (strangers_count or may_hold_others)
    channels = rows.channels if is_exact else _channels(rows.good_rows())
    return RowFacts(
        rows_count=sum(counts["rows_count"] for counts in rows.by_mask),
        footer_rows_count=None if context.since else context.footer_rows_count,
        broken_counts={
            rule.name: sum(c["rows_count"] for c in rows.bad if c["mask"] >> i & 1)
            for i, rule in enumerate(rows.rules)
        },
        quarantined_count=sum(counts["rows_count"] for counts in rows.bad),
        organic_count=sum(counts["organic_count"] for counts in rows.good),
        future_count=sum(counts["future_count"] for counts in rows.good),
        newest_load_at=_moment(max(loads)) if loads else None,
        channels=frozenset(channel.name for channel in channels),
        contradictions=contradictions(channels),
        bad_redelivery_count=_bad_redeliveries(rows) if rows.bad and rows.good else 0,
    )


def _channels(good: DataFrame) -> list[Channel]:
    """Every channel of good rows: asked when the sample lacks some, or may accuse bad ones."""
    return [Channel(*row) for row in good.select(*CHANNEL).distinct().collect()]


def contradictions(channels: Sequence[Channel]) -> tuple[str, ...]:
    """Names with several tokens or has_subtrackers, and tokens with several names, in words."""
    by_name = _sets((c.name, (c.token, c.has_subtrackers)) for c in channels)
    by_token = _sets((c.token, c.name) for c in channels if c.token is not None)
    return (
        *(f"{n} has {len(v)} tokens or has_subtrackers" for n, v in by_name if len(v) > 1),
        *(f"token {t} has {len(v)} names" for t, v in by_token if len(v) > 1),
    )


def _sets(pairs: Any) -> list[tuple[Any, set[Any]]]:
    found: dict[Any, set[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return sorted(found.items())


def _moment(micros: int) -> datetime:
    """A UTC time; one before those that Python can hold comes out as the first of them."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _bad_rows(rows: _Rows) -> DataFrame:
    """The bad rows complete and unchanged, with the file and the names of all broken rules."""
    return (
        rows.on_bad_days()
        .withColumn("broken_rules", broken_names(rows.rules))
        .withColumn("source_file", F.input_file_name())
        .where(F.size("broken_rules") > 0)
    )


def _bad_redeliveries(rows: _Rows) -> int:
    """How many keys stand by an earlier good row although a later delivery of them is bad."""
    load, is_sound = F.col("dataplatform_inserted_at"), is_good(rows.rules)
    keys = (
        rows.on_bad_days()
        .groupBy(*KEY)
        .agg(
            F.max(F.when(is_sound, load)).alias("good_at"),
            F.max(F.when(~is_sound, load)).alias("bad_at"),
        )
    )
    return keys.where("bad_at > good_at").count()


def _day_facts(days: DataFrame) -> DayFacts:
    """What `days` (one row per day, country and platform) holds, in one query."""
    by_platform = days.groupBy("start_date", "country").agg(
        *(
            F.max(F.when(F.col("os_name") == name, F.col("installs_count"))).alias(name)
            for name in ("all", "ios", "android")
        ),
        F.max(F.when(F.col("os_name") == "all", F.col("organic_count"))).alias("organic"),
    )
    is_counted = F.col("all").isNotNull() & (F.col("country") != transform.ALL_COUNTRIES)
    is_rollup = F.col("all").isNotNull() & F.col("ios").isNotNull() & F.col("android").isNotNull()
    day = F.when(is_counted, F.col("start_date"))
    row = by_platform.agg(
        F.count_if(is_counted).alias("days_count"),
        F.collect_set(F.when(is_counted, F.col("country"))).alias("countries"),
        F.min(day).alias("first_day"),
        F.max(day).alias("last_day"),
        F.sum(F.when(is_counted, F.col("organic"))).alias("organic"),
        F.sum(F.when(is_counted, F.col("all") - F.col("organic"))).alias("paid"),
        F.count_if(is_rollup).alias("rollups"),
        F.count_if(is_rollup & (F.col("all") != F.col("ios") + F.col("android"))).alias("differ"),
    ).collect()[0]
    return DayFacts(
        days_count=row["days_count"],
        countries=frozenset(row["countries"]),
        first_day=row["first_day"],
        last_day=row["last_day"],
        organic_count=row["organic"] or 0,
        paid_count=row["paid"] or 0,
        rollups_count=row["rollups"],
        differing_rollups_count=row["differ"],
    )


def _grid_facts(days: DayFacts, history: "pa.Table | None") -> GridFacts | None:
    """What staging must hold: the days that count, and the weeks kept from history."""
    if days.first_day is None or days.last_day is None:
        return None
    first, last = _monday(days.first_day), _monday(days.last_day)
    countries, organic, paid = set(days.countries), days.organic_count, days.paid_count
    for row in history.to_pylist() if history is not None else []:
        first = min(first, row["week_start_date"])
        countries.add(row["country"])
        organic += row["organic_count"]
        paid += row["paid_count"]
    weeks = tuple(first + timedelta(weeks=i) for i in range((last - first).days // 7 + 1))
    return GridFacts(len(countries), weeks, organic, paid)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
