"""The faster way from raw rows to weeks: what the plain way finds, from one pass over the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.declarations import Delivery, Examination, Rule
from spark_app.jobs.organic_share import transform
from spark_app.jobs.organic_share.channels import ChannelSlots, known_slots
from spark_app.jobs.organic_share.counts import (
    CHANNEL,
    Channel,
    Counts,
    channels_of,
    contradictions,
    count_bad_redeliveries,
    count_days,
    moment,
)
from spark_app.jobs.organic_share.fast import fast_daily_totals, grouped, is_alarmed, is_on
from spark_app.quality.rules import bad_rows, is_good

WORTH_ASKING = 0.1  # share of alarmed rows from which on the channels are asked for
WORTH_CORRECTING = 1_000_000  # alarmed rows: fewer are deduplicated in no time


@dataclass(frozen=True)
class _Rows:
    """Raw as the steps see it: rows, rules, their groups (`fast.grouped`), the sampled channels.

    `by_mask` is one dict per combination of broken rules, see `_by_mask`.
    """

    raw: DataFrame
    rules: Sequence[Rule]
    groups: DataFrame
    slots: ChannelSlots | None
    channels: Sequence[Channel]
    by_mask: Sequence[dict[str, Any]]

    @property
    def good(self) -> list[dict[str, Any]]:
        return [counts for counts in self.by_mask if counts["mask"] == 0]

    def total(self, name: str) -> int:
        """One of the counts over all good rows."""
        return sum(counts[name] for counts in self.good)

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


def examine(raw: DataFrame, delivery: Delivery) -> Examination:
    """Count what the raw checks need, and prepare staging; nothing is written."""
    sampled: Sequence[tuple[Any, ...]] = delivery.sample(CHANNEL)
    rows = _rows(raw, delivery, [Channel(*row) for row in sampled if row[0] is not None])
    are_alarmed = rows.total("alarmed_count") > rows.total("rows_count") * WORTH_ASKING
    if are_alarmed and rows.total("strangers_count"):
        found = channels_of(rows.good_rows())
        if known_slots(found) and not {c.name for c in found} <= {c.name for c in rows.channels}:
            rows.groups.unpersist()
            rows = _rows(raw, delivery, found)
    good, alarmed = rows.good_rows(), {day for c in rows.good for day in c["alarmed_days"]}
    slots = rows.slots if rows.total("alarmed_count") >= WORTH_CORRECTING else None
    days = fast_daily_totals(rows.groups, good, slots, alarmed)
    days = days.persist() if alarmed else days
    return Examination(
        rows_count=sum(counts["rows_count"] for counts in rows.by_mask),
        quarantined_count=sum(counts["rows_count"] for counts in rows.bad),
        broken={
            rule.name: sum(c["rows_count"] for c in rows.bad if c["mask"] >> i & 1)
            for i, rule in enumerate(rows.rules)
        },
        bad=bad_rows(rows.on_bad_days(), rows.rules) if rows.bad else None,
        good=good,
        made=transform.weekly_installs(transform.counted(days)),
        counted=_counts(rows, days, delivery),
    )


def _rows(raw: DataFrame, delivery: Delivery, channels: Sequence[Channel]) -> _Rows:
    slots = known_slots(channels)
    groups = grouped(raw, delivery.rules, slots).persist()
    return _Rows(raw, delivery.rules, groups, slots, channels, _by_mask(groups, delivery.today))


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


def _counts(rows: _Rows, days: DataFrame, delivery: Delivery) -> Counts:
    loads = [c["newest_load_micros"] for c in rows.good if c["newest_load_micros"] is not None]
    channels, sound = _channels(rows, delivery), is_good(rows.rules)
    is_mixed = rows.bad and rows.good
    redelivered = count_bad_redeliveries(rows.on_bad_days(), sound) if is_mixed else 0
    return Counts(
        rows_count=rows.total("rows_count"),
        organic_count=rows.total("organic_count"),
        future_count=rows.total("future_count"),
        newest_load_at=moment(max(loads, default=None)),
        channels=frozenset(channel.name for channel in channels),
        contradictions=contradictions(channels),
        bad_redeliveries_count=redelivered,
        days=count_days(days),
    )


def _channels(rows: _Rows, delivery: Delivery) -> Sequence[Channel]:
    """The channels of good rows. They are asked for when the sample lacks some, or may accuse bad
    rows and those that were left out."""
    has_strangers = rows.total("strangers_count") > 0
    is_suspicious = contradictions(rows.channels) or delivery.options["channels"]
    may_hold_others = is_suspicious and (rows.bad or delivery.since)
    return channels_of(rows.good_rows()) if has_strangers or may_hold_others else rows.channels
