"""What is printed about a run's checks."""

import pytest

from spark_app.emr.outcome import print_checks


def check(layer: str, name: str, severity: str, outcome: str, detail: str = "") -> dict[str, str]:
    """The result of one check."""
    return {
        "layer": layer,
        "check": name,
        "severity": severity,
        "outcome": outcome,
        "description": f"what {name} says",
        "detail": detail,
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
        ]
    )

    assert capsys.readouterr().out.splitlines() == [
        "checks:  raw 1 passed, 2 failed, 2 warned",
        "checks:  staging 1 passed, 0 failed, 0 warned",
        "failed:  raw keys: 3 of 10 rows",
        "failed:  raw shape: what shape says",
    ]


def test_a_run_that_came_to_no_check_prints_none(capsys: pytest.CaptureFixture[str]) -> None:
    print_checks([])

    assert capsys.readouterr().out == ""
