"""The fast way gives what the plain way gives, and never misses a duplicate."""

import itertools
import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_app.jobs.organic_share import fast, transform
from spark_app.jobs.organic_share.channels import (
    ChannelSlots,
    arrange,
    fingerprint,
    known_slots,
    name_hash,
)
from spark_app.jobs.organic_share.counts import CHANNEL, Channel
from spark_app.jobs.organic_share.raw import INSTALLS
from spark_app.quality.rules import is_good
from spark_app.quality.standard import rules_of
from tests.builders import A_DAY, A_LOAD, DEFAULTS, LATER, Row, organic, paid, raw_frame, raw_row
from tests.unit.random_rows import ON_SPARK, deliveries

RULES = rules_of(INSTALLS, DEFAULTS)
EPOCH = date(1970, 1, 1)
COLUMNS = ("start_date", "country", "os_name", "installs_count", "organic_count")


def channels_of(rows: list[Row]) -> list[Channel]:
    triples = {(r["name"], r["token"], r["has_subtrackers"]) for r in rows if r["name"] is not None}
    return [Channel(*triple) for triple in sorted(triples, key=str)]


def grouped(raw: DataFrame, slots: ChannelSlots | None) -> DataFrame:
    return fast.grouped(raw, RULES, slots).persist()


def alarmed_days(groups: DataFrame) -> list[int]:
    alarmed = groups.where(fast.is_alarmed()).select(F.unix_date("start_date")).distinct()
    return [row[0] for row in alarmed.collect()]


def fast_totals(
    raw: DataFrame, slots: ChannelSlots | None, corrected: bool = True
) -> list[tuple[Any, ...]]:
    groups = grouped(raw, slots)
    good, alarmed = raw.where(is_good(RULES)), alarmed_days(groups)
    days = fast.fast_daily_totals(groups, good, slots if corrected else None, alarmed)
    return sorted(map(tuple, days.select(*COLUMNS).collect()))


def plain_totals(raw: DataFrame) -> list[tuple[Any, ...]]:
    good = raw.where(is_good(RULES))
    days = transform.daily_totals(transform.latest_deliveries(good))
    return sorted(map(tuple, days.select(*COLUMNS).collect()))


@ON_SPARK
@given(
    rows=deliveries(min_size=10),
    known=st.sampled_from(["all", "some", "none"]),
    corrected=st.booleans(),
)
def test_fast_daily_totals_are_the_plain_ones(
    spark: SparkSession, rows: list[Row], known: str, corrected: bool
) -> None:
    raw = raw_frame(spark, rows)
    hint = {"all": rows, "some": rows[: len(rows) // 2], "none": []}[known]
    slots = known_slots(channels_of(hint))
    assert fast_totals(raw, slots, corrected) == plain_totals(raw)


def many_rows(seed: int, *, share_again: float, count: int = 3000) -> list[Row]:
    """Rows of a hundred channels on few days; some of the keys come again."""
    rng = random.Random(seed)
    rows = {}
    for _ in range(count):
        key = (f"channel {rng.randrange(100)}", A_DAY + timedelta(days=rng.randrange(20)))
        os_name = rng.choice(("all", "ios", "android"))
        rows[*key, os_name] = raw_row(
            key[1], name=key[0], value=float(rng.randrange(9)), os_name=os_name
        )
    first = list(rows.values())
    again = rng.sample(first, int(len(first) * share_again))
    return first + [row | {"value": 5.0, "dataplatform_inserted_at": LATER} for row in again]


def test_a_delivery_without_duplicates_raises_no_alarm(spark: SparkSession) -> None:
    rows = many_rows(1, share_again=0)
    groups = grouped(raw_frame(spark, rows), known_slots(channels_of(rows)))
    assert alarmed_days(groups) == []


def test_every_day_with_a_duplicate_raises_an_alarm(spark: SparkSession) -> None:
    rows = many_rows(2, share_again=0.002)
    twice = {row["start_date"] for row in rows if row["dataplatform_inserted_at"] == LATER}
    raw = raw_frame(spark, rows)
    slots = known_slots(channels_of(rows))
    alarmed = alarmed_days(grouped(raw, slots))
    assert {EPOCH + timedelta(days=day) for day in alarmed} == twice
    assert fast_totals(raw, slots) == plain_totals(raw)


def test_without_slots_every_day_raises_an_alarm(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1), paid(A_DAY, 2), organic(A_DAY + timedelta(days=1), 1)]
    groups = grouped(raw_frame(spark, rows), None)
    assert len(alarmed_days(groups)) == 2


def test_a_restatement_in_channels_that_the_sample_lacks_is_found(spark: SparkSession) -> None:
    rows = [
        *(raw_row(name=f"stranger {i}", value=1.0) for i in range(40)),
        raw_row(name="stranger 7", value=100.0, dataplatform_inserted_at=LATER),
    ]
    raw = raw_frame(spark, rows)
    slots = known_slots([Channel("Organic", None, False)])
    assert fast_totals(raw, slots) == [(A_DAY, "DE", "all", 139, 0)]


def test_a_bad_duplicate_raises_no_alarm(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 3), organic(A_DAY, -1, dataplatform_inserted_at=LATER)]
    groups = grouped(raw_frame(spark, rows), known_slots(channels_of(rows)))
    assert alarmed_days(groups) == []


def test_groups_count_rows_strangers_organic_rows_and_the_newest_load(spark: SparkSession) -> None:
    rows = [
        organic(A_DAY, 3),
        paid(A_DAY, 4, dataplatform_inserted_at=LATER),
        raw_row(name="new", value=2.0),
        organic(A_DAY, 5, country="us"),
        organic(A_DAY, float("nan")),
    ]
    raw = raw_frame(spark, rows)
    groups = grouped(raw, known_slots(channels_of(rows[:2])))
    found = groups.select(
        "country",
        (F.col("mask") == 0).alias("is_good"),
        "rows_count",
        "organic_rows_count",
        "stranger_rows_count",
        "installs_count",
        F.unix_seconds("newest_load_at").alias("load"),
    )
    first, later = int(A_LOAD.timestamp()), int(LATER.timestamp())
    assert sorted(
        tuple(row)[:5] + ((row["installs_count"], row["load"]) if row["is_good"] else ())
        for row in found.collect()
    ) == sorted([("DE", True, 3, 1, 1, 9, later), ("DE", False, 1, 1, 0), ("us", False, 1, 1, 0)])
    assert first < later


def test_one_channel_told_in_two_ways_counts_as_a_stranger(spark: SparkSession) -> None:
    rows = [
        organic(A_DAY, 1),
        organic(A_DAY, 1, token="x", country="US"),
        organic(A_DAY, 1, has_subtrackers=True, country="FR"),
        organic(A_DAY, 1, has_subtrackers=None, country="IT"),
    ]
    groups = grouped(raw_frame(spark, rows), known_slots(channels_of(rows[:1])))
    found = {row["country"]: row["stranger_rows_count"] for row in groups.collect()}
    assert found == {"DE": 0, "US": 1, "FR": 1, "IT": 1}


ODD_NAMES = ["Organic", "it's", 'say "hi"', "back\\slash", "\\'", "${x}", "Ünï", "a\nb", "--", "😀"]


def test_names_that_could_break_a_query_have_their_slots(spark: SparkSession) -> None:
    rows = [raw_row(name=name, token=f"t {name}") for name in ODD_NAMES]
    groups = grouped(raw_frame(spark, rows), known_slots(channels_of(rows)))
    (row,) = groups.collect()
    assert (row["keys_count"], row["stranger_rows_count"]) == (len(ODD_NAMES), 0)


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 128, 129, 500, 1000, 1024])
def test_every_name_gets_a_slot_of_its_own(count: int) -> None:
    rng = random.Random(count)
    names = {rng.randrange(-(2**63), 2**63): i for i in range(1, count + 1)}
    slots = arrange(names)
    assert slots is not None
    assert sorted(filter(None, slots.fingerprints)) == list(range(1, count + 1))
    assert len(slots.fingerprints) == len(slots.words) * 64


def test_names_that_no_displacement_parts_have_no_arrangement() -> None:
    hash_high_bits_are_equal = {0: 1, 2 << 20: 2}
    assert arrange(hash_high_bits_are_equal) is None


def test_python_hashes_a_channel_as_spark_does(spark: SparkSession) -> None:
    flags, tokens = (None, False, True), (None, "", "t", "a token of more than 32 bytes, in pieces")
    channels = [Channel(n, t, f) for n in ("", *ODD_NAMES) for t in tokens for f in flags]
    rows = [
        raw_row(name=c.name, token=c.token, has_subtrackers=c.has_subtrackers) for c in channels
    ]
    by_name, whole = F.xxhash64("name"), F.xxhash64(F.xxhash64("name"), *CHANNEL[1:])
    found = raw_frame(spark, rows).select(*CHANNEL, by_name, whole).collect()
    for name, token, flag, hashed, mark in found:
        channel = Channel(name, token, flag)
        assert (hashed, mark) == (name_hash(name), fingerprint(channel))


@pytest.mark.parametrize("count", [0, 1025])
def test_no_channels_or_too_many_have_no_slots(count: int) -> None:
    assert known_slots([Channel(f"c{i}", None, None) for i in range(count)]) is None


def test_spark_finds_the_slots_that_python_arranged(spark: SparkSession) -> None:
    channels = [Channel(f"channel {i}", None if i % 3 else f"t{i}", None) for i in range(300)]
    rows = [raw_row(name=c.name, token=c.token, has_subtrackers=None) for c in channels]
    (row,) = grouped(raw_frame(spark, rows), known_slots(channels)).collect()
    assert (row["keys_count"], row["stranger_rows_count"]) == (300, 0)


def test_a_thousand_channels_with_one_duplicate_are_counted_right(spark: SparkSession) -> None:
    rows = [raw_row(name=f"channel {i}", value=1.0) for i in range(1000)]
    rows.append(raw_row(name="channel 999", value=2.0, dataplatform_inserted_at=LATER))
    raw = raw_frame(spark, rows)
    slots = known_slots(channels_of(rows))
    assert slots is not None
    assert fast_totals(raw, slots) == [(A_DAY, "DE", "all", 1001, 0)]


MICRO = timedelta(microseconds=1)
LOADS = [None, A_LOAD, A_LOAD + MICRO]


def test_a_key_that_came_twice_is_corrected_to_its_latest_delivery(spark: SparkSession) -> None:
    values = [(2, 9), (9, 2), (0, 0), (2**53, 2**53 - 1)]
    twice = enumerate(itertools.product(itertools.product(LOADS, repeat=2), values))
    rows = [
        paid(A_DAY + timedelta(days=day), value, dataplatform_inserted_at=load)
        for day, pair in twice
        for load, value in zip(*pair, strict=True)
    ]
    assert_corrected(spark, [*rows, organic(A_DAY, 4)], open_days=0)


@pytest.mark.parametrize("times", [3, 4])
def test_a_key_that_came_more_than_twice_opens_its_day(times: int, spark: SparkSession) -> None:
    again = [organic(A_DAY, 5, dataplatform_inserted_at=A_LOAD + MICRO * i) for i in range(times)]
    next_day = [organic(A_DAY + timedelta(days=1), value) for value in (3, 2)]
    assert_corrected(spark, [*again, *next_day], open_days=1)


def test_strangers_in_one_slot_are_told_apart(spark: SparkSession) -> None:
    strangers = [raw_row(name=f"stranger {i}", value=1.0) for i in range(130)]
    assert_corrected(spark, strangers, known=[organic(A_DAY, 1)], open_days=1)


def assert_corrected(
    spark: SparkSession, rows: list[Row], *, open_days: int, known: list[Row] | None = None
) -> None:
    """The totals are the plain ones, and so many days were read again."""
    raw, slots = raw_frame(spark, rows), known_slots(channels_of(known or rows))
    read: list[int] = []

    def latest(again: DataFrame) -> DataFrame:
        read.append(again.select("start_date").distinct().count())
        return transform.latest_deliveries(again)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "latest_deliveries", latest)
        assert fast_totals(raw, slots) == plain_totals(raw)
    assert read == ([open_days] if open_days else [])
