"""What a run finds in raw: the counts that its checks judge, and the bad rows."""

from datetime import date, timedelta

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from spark_app.job import Examined
from spark_app.jobs.organic_share import examine
from spark_app.jobs.organic_share.checks import raw_checks
from spark_app.jobs.organic_share.rules import row_rules
from spark_app.quality.checks import CheckResult
from spark_app.quality.gate import evaluate
from spark_app.settings import Settings
from tests.builders import (
    A_DAY,
    A_LOAD,
    LATER,
    Row,
    context,
    examined,
    frame,
    organic,
    paid,
    raw_row,
    raw_table,
)


def checked(found: Examined, given: Settings | None = None) -> dict[str, CheckResult]:
    """The results of the raw checks on what was found."""
    no_rows = pa.table({"file": pa.array([], pa.string())})
    results = evaluate(raw_checks(given or Settings()), no_rows, found.facts)
    return {result.check: result for result in results}


def failing(found: Examined, given: Settings | None = None) -> set[str]:
    return {name for name, result in checked(found, given).items() if result.outcome != "passed"}


def quarantined(found: Examined) -> list[Row]:
    assert found.bad_rows is not None
    return list(found.bad_rows.toArrow().to_pylist())


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
        ("Organic", -1.0): ["value_is_a_count", "country_is_known"],
        (None, 1.0): ["name_present", "start_date_present"],
        ("Organic", None): [f"{column}_present" for column in nowhere],
    }
    files = [row.pop("source_file") for row in found]
    assert len(files) == 3
    assert sorted(found, key=str) == sorted(bad, key=str)


def test_bad_rows_name_their_rules_in_order(spark: SparkSession) -> None:
    everything = dict.fromkeys(raw_row(), None)
    (row,) = quarantined(examined(spark, [organic(A_DAY, 1), everything]))
    assert row["broken_rules"] == [r.name for r in row_rules(Settings()) if "_present" in r.name]


def test_good_rows_of_a_day_with_bad_ones_stay_out_of_quarantine(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1), paid(A_DAY, -1), paid(A_DAY, 2)]
    found = examined(spark, rows)
    assert [row["value"] for row in quarantined(found)] == [-1.0]
    assert found.broken_counts["value_is_a_count"] == 1
    assert sum(found.broken_counts.values()) == 1


def test_without_bad_rows_there_is_no_quarantine(spark: SparkSession) -> None:
    assert examined(spark, [organic(A_DAY, 1)]).bad_rows is None


def test_good_data_passes_every_raw_check(spark: SparkSession) -> None:
    rows = [
        organic(A_DAY, 3),
        organic(A_DAY, 2, os_name="ios"),
        organic(A_DAY, 1, os_name="android"),
    ]
    strict = Settings(channels=("Organic",), max_load_age_days=3)
    found = examined(spark, rows, settings=strict, today=date(2021, 3, 4))
    assert failing(found, strict) == set()


def test_data_that_breaks_every_warning_is_told_by_each(spark: SparkSession) -> None:
    strict = Settings(channels=("Organic",), max_load_age_days=1)
    rows = [
        organic(A_DAY, 4, token="a"),
        organic(A_DAY, 2, os_name="ios"),
        organic(A_DAY, 1, os_name="android"),
        organic(A_DAY, 1.5, dataplatform_inserted_at=LATER),
        organic(date(2030, 1, 2), 1),
        paid(A_DAY, 1, token="a"),
    ]
    found = examined(spark, rows, settings=strict, tolerance=0.5)
    assert failing(found, strict) == {
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
    assert failing(examined(spark, rows, tolerance=1.0)) == expected


@pytest.mark.parametrize(("days", "outcome"), [(1, "failed"), (2, "passed")])
def test_loads_are_fresh_for_as_many_days_as_the_setting_says(
    days: int, outcome: str, spark: SparkSession
) -> None:
    limited = Settings(max_load_age_days=days)
    rows = [organic(A_DAY, 1, dataplatform_inserted_at=A_LOAD)]
    found = examined(spark, rows, settings=limited, today=A_LOAD.date() + timedelta(days=2))
    assert checked(found, limited)["loads_are_fresh"].outcome == outcome


def test_loads_of_bad_rows_and_of_the_future_do_not_make_a_delivery_fresh(
    spark: SparkSession,
) -> None:
    today = A_LOAD.date() + timedelta(days=9)
    limited, far = Settings(max_load_age_days=1), A_LOAD + timedelta(days=9)
    rows = [
        organic(A_DAY, 1, dataplatform_inserted_at=A_LOAD),
        organic(A_DAY, -1, dataplatform_inserted_at=far),
        organic(A_DAY, 1, country="US", dataplatform_inserted_at=far + timedelta(days=400)),
    ]
    found = examined(spark, rows, settings=limited, today=today, tolerance=1.0)
    assert checked(found, limited)["loads_are_fresh"].outcome == "failed"


def test_channels_that_the_sample_lacks_are_all_asked_for(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1), paid(A_DAY, 1, token="a"), paid(A_DAY, 1, token="b", country="US")]
    found = examined(spark, rows, sample=rows[:2])
    assert found.facts.rows.channels == {"Organic", "Ads"}
    assert failing(found) == {"channels_are_consistent"}


def test_fewer_rows_than_the_files_hold_fail(spark: SparkSession) -> None:
    found = examined(spark, [organic(A_DAY, 1)], footer_rows_count=2)
    assert failing(found) == {"all_rows_read"}


@pytest.mark.parametrize("days", [3_000_000, -800_000], ids=["year 10183", "before year 1"])
def test_a_day_that_python_cannot_hold_is_a_bad_row(days: int, spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1), paid(A_DAY, 1)]
    far = pa.array([18687, days], pa.int32()).cast(pa.date32())
    found = examine.examine(
        frame(spark, raw_table(rows).set_column(2, "start_date", far)), context(2, rows)
    )
    assert (found.quarantined_count, found.facts.days.last_day) == (1, A_DAY)


def test_a_load_that_python_cannot_hold_does_not_stop_a_run(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1)]
    far = pa.array([300_000_000_000_000_000]).cast(pa.timestamp("us", "UTC"))
    table = raw_table(rows).set_column(7, "dataplatform_inserted_at", far)
    assert examine.examine(frame(spark, table), context(1, rows)).rows_count == 1


def test_a_run_since_a_week_counts_only_what_it_read(spark: SparkSession) -> None:
    rows = [
        organic(A_DAY, 1),
        paid(A_DAY - timedelta(days=1), -1),
        paid(A_DAY + timedelta(days=1), -1),
        paid(A_DAY, 1, start_date=None),
    ]
    found = examined(spark, rows, since=A_DAY, history={})
    assert (found.rows_count, found.quarantined_count) == (3, 2)
    assert found.broken_counts["start_date_present"] == 1
    assert checked(found)["all_rows_read"].outcome == "passed"


def test_channels_before_since_are_not_judged(spark: SparkSession) -> None:
    before = paid(A_DAY - timedelta(days=1), 1, token="a")
    rows = [organic(A_DAY, 1, token="a"), before]
    found = examined(spark, rows, since=A_DAY, history={})
    assert found.facts.rows.channels == {"Organic"}
    assert failing(found) == set()


def test_channels_of_bad_rows_only_are_not_judged(spark: SparkSession) -> None:
    rows = [organic(A_DAY, 1, token="a"), paid(A_DAY, 1, token="a", start_date=None)]
    found = examined(spark, rows, tolerance=0.5)
    assert found.facts.rows.channels == {"Organic"}
    assert failing(found) == set()
