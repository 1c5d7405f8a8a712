"""What is printed about a run's checks."""

from typing import Any

import pytest

from spark_app.emr.outcome import print_checks


def check(
    layer: str, name: str, severity: str, outcome: str, detail: str = "", failed: int = 0
) -> dict[str, Any]:
    """The result of one check."""
    return {
        "layer": layer,
        "check": name,
        "severity": severity,
        "outcome": outcome,
        "description": f"what {name} says",
        "detail": detail,
        "failed": failed,
    }


def test_checks_are_counted_by_layer_and_the_failed_ones_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_checks(
        [
            check("staging", "sums", "fail", "passed"),
            check("raw", "keys", "fail", "failed", "3 of 10 rows"),
            check("raw", "shape", "fail", "error"),
            check("raw", "names", "fail", "passed"),
            check("raw", "age", "warn", "failed"),
            check("raw", "drift", "warn", "insufficient"),
        ],
        {},
    )

    assert capsys.readouterr().out.splitlines() == [
        "checks:  raw 1 passed, 2 warned, 2 failed",
        "checks:  staging 1 passed",
        "failed:  raw keys: 3 of 10 rows",
        "failed:  raw shape: what shape says",
    ]


def test_a_run_that_came_to_no_check_prints_none(capsys: pytest.CaptureFixture[str]) -> None:
    print_checks([], {})

    assert capsys.readouterr().out == ""


def test_rules_that_rows_broke_are_counted_apart(capsys: pytest.CaptureFixture[str]) -> None:
    print_checks(
        [
            check("raw", "names", "fail", "passed"),
            check("raw", "count_is_bigint", "quarantine", "failed", failed=9),
            check("raw", "count_in_range", "quarantine", "failed", failed=5),
            check("raw", "count_present", "quarantine", "passed"),
        ],
        {"stages": [{"name": "raw", "quarantined_count": 12}]},
    )

    assert capsys.readouterr().out.splitlines() == [
        "checks:  raw 1 passed; 12 rows set aside by 2 rules"
    ]
