"""The gate opens only when every check ran, none had an error, and no `fail` check failed."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest

from spark_app.errors import GateShut
from spark_app.quality import gate
from spark_app.quality.checks import (
    Check,
    CheckResult,
    Expectation,
    Finding,
    Measure,
    Outcome,
    RowRule,
    Severity,
    error_of,
    result_of,
)
from spark_app.quality.gate import evaluate, require_open, shut_reason
from spark_app.sources import contract
from spark_app.sources.contract import DeliveredColumn, DeliveredFile

NUMBERS = pa.table({"n": pa.array([1, 2, 3])})


def expecting(
    kind: str, name: str = "check", severity: Severity = "fail", **arguments: Any
) -> Check:
    return Check(name, "final", severity, "Words.", Expectation(kind, lambda _: arguments))


def measuring(finding: Any, severity: Severity = "fail") -> Check:
    return Check("measure", "final", severity, "Words.", Measure(lambda _: finding))


def positive(name: str = "check", severity: Severity = "fail") -> Check:
    kind = "ExpectColumnValuesToBeBetween"
    return expecting(kind, name, severity, column="n", min_value=1)


def the_result(check: Check, table: pa.Table = NUMBERS) -> CheckResult:
    (result,) = evaluate([check], table, None)
    return result


def result(outcome: Outcome, severity: Severity = "fail", detail: str = "") -> CheckResult:
    return CheckResult("final", "check", severity, "Words.", 9, 1, outcome, detail)


def test_a_check_that_holds_passes_and_the_gate_opens() -> None:
    found = the_result(positive())
    assert (found.outcome, found.rows, found.failed) == ("passed", 3, 0)
    assert shut_reason("final", [found]) is None
    require_open("final", [found])


def test_a_check_that_does_not_hold_says_how_many_rows_break_it() -> None:
    check = expecting("ExpectColumnValuesToBeBetween", column="n", min_value=2)
    found = the_result(check)
    assert (found.outcome, found.rows, found.failed) == ("failed", 3, 1)


def test_every_check_is_answered_once_in_the_order_of_declaration() -> None:
    checks = [positive("a"), measuring(Finding(1, 0)), positive("b"), positive("c")]
    assert [r.check for r in evaluate(checks, NUMBERS, None)] == ["a", "measure", "b", "c"]


def test_no_result_keeps_the_gate_shut() -> None:
    assert shut_reason("final", []) == "no check of the final layer ran"
    assert evaluate([], NUMBERS, None) == []


def test_results_of_another_layer_do_not_open_the_gate() -> None:
    assert shut_reason("raw", [result("passed")]) == "no check of the raw layer ran"


def test_a_table_without_rows_is_an_error() -> None:
    found = the_result(positive(), NUMBERS.slice(0, 0))
    assert (found.outcome, found.detail) == ("error", "there are no rows")


def test_a_missing_column_is_an_error() -> None:
    found = the_result(expecting("ExpectColumnValuesToNotBeNull", column="gone"))
    assert found.outcome == "error"
    assert "gone" in found.detail
    assert "\n" not in found.detail


def test_a_bad_regular_expression_is_an_error() -> None:
    table = pa.table({"t": ["x"]})
    check = expecting("ExpectColumnValuesToMatchRegex", column="t", regex="(")
    assert the_result(check, table).outcome == "error"


def test_an_unknown_expectation_is_an_error() -> None:
    assert the_result(expecting("ExpectTheUnexpected")).outcome == "error"


def test_one_check_that_raises_does_not_hide_the_others() -> None:
    broken = expecting("ExpectColumnValuesToNotBeNull", "broken", column="gone")
    found = {r.check: r.outcome for r in evaluate([positive("good"), broken], NUMBERS, None)}
    assert found == {"good": "passed", "broken": "error"}


def test_arguments_that_raise_are_an_error_for_all_checks_of_the_suite() -> None:
    late = Check("late", "final", "warn", "W.", Expectation("ExpectTableRowCountToEqual", _raise))
    found = evaluate([positive("good"), late], NUMBERS, None)
    assert {r.outcome for r in found} == {"error"}
    assert {r.detail for r in found} == {"LookupError: the run did not come this far"}


def _raise(facts: Any) -> Mapping[str, Any]:
    raise LookupError("the run did not come this far")


def test_a_measure_that_raises_is_an_error() -> None:
    check = Check("measure", "final", "warn", "Words.", Measure(_raise))  # type: ignore[arg-type]
    assert the_result(check).outcome == "error"


@pytest.mark.parametrize("nothing", [None, True, {}, []])
def test_a_measure_that_answers_nothing_is_an_error(nothing: Any) -> None:
    assert the_result(measuring(nothing)).outcome == "error"


def test_a_missing_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "validate", lambda *_: {})
    found = the_result(positive())
    assert (found.outcome, found.detail) == ("error", "great-expectations gave no result")


def test_what_the_contract_checks_look_at_has_no_null_that_would_pass() -> None:
    """A column of nothing but null is within any set, so there must be none."""
    column = DeliveredColumn("file", "column", None, None, None)
    table = contract.as_table([DeliveredFile("file", 1, (column,))])
    for name in ("is_extra", "is_missing", "is_wrong_type"):
        assert table[name].null_count == 0


def test_nan_is_no_number_between_bounds() -> None:
    table = pa.table({"n": pa.array([float("nan"), 1.0])})
    check = expecting("ExpectColumnValuesToBeBetween", column="n", min_value=0, max_value=1)
    assert the_result(check, table).outcome == "failed"


def test_both_shapes_of_an_exception_are_seen() -> None:
    flat = {"raised_exception": True, "exception_message": "no\nstack"}
    calm = {"raised_exception": False, "exception_message": None}
    assert gate._exception(flat) == "no"
    assert gate._exception({"metric": flat, "other": calm}) == "no"
    assert gate._exception(calm) is None
    assert gate._exception({"metric": calm}) is None


@pytest.mark.parametrize(
    ("severity", "outcome", "is_open"),
    [
        ("fail", "passed", True),
        ("fail", "failed", False),
        ("fail", "error", False),
        ("fail", "insufficient", False),
        ("warn", "passed", True),
        ("warn", "failed", True),
        ("warn", "insufficient", True),
        ("warn", "error", False),
        ("quarantine", "passed", True),
        ("quarantine", "failed", True),
        ("quarantine", "error", False),
    ],
)
def test_what_opens_the_gate(severity: Severity, outcome: Outcome, is_open: bool) -> None:
    reason = shut_reason("final", [result("passed"), result(outcome, severity)])
    assert (reason is None) == is_open


@pytest.mark.parametrize(
    ("severity", "outcome"),
    [("fail", "error"), ("warn", "insufficient"), ("quarantine", "error")],
)
def test_only_a_warning_can_be_insufficient(severity: Severity, outcome: Outcome) -> None:
    little = Finding(1, 0, "too little", is_insufficient=True)
    assert result_of(measuring(little, severity), little).outcome == outcome


def test_a_failure_is_not_hidden_by_too_little_data() -> None:
    finding = Finding(3, 1, is_insufficient=True)
    assert result_of(measuring(finding, "warn"), finding).outcome == "failed"


def test_a_shut_gate_names_every_reason_once() -> None:
    with pytest.raises(GateShut) as told:
        require_open("final", [result("failed"), result("failed", detail="why"), result("error")])
    words = str(told.value)
    assert "check (1 of 9 fail)" in words
    assert "check (why)" in words
    assert "check could not run" in words
    assert words.endswith("nothing was published")
    assert told.value.exit_code == 3


def test_row_rules_are_not_evaluated_by_the_gate() -> None:
    rule = Check("rule", "raw", "quarantine", "Words.", RowRule(("n",), "n > 0"))
    assert evaluate([rule], NUMBERS, None) == []


def test_an_error_looked_at_no_row() -> None:
    assert error_of(positive(), "why").as_dict() == {
        "layer": "final",
        "check": "check",
        "severity": "fail",
        "description": "Words.",
        "rows": 0,
        "failed": 0,
        "outcome": "error",
        "detail": "why",
    }


def test_integers_beyond_a_double_stay_exact_in_expectations() -> None:
    table = pa.table({"n": pa.array([2**53 + 1, None])})
    assert gate.to_pandas(table)["n"][0] == 2**53 + 1
