"""What the job's own way finds is what the plain way and a second implementation find."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from spark_app.declarations import Delivery, Evidence, Examination, OptionValue
from spark_app.jobs.organic_share.counts import Counts, count_rows
from spark_app.jobs.organic_share.examine import examine
from spark_app.jobs.organic_share.transform import staged_weeks
from spark_app.quality.rules import bad_rows, count_broken, is_good
from tests.builders import A_DAY, A_LOAD, Row, delivery, organic, published_of, raw_frame
from tests.unit import oracle
from tests.unit.random_rows import FIRST_DAY, ON_SPARK, deliveries

FEW_EXAMPLES = settings(ON_SPARK, max_examples=3)


def plain(rows: DataFrame, given: Delivery) -> Examination:
    """As the frame does it for a job without a way of its own."""
    broken = count_broken(rows, given.rules)
    good, bad = rows.where(is_good(given.rules)), bad_rows(rows, given.rules)
    bad_or_none = bad if broken.bad_count else None
    evidence = Evidence(rows=good, today=given.today, options=given.options, bad=bad_or_none)
    return Examination(
        rows_count=broken.rows_count,
        quarantined_count=broken.bad_count,
        broken=broken.by_rule,
        bad=bad_or_none,
        good=good,
        made=staged_weeks(good),
        counted=count_rows(evidence),
    )


def sorted_rows(frame: DataFrame | None) -> list[str]:
    return [] if frame is None else sorted(str(row.asDict()) for row in frame.collect())


def assert_same(fast: Examination, slow: Examination) -> None:
    assert (fast.rows_count, fast.quarantined_count) == (slow.rows_count, slow.quarantined_count)
    assert dict(fast.broken) == dict(slow.broken)
    assert isinstance(fast.counted, Counts)
    assert isinstance(slow.counted, Counts)
    assert replace(fast.counted, channels=slow.counted.channels) == slow.counted
    assert fast.counted.channels >= slow.counted.channels
    assert (fast.bad is None) == (slow.bad is None)
    assert sorted_rows(fast.bad) == sorted_rows(slow.bad)
    assert sorted_rows(fast.made) == sorted_rows(slow.made)


@ON_SPARK
@given(
    rows=deliveries(min_size=10),
    known=st.sampled_from(["all", "some", "none"]),
    channels=st.sampled_from([(), ("Organic", "Ads")]),
    today=st.sampled_from([date(2030, 1, 1), A_LOAD.date(), FIRST_DAY + timedelta(days=30)]),
)
def test_the_jobs_own_way_finds_what_the_plain_way_and_plain_python_find(
    spark: SparkSession, rows: list[Row], known: str, channels: tuple[str, ...], today: date
) -> None:
    raw = raw_frame(spark, rows)
    hint = {"all": rows, "some": rows[: len(rows) // 2], "none": []}[known]
    options: dict[str, OptionValue] = {"channels": channels}
    given = delivery(hint, options=options, today=today)
    fast, slow = examine(raw, given), plain(raw, given)
    assert_same(fast, slow)
    if channels:  # only then a check looks at the names themselves
        assert fast.counted == slow.counted
    assert_row_counts(fast, rows)
    assert_day_counts(fast, rows)
    assert_shares(fast, rows)


def assert_shares(found: Examination, rows: list[Row]) -> None:
    expected = oracle.organic_share(rows)
    assert published_of(found) == expected
    assert all(0 <= row["share_organic_p4w"] <= 1 for row in expected if row["installs_p4w_count"])


def assert_row_counts(found: Examination, rows: list[Row]) -> None:
    good = [row for row in rows if oracle.is_good(row)]
    assert found.rows_count == len(rows)
    assert found.quarantined_count == len(rows) - len(good)
    assert isinstance(found.counted, Counts)
    assert found.counted.rows_count == len(good)
    assert found.counted.organic_count == sum(row["name"] == "Organic" for row in good)
    assert found.counted.bad_redeliveries_count == bad_redeliveries(rows)


def assert_day_counts(found: Examination, rows: list[Row]) -> None:
    assert isinstance(found.counted, Counts)
    days = found.counted.days
    weeks, last_day = oracle.weekly(rows)
    assert days.last_day == last_day
    assert days.countries == {country for country, _ in weeks}
    assert days.organic_count == sum(organic for organic, _ in weeks.values())
    assert days.paid_count == sum(every - organic for organic, every in weeks.values())
    assert (days.rollups_count, days.differing_rollups_count) == rollups(rows)


def key_of(row: Row) -> tuple[Any, ...]:
    return (row["start_date"], row["country"], row["os_name"], row["name"])


def newest_loads(rows: list[Row]) -> dict[tuple[Any, ...], datetime]:
    loads: dict[tuple[Any, ...], datetime] = {}
    for row in rows:
        load = row["dataplatform_inserted_at"] or datetime.min.replace(tzinfo=UTC)
        loads[key_of(row)] = max(load, loads.get(key_of(row), load))
    return loads


def bad_redeliveries(rows: list[Row]) -> int:
    good = newest_loads([row for row in rows if oracle.is_good(row)])
    bad = newest_loads([row for row in rows if not oracle.is_good(row)])
    return sum(key in bad and bad[key] > load for key, load in good.items())


def rollups(rows: list[Row]) -> tuple[int, int]:
    """How many days and countries have all three platforms, and how many of those differ."""
    totals: Counter[tuple[date, str, str]] = Counter()
    for (day, country, os_name, _), value in oracle.deliveries_that_count(rows).items():
        totals[day, country, os_name] += value
    days = {(day, country) for day, country, _ in totals}
    whole = [
        d for d in days if all((*d, os_name) in totals for os_name in ("all", "ios", "android"))
    ]
    differ = [d for d in whole if totals[*d, "all"] != totals[*d, "ios"] + totals[*d, "android"]]
    return len(whole), len(differ)


@FEW_EXAMPLES
@given(rows=deliveries(min_size=20), since=st.integers(0, 60))
def test_both_ways_agree_on_rows_since_a_day_with_a_hint_from_before_it(
    spark: SparkSession, rows: list[Row], since: int
) -> None:
    first = FIRST_DAY + timedelta(days=since)
    new = [row for row in rows if row["start_date"] is None or row["start_date"] >= first]
    raw, given = raw_frame(spark, new), delivery(rows, since=first)
    assert_same(examine(raw, given), plain(raw, given))


@pytest.mark.parametrize(
    "rows", [[], [organic(A_DAY, 1)], [organic(A_DAY, -1)]], ids=["nothing", "good", "bad"]
)
def test_both_ways_agree_on_next_to_nothing(rows: list[Row], spark: SparkSession) -> None:
    raw, given = raw_frame(spark, rows), delivery(rows)
    assert_same(examine(raw, given), plain(raw, given))
