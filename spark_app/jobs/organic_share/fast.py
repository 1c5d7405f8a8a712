"""The same daily totals in one pass over raw, and what the raw checks need beside them.

Tricks, each exact, each held equal to the plain way by a property test:
- a rule that reads only grouping columns is applied to the groups, not to the rows;
- the other rules are a bitmask that is one more grouping column, so that counts come for nothing;
- duplicates are proven absent (see `channels.py`); only days with an alarm are deduplicated, and
  a delivery's load time and value travel as one number.
"""

from collections.abc import Collection, Sequence
from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.declarations import Rule
from spark_app.jobs.organic_share.channels import NAME_HASH, ChannelSlots
from spark_app.jobs.organic_share.transform import (
    KEY,
    ORGANIC,
    daily_totals,
    latest_deliveries,
)
from spark_app.quality.rules import broken_mask

GROUP = ("country", "start_date", "year_week", "os_name")
PACKED_FROM_ROWS = 1_000_000


def grouped(raw: DataFrame, rules: Sequence[Rule], slots: ChannelSlots | None) -> DataFrame:
    """One row per combination of the grouping columns and of the rules that rows broke.

    Columns: country, start_date, os_name; mask (bit i set: rule i is broken); rows_count,
    organic_rows_count, stranger_rows_count (of channels that `slots` does not know); keys_count
    (different names that the bits prove, at most the rows; 0 without `slots`); newest_load_at;
    installs_count and organic_count (new users over all deliveries; 0 where mask is not 0).
    """
    by_row = [(i, rule) for i, rule in enumerate(rules) if not set(rule.reads) <= set(GROUP)]
    by_group = [(i, rule) for i, rule in enumerate(rules) if set(rule.reads) <= set(GROUP)]
    rows = raw.withColumn("row_mask", broken_mask(by_row))
    aggregates, keys_count = _proof(slots)
    if slots:
        rows = rows.withColumn(NAME_HASH, F.xxhash64("name")).withColumn("slot", slots.slot())
    groups = rows.groupBy(*GROUP, "row_mask").agg(*_totals(), *aggregates)
    mask = F.col("row_mask").bitwiseOR(broken_mask(by_group)).alias("mask")
    return groups.select(
        "country",
        "start_date",
        "os_name",
        mask,
        "rows_count",
        "organic_rows_count",
        "stranger_rows_count",
        keys_count.alias("keys_count"),
        "newest_load_at",
        "installs_count",
        "organic_count",
    )


def is_alarmed() -> Column:
    """Whether a group of `grouped` may hold a good row that was delivered twice."""
    return (F.col("mask") == 0) & (F.col("keys_count") < F.col("rows_count"))


def fast_daily_totals(
    groups: DataFrame, good_rows: DataFrame, alarmed: Collection[int], alarmed_rows_count: int
) -> DataFrame:
    """`daily_totals` of the latest deliveries of all good rows; see `transform.py`.

    Days without an alarm come from the groups: good groups of one day, country and platform are
    one. The others are read again and deduplicated; `alarmed_rows_count` is about how many rows
    those are.
    """
    columns = ("start_date", "country", "os_name", "installs_count", "organic_count")
    proven = groups.where(F.col("mask") == 0)
    if not alarmed:
        return proven.select(*columns)
    is_to_read = is_on(alarmed)
    are_many = alarmed_rows_count >= PACKED_FROM_ROWS
    latest = packed_latest_deliveries if are_many else latest_deliveries
    again = daily_totals(latest(good_rows.where(is_to_read)))
    return proven.where(~is_to_read).select(*columns).unionByName(again)


def packed_latest_deliveries(rows: DataFrame) -> DataFrame:
    """`latest_deliveries` with load time and value in one bigint, where they fit into one.

    Spark aggregates a bigint in a hash map, but sorts all rows for the maximum of a struct. That
    is worth the query for the bounds only where rows are many.
    """
    micros, value = F.unix_micros("dataplatform_inserted_at"), F.col("value").cast("bigint")
    bounds = rows.agg(F.min(micros), F.max(micros), F.max(value)).collect()[0]
    if None in tuple(bounds) or (bounds[1] - bounds[0] + 1) * (bounds[2] + 1) >= 2**63:
        return latest_deliveries(rows)
    # The load time in steps of `scale`, which is larger than any value: the largest number is then
    # that of the latest load, of the largest value among equal ones, and `% scale` gives the value.
    base, scale = F.lit(bounds[0]), F.lit(bounds[2] + 1)
    packed = F.max((micros - base) * scale + value)
    return rows.groupBy(*KEY).agg((packed % scale).alias("value"))


def is_on(days: Collection[int]) -> Column:
    """Whether start_date is one of the days, given as days since 1970-01-01.

    Not as dates of Python, which end with the year 9999 while a mistyped one does not.
    """
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
    names = [f"word_{i}" for i in range(slots.words_count)]
    words = [F.bit_or(slots.word(slot, i)).alias(name) for i, name in enumerate(names)]
    strangers = F.count_if(~slots.is_known(slot)).alias("stranger_rows_count")
    keys = reduce(add, [F.bit_count(name).cast("bigint") for name in names])
    return [*words, strangers], keys
