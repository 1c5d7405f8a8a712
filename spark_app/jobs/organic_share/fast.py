"""The same daily totals in one pass over raw, and what the raw checks need beside them.

Tricks, each exact, each held equal to the plain way by a property test:
- a rule that reads only grouping columns is applied to the groups, not to the rows;
- the other rules are a bitmask that is one more grouping column, so that counts come for nothing;
- duplicates are proven absent (see `channels.py`), or the names that came twice are known by their
  bits and corrected; only days on which neither explains all rows are deduplicated.
"""

from collections.abc import Collection, Sequence
from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.declarations import Rule
from spark_app.jobs.organic_share.channels import ChannelSlots
from spark_app.jobs.organic_share.transform import (
    KEY,
    ORGANIC,
    daily_totals,
    latest_deliveries,
)
from spark_app.quality.rules import broken_mask

GROUP = ("country", "start_date", "year_week", "os_name")
DAY = ("start_date", "country", "os_name")
TOTALS = ("installs_count", "organic_count")
MOST_WORDS = 4_000_000  # of bits: they travel to every task


def grouped(raw: DataFrame, rules: Sequence[Rule], slots: ChannelSlots | None) -> DataFrame:
    """One row per combination of the grouping columns and of the rules that rows broke.

    Columns: country, start_date, os_name; mask (bit i set: rule i is broken); rows_count,
    organic_rows_count, stranger_rows_count (of channels that `slots` does not know); keys_count
    (bits that are set: as many as rows only when no name came twice; 0 without `slots`);
    newest_load_at; installs_count and organic_count (new users over all deliveries; 0 where mask is
    not 0); the words of `slots`.
    """
    by_row = [(i, rule) for i, rule in enumerate(rules) if not set(rule.reads) <= set(GROUP)]
    by_group = [(i, rule) for i, rule in enumerate(rules) if set(rule.reads) <= set(GROUP)]
    rows = raw.withColumn("row_mask", broken_mask(by_row))
    aggregates, keys_count = _proof(slots)
    rows = slots.with_slots(rows) if slots else rows
    groups = rows.groupBy(*GROUP, "row_mask").agg(*_totals(), *aggregates)
    mask = F.col("row_mask").bitwiseOR(broken_mask(by_group))
    found = groups.withColumns({"mask": mask, "keys_count": keys_count})
    return found.drop("year_week", "row_mask")


def is_alarmed() -> Column:
    """Whether a group of `grouped` may hold a good row that was delivered twice."""
    return (F.col("mask") == 0) & (F.col("keys_count") < F.col("rows_count"))


def fast_daily_totals(
    groups: DataFrame, good_rows: DataFrame, slots: ChannelSlots | None, alarmed: Collection[int]
) -> DataFrame:
    """`daily_totals` of the latest deliveries of all good rows; see `transform.py`.

    Good groups of one day, country and platform are one, and hold the totals of what came once.
    With `slots`, those of the `alarmed` days whose keys came at most twice are corrected by
    `too_many`; the other alarmed days are read again and deduplicated.
    """
    totals = groups.where(F.col("mask") == 0)
    if alarmed and slots and totals.where(is_alarmed()).count() * len(slots.words) <= MOST_WORDS:
        extra = too_many(totals, good_rows.where(is_on(alarmed)), slots).persist()
        totals = totals.join(extra, on=list(DAY), how="left")
        is_open = is_alarmed() & ~F.expr("twice_count <=> rows_count - keys_count")
        days = totals.where(is_open).select(F.unix_date("start_date")).distinct().collect()
        alarmed = [row[0] for row in days]
        for name in TOTALS:
            totals = totals.withColumn(name, F.col(name) - F.coalesce(f"extra_{name}", F.lit(0)))
    if not alarmed:
        return totals.select(*DAY, *TOTALS)
    again = daily_totals(latest_deliveries(good_rows.where(is_on(alarmed))))
    return totals.where(~is_on(alarmed)).select(*DAY, *TOTALS).unionByName(again)


def too_many(groups: DataFrame, good_rows: DataFrame, slots: ChannelSlots) -> DataFrame:
    """What the totals of alarmed groups count beyond the latest deliveries, by their DAY.

    Columns: twice_count (rows of keys that came once or twice), extra_installs_count and
    extra_organic_count. Only rows whose bit is unset are asked: their name came an even number of
    times, or shares its slot with a stranger. Of two rows the later load counts, of equal ones the
    larger value; unlike a struct's maximum that needs no sort in Spark.
    """
    bits = groups.where(is_alarmed()).select(*DAY, F.array(*slots.words).alias("bits"))
    rows = slots.with_slots(good_rows)
    asked = rows.join(F.broadcast(bits), on=list(DAY)).where(~slots.is_set(F.col("bits")))
    load, value = F.col("dataplatform_inserted_at"), F.col("value").cast("bigint")
    is_later = (F.count(load) == 1) | (F.min(load) < F.max(load))
    latest = F.when(is_later, F.max_by(value, load)).otherwise(F.max(value))
    organic = F.when(F.col("name") == ORGANIC, F.col("x")).otherwise(0)
    keys = asked.groupBy(*KEY).agg(F.count(F.lit(1)).alias("n"), (F.sum(value) - latest).alias("x"))
    return keys.groupBy(*DAY).agg(
        F.sum(F.when(F.col("n") <= 2, F.col("n"))).alias("twice_count"),
        F.sum("x").alias("extra_installs_count"),
        F.sum(organic).alias("extra_organic_count"),
    )


def is_on(days: Collection[int]) -> Column:
    """Whether start_date is one of these days since 1970-01-01; Python's dates end in 9999."""
    dates = ", ".join(f"date_from_unix_date({day})" for day in sorted(days))
    return F.expr(f"start_date IN ({dates})" if days else "false")


def _totals() -> list[Column]:
    is_organic = F.col("name") == ORGANIC
    is_sound = F.col("row_mask") == 0
    value = F.col("value").cast("bigint")
    return [
        F.count(F.lit(1)).alias("rows_count"),
        F.count_if(is_organic).alias("organic_rows_count"),
        F.max("dataplatform_inserted_at").alias("newest_load_at"),
        F.sum(F.when(is_sound, value).otherwise(0)).alias("installs_count"),
        F.sum(F.when(is_sound & is_organic, value).otherwise(0)).alias("organic_count"),
    ]


def _proof(slots: ChannelSlots | None) -> tuple[list[Column], Column]:
    """The aggregates that prove keys different, and the number of keys that they prove."""
    if slots is None:
        return [F.count(F.lit(1)).alias("stranger_rows_count")], F.lit(0).cast("bigint")
    slot = F.col("slot")
    words = [F.bit_xor(slots.word(slot, i)).alias(name) for i, name in enumerate(slots.words)]
    strangers = F.count_if(~slots.is_known(slot)).alias("stranger_rows_count")
    keys = reduce(add, [F.bit_count(name).cast("bigint") for name in slots.words])
    return [*words, strangers], keys
