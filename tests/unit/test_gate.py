"""The gate opens only when every check ran, none had an error, and no `fail` check failed."""

from typing import Any

import pytest

from spark_app.declarations import Finding, Severity
from spark_app.errors import GateShut
from spark_app.quality.gate import Tally, require_open, shut_reason, tally
from spark_app.quality.results import CheckResult, LayerCheck, Outcome, error_of, results_of


def check(name: str = "check", severity: Any = "fail") -> LayerCheck:
    return LayerCheck("final", "t", name, severity, "Words.")


def the_result(found: Any, severity: Any = "fail") -> CheckResult:
    (result,) = results_of([check("check", severity)], {} if found is None else {"check": found})
    return result


def result(
    outcome: Outcome, severity: Any = "fail", detail: str = "", table: str = "t"
) -> CheckResult:
    return CheckResult("final", table, "check", severity, "Words.", 9, 1, outcome, detail)


def test_a_check_that_holds_passes_and_the_gate_opens() -> None:
    found = the_result(Finding(3, 0))
    assert (found.outcome, found.rows, found.failed) == ("passed", 3, 0)
    assert shut_reason("final", [found]) is None
    require_open("final", [found])


def test_a_check_that_does_not_hold_says_how_many_rows_break_it() -> None:
    found = the_result(Finding(3, 1))
    assert (found.outcome, found.rows, found.failed) == ("failed", 3, 1)


def test_every_check_is_answered_once_in_the_order_of_declaration() -> None:
    checks = [check(name) for name in ("a", "measure", "b", "c")]
    findings: dict[str, Finding | Exception] = {
        name: Finding(1, 0) for name in ("c", "b", "measure", "a", "nobody asked")
    }
    assert [r.check for r in results_of(checks, findings)] == ["a", "measure", "b", "c"]


def test_no_result_keeps_the_gate_shut() -> None:
    assert shut_reason("final", []) == "no check of the final layer ran"
    assert results_of([], {"check": Finding(1, 0)}) == []


def test_results_of_another_layer_do_not_open_the_gate() -> None:
    assert shut_reason("raw", [result("passed")]) == "no check of the raw layer ran"


@pytest.mark.parametrize("severity", ["fail", "warn", "quarantine"])
def test_a_check_without_a_finding_is_an_error_and_keeps_the_gate_shut(severity: str) -> None:
    found = the_result(None, severity)
    assert (found.outcome, found.detail) == ("error", "it gave no result")
    assert shut_reason("final", [result("passed"), found])


@pytest.mark.parametrize("nothing", [True, {}, [], "", 0])
def test_an_answer_that_is_no_finding_is_an_error(nothing: Any) -> None:
    assert the_result(nothing).outcome == "error"


@pytest.mark.parametrize("severity", ["fail", "warn", "quarantine"])
def test_a_check_that_raised_is_an_error_in_one_line(severity: str) -> None:
    found = the_result(LookupError("no day counts\nat line 7"), severity)
    assert (found.outcome, found.detail) == ("error", "LookupError: no day counts")
    assert shut_reason("final", [found])


def test_one_check_that_raises_does_not_hide_the_others() -> None:
    findings: dict[str, Finding | Exception] = {
        "good": Finding(1, 0),
        "broken": LookupError("gone"),
    }
    found = {r.check: r.outcome for r in results_of([check("good"), check("broken")], findings)}
    assert found == {"good": "passed", "broken": "error"}


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
def test_only_a_warning_can_be_insufficient(severity: str, outcome: Outcome) -> None:
    little = Finding(1, 0, "too little", is_insufficient=True)
    assert the_result(little, severity).outcome == outcome


def test_a_failure_is_not_hidden_by_too_little_data() -> None:
    assert the_result(Finding(3, 1, is_insufficient=True), "warn").outcome == "failed"


def test_a_shut_gate_names_every_reason_once() -> None:
    with pytest.raises(GateShut) as raised:
        require_open("final", [result("failed"), result("failed", detail="why"), result("error")])
    words = str(raised.value)
    assert "check (1 of 9 fail)" in words
    assert "check (why)" in words
    assert "check could not run" in words
    assert words.endswith("nothing was published")
    assert raised.value.exit_code == 3


def test_a_reason_names_its_table_where_a_layer_has_several() -> None:
    shut = [result("failed", table="visits"), result("error", table="orders")]
    reason = shut_reason("final", shut)
    assert reason == "check of visits (1 of 9 fail); check of orders could not run ()"
    assert shut_reason("final", shut[:1]) == "check (1 of 9 fail)"


def test_rules_that_rows_broke_are_counted_apart_and_shut_nothing() -> None:
    broken, kept = result("failed", "quarantine"), the_result(Finding(9, 0), "quarantine")
    assert tally([broken, kept]) == Tally(0, 0, 0, rules_broken=1)
    assert shut_reason("final", [broken, kept]) is None


def test_what_shuts_a_gate_counts_as_failed_and_what_warns_as_warned() -> None:
    results = [
        *(result("passed"), result("passed", "warn")),
        *(result("failed", "warn"), result("insufficient", "warn")),
        *(result("failed"), result("error"), result("error", "warn")),
    ]
    assert tally(results) == Tally(passed=2, warned=2, failed=3, rules_broken=0)


def test_a_rule_that_gave_no_result_is_a_failed_check_and_no_broken_rule() -> None:
    assert tally([the_result(None, "quarantine")]) == Tally(0, 0, failed=1, rules_broken=0)


def test_an_error_looked_at_no_row() -> None:
    assert error_of(check(), "why").as_dict() == {
        "layer": "final",
        "table": "t",
        "check": "check",
        "severity": "fail",
        "description": "Words.",
        "rows": 0,
        "failed": 0,
        "outcome": "error",
        "detail": "why",
    }
