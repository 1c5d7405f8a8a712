"""What the standard checks and a job's own checks find in the rows of a source."""

from dataclasses import replace
from datetime import date

import pytest
from pyspark.sql import SparkSession

from spark_app.declarations import (
    Check,
    Column,
    Evidence,
    Files,
    Finding,
    Option,
    OptionValue,
    Parquet,
    Table,
    fail,
    warn,
)
from spark_app.quality.source_findings import Findings, counted, own_findings
from spark_app.quality.standard import is_on, source_checks
from tests.builders import TODAY

NUMBER = Column("n", "bigint", "a number")
FILES = Files("orders", Parquet(), columns=(NUMBER,))


def raw(rows: int, bad: int, tolerance: float = 0.01, delivered: int | None = -1) -> Findings:
    read = rows if delivered == -1 else delivered
    return counted(rows, read, {"n_present": bad}, bad, tolerance)


def failed(found: Findings) -> set[str]:
    return {name for name, one in found.items() if isinstance(one, Finding) and one.failed}


@pytest.mark.parametrize("delivered", [99, 101])
def test_rows_missing_or_too_many_against_the_footers_fail(delivered: int) -> None:
    found = raw(100, 0, delivered=delivered)
    assert failed(found) == {"all_rows_read"}
    assert found["all_rows_read"] == Finding(delivered, 1, f"100 read, {delivered} delivered")


def test_rows_that_were_left_out_on_purpose_are_not_missed() -> None:
    found = raw(100, 0, delivered=None)
    assert found["all_rows_read"] == Finding(100, 0, "older rows were left out by --since")


def test_no_rows_fail_once() -> None:
    assert failed(raw(0, 0)) == {"has_rows"}


@pytest.mark.parametrize(("bad", "tolerance"), [(29, 0.29), (57, 0.57), (1, 0.01), (0, 0.0)])
def test_the_tolerance_is_inclusive(bad: int, tolerance: float) -> None:
    assert "quarantine_within_tolerance" not in failed(raw(100, bad, tolerance))
    over = raw(100, bad + 1, tolerance)["quarantine_within_tolerance"]
    assert isinstance(over, Finding)
    assert over.failed == bad + 1


def test_a_delivery_of_bad_rows_only_is_refused_whatever_is_tolerated() -> None:
    assert "quarantine_within_tolerance" in failed(raw(100, 100, tolerance=1.0))


def test_what_is_over_the_tolerance_names_the_worst_rules() -> None:
    rules = {"never": 0} | {f"rule_{i}": i for i in range(1, 8)}
    over = counted(1000, 1000, rules, 20, 0.01)["quarantine_within_tolerance"]
    assert isinstance(over, Finding)
    assert over.detail == (
        "20 of 1,000 rows are bad (2.00%), tolerated are 1.00%: "
        "rule_7 7, rule_6 6, rule_5 5, rule_4 4, rule_3 3"
    )


def test_what_is_found_of_a_source_answers_all_its_counted_checks() -> None:
    footers = {"columns_present", "types_kept", "no_extra_columns"}
    assert {check.name for check in source_checks(FILES, {})} == {*raw(1, 0), *footers}


def test_a_table_of_another_job_is_only_asked_for_its_columns_and_rows() -> None:
    table = Table("t", "one row per number", key=("n",), columns=(NUMBER,))
    assert [check.name for check in source_checks(table, {})] == ["columns_as_promised", "has_rows"]
    (only,) = source_checks(replace(table, may_be_empty=True), {})
    assert only.name == "columns_as_promised"


# A job's own checks

ASKED = Option("asked", str, None, "a value")
Options = dict[str, OptionValue]


def evidence(spark: SparkSession, options: Options | None = None) -> Evidence:
    rows = spark.createDataFrame(
        [(1, date(2029, 12, 31)), (2, TODAY), (None, None)], "n int, d date"
    )
    return Evidence(rows=rows, today=TODAY, options=options or {})


def own(spark: SparkSession, *checks: Check, options: Options | None = None) -> Findings:
    return own_findings(checks, evidence(spark, options), options or {})


def test_predicates_count_rows_of_which_they_are_not_true(spark: SparkSession) -> None:
    found = own(
        spark,
        fail("positive", "N is positive.", "n > 0"),
        fail("small", "N is small.", "n < 2 OR n IS NULL"),
        warn("past", "D is past.", "d < {today}"),
    )
    assert found == {"positive": Finding(3, 1), "small": Finding(3, 1), "past": Finding(3, 2)}


def test_predicates_that_cannot_be_asked_are_errors_all_of_them(spark: SparkSession) -> None:
    good, bad = fail("good", "Words.", "n > 0"), warn("bad", "Words.", "gone > 0")
    found = own(spark, good, bad, fail("function", "Words.", lambda _: Finding(1, 0)))
    assert found.pop("function") == Finding(1, 0)
    assert set(found) == {"good", "bad"}
    assert all(isinstance(error, Exception) and "gone" in str(error) for error in found.values())


def test_a_function_that_raises_has_its_exception_in_place_of_a_finding(
    spark: SparkSession,
) -> None:
    def lost(_: Evidence) -> Finding:
        raise LookupError("the run did not come this far")

    found = own(
        spark, warn("lost", "Words.", lost), fail("good", "Words.", lambda _: Finding(1, 0))
    )
    assert isinstance(found["lost"], LookupError)
    assert found["good"] == Finding(1, 0)


def test_a_check_with_when_exists_only_where_its_option_has_a_value(spark: SparkSession) -> None:
    check = warn("asked", "Words.", "n > 0", when=ASKED)
    for nothing in (None, (), ""):
        assert own(spark, check, options={"asked": nothing}) == {}
    for value in ("x", ("x",), 0):
        assert is_on(check, {"asked": value})
        assert set(own(spark, check, options={"asked": value})) == {"asked"}
