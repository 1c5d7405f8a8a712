"""What a run finds in raw: the counts that its checks judge, and the bad rows."""

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from spark_app.declarations import Evidence, Examination, OptionValue
from spark_app.jobs.organic_share import channels, examine
from spark_app.jobs.organic_share.counts import Counts
from spark_app.jobs.organic_share.fast import grouped
from spark_app.jobs.organic_share.raw import INSTALLS
from spark_app.quality.results import CheckResult, results_of
from spark_app.quality.source_findings import counted, own_findings
from spark_app.quality.standard import rules_of, source_checks
from spark_app.sources import contract
from tests.builders import (
    A_DAY,
    A_LOAD,
    DEFAULTS,
    LATER,
    Row,
    delivery,
    examined,
    frame,
    organic,
    paid,
    raw_row,
    raw_table,
)

Options = dict[str, OptionValue]


def checked(
    found: Examination,
    options: Options | None = None,
    *,
    tolerance: float = 0.01,
    today: date = date(2030, 1, 1),
    delivered: int = -1,
) -> dict[str, CheckResult]:
    """The results of the checks of raw on what was found; rules are not among them."""
    given = DEFAULTS | (options or {})
    footers = found.rows_count if delivered < 0 else delivered
    seen = Evidence(rows=found.good, today=today, options=given, counted=found.counted)
    findings = {
        **contract.findings([]),
        **counted(found.rows_count, footers, found.broken, found.quarantined_count, tolerance),
        **own_findings(INSTALLS.checks, seen, given),
    }
    results = results_of(source_checks(INSTALLS, given), findings)
    return {result.check: result for result in results if result.severity != "quarantine"}


def failing(found: Examination, options: Options | None = None, **more: object) -> set[str]:
    results = checked(found, options, **more)  # type: ignore[arg-type]
    return {name for name, result in results.items() if result.outcome != "passed"}


def counts_of(found: Examination) -> Counts:
    assert isinstance(found.counted, Counts)
    return found.counted


def quarantined(found: Examination) -> list[Row]:
    assert found.bad is not None
    return list(found.bad.toArrow().to_pylist())


def test_bad_rows_are_kept_complete_with_every_rule_they_broke(spark: SparkSession) -> None:
    bad = [
        raw_row(value=-1.0, country="us", token="t", has_subtrackers=None),
        raw_row(start_date=None, name=None),
        raw_row(value=None, end_date=None, year_week=None, os_name=None, country=None),
    ]
    found = quarantined(examined(spark, [organic(A_DAY, 1), *bad]))
    rules = {(r["name"], r["value"]): r.pop("broken_rules") for r in found}
    nowhere = ("value", "end_date", "year_week", "country", "os_name")
    assert rules == {
        ("Organic", -1.0): ["country_is_known", "value_is_a_count"],
        (None, 1.0): ["name_present", "start_date_present"],
        ("Organic", None): [f"{column}_present" for column in nowhere],
    }
    files = [row.pop("source_file") for row in found]
    assert len(files) == 3
    assert sorted(found, key=str) == sorted(bad, key=str)


def test_bad_rows_name_their_rules_in_order(spark: SparkSession) -> None:
    everything = dict.fromkeys(raw_row(), None)
    (row,) = quarantined(examined(spark, [organic(A_DAY, 1), everything]))
    rules = [rule.name for rule in rules_of(INSTALLS, DEFAULTS)]
    assert row["broken_rules"] == [name for name in rules if "_present" in name]


def test_good_rows_of_a_day_with_bad_ones_stay_out_of_quarantine(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1), paid(A_DAY, -1), paid(A_DAY, 2)]
    found = examined(spark, rows)
    assert [row["value"] for row in quarantined(found)] == [-1.0]
    assert found.broken["value_is_a_count"] == 1
    assert sum(found.broken.values()) == 1


def test_without_bad_rows_there_is_no_quarantine(spark: SparkSession) -> None:
    assert examined(spark, [organic(A_DAY, 1)]).bad is None


def test_good_data_passes_every_raw_check(spark: SparkSession) -> None:
    rows = [
        organic(A_DAY, 3),
        organic(A_DAY, 2, os_name="ios"),
        organic(A_DAY, 1, os_name="android"),
    ]
    strict: Options = {"channels": ("Organic",), "max_load_age_days": 3}
    today = date(2021, 3, 4)
    found = examined(spark, rows, options=strict, today=today)
    assert failing(found, strict, today=today) == set()


def test_data_that_breaks_every_warning_fails_each(spark: SparkSession) -> None:
    strict: Options = {"channels": ("Organic",), "max_load_age_days": 1}
    rows = [
        organic(A_DAY, 4, token="a"),
        organic(A_DAY, 2, os_name="ios"),
        organic(A_DAY, 1, os_name="android"),
        organic(A_DAY, 1.5, dataplatform_inserted_at=LATER),
        organic(date(2030, 1, 2), 1),
        paid(A_DAY, 1, token="a"),
    ]
    found = examined(spark, rows, options=strict)
    assert failing(found, strict, tolerance=0.5) == {
        "channels_are_consistent",
        "rollup_equals_platforms",
        "no_future_dates",
        "no_bad_redelivery",
        "channels_allowed",
        "loads_are_fresh",
    }


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], {"has_rows", "has_organic_rows", "has_counted_rows"}),
        (
            [organic(A_DAY, -1)],
            {"quarantine_within_tolerance", "has_organic_rows", "has_counted_rows"},
        ),
        (
            [organic(A_DAY, 1, country="ALL"), organic(A_DAY, 1, os_name="ios")],
            {"has_counted_rows"},
        ),
    ],
    ids=["no rows", "bad rows only", "roll-ups and platforms only"],
)
def test_raw_without_anything_to_count_shuts_the_gate(
    rows: list[Row], expected: set[str], spark: SparkSession
) -> None:
    assert failing(examined(spark, rows), tolerance=1.0) == expected


@pytest.mark.parametrize(("days", "outcome"), [(1, "failed"), (2, "passed")])
def test_loads_are_fresh_for_as_many_days_as_the_option_says(
    days: int, outcome: str, spark: SparkSession
) -> None:
    limited: Options = {"max_load_age_days": days}
    rows = [organic(A_DAY, 1, dataplatform_inserted_at=A_LOAD)]
    today = A_LOAD.date() + timedelta(days=2)
    found = examined(spark, rows, options=limited, today=today)
    assert checked(found, limited, today=today)["loads_are_fresh"].outcome == outcome


def test_loads_of_bad_rows_and_of_the_future_do_not_make_a_delivery_fresh(
    spark: SparkSession,
) -> None:
    today = A_LOAD.date() + timedelta(days=9)
    limited: Options = {"max_load_age_days": 1}
    far = A_LOAD + timedelta(days=9)
    rows = [
        organic(A_DAY, 1, dataplatform_inserted_at=A_LOAD),
        organic(A_DAY, -1, dataplatform_inserted_at=far),
        organic(A_DAY, 1, country="US", dataplatform_inserted_at=far + timedelta(days=400)),
    ]
    found = examined(spark, rows, options=limited, today=today)
    results = checked(found, limited, today=today, tolerance=1.0)
    assert results["loads_are_fresh"].outcome == "failed"


def test_channels_that_the_sample_lacks_are_all_asked_for(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1), paid(A_DAY, 1, token="a"), paid(A_DAY, 1, token="b", country="US")]
    found = examined(spark, rows, sample=rows[:2])
    assert counts_of(found).channels == {"Organic", "Ads"}
    assert failing(found) == {"channels_are_consistent"}


def test_channels_are_asked_for_before_all_rows_are_deduplicated(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("spark_app.jobs.organic_share.fast.latest_deliveries")
    rows = [raw_row(name=f"channel {i}", value=1.0) for i in range(40)]
    found = examined(spark, [*rows, organic(A_DAY, 1)], sample=rows[:1])
    assert [row["paid_count"] for row in found.made.collect()] == [40]


def test_channels_that_no_bits_can_hold_are_not_grouped_again(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "MAX_CHANNELS", 10)
    calls: list[object] = []

    def counted_calls(*given: Any) -> Any:
        calls.append(given)
        return grouped(*given)

    monkeypatch.setattr(examine, "grouped", counted_calls)
    rows = [raw_row(name=f"channel {i}", value=1.0) for i in range(40)]
    found = examined(spark, [*rows, organic(A_DAY, 1)])
    assert [row["paid_count"] for row in found.made.collect()] == [40]
    assert len(calls) == 1


def test_fewer_rows_than_the_files_hold_fail(spark: SparkSession) -> None:
    assert failing(examined(spark, [organic(A_DAY, 1)]), delivered=2) == {"all_rows_read"}


@pytest.mark.parametrize("days", [3_000_000, -800_000], ids=["year 10183", "before year 1"])
def test_a_day_that_python_cannot_hold_is_a_bad_row(days: int, spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1), paid(A_DAY, 1)]
    far = pa.array([18687, days], pa.int32()).cast(pa.date32())
    found = examine.examine(
        frame(spark, raw_table(rows).set_column(2, "start_date", far)), delivery(rows)
    )
    assert (found.quarantined_count, counts_of(found).days.last_day) == (1, A_DAY)


def test_a_load_that_python_cannot_hold_does_not_stop_a_run(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1)]
    far = pa.array([300_000_000_000_000_000]).cast(pa.timestamp("us", "UTC"))
    table = raw_table(rows).set_column(7, "dataplatform_inserted_at", far)
    assert examine.examine(frame(spark, table), delivery(rows)).rows_count == 1


def test_channels_of_bad_rows_only_are_not_judged(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1, token="a"), paid(A_DAY, 1, token="a", start_date=None)]
    found = examined(spark, rows)
    assert counts_of(found).channels == {"Organic"}
    assert failing(found, tolerance=0.5) == set()
