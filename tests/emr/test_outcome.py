"""What is printed about a command's runs and checks, and which run says why it failed."""

import dataclasses
from pathlib import Path
from typing import Any, cast

import pytest

from spark_app.emr.outcome import Command, CommandEnd, JobRun, print_checks, run_of, worst
from spark_app.emr.submitting import SubmittedRun
from spark_app.jobs import find_job
from spark_app.lake.lake import Lake

JOB = find_job("organic_share")
OTHER = dataclasses.replace(JOB, publishes=dataclasses.replace(JOB.publishes, name="other"))


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
        "checks:  raw 1 passed, 2 warned, 2 failed",
        "checks:  staging 1 passed",
        "failed:  raw keys: 3 of 10 rows",
        "failed:  raw shape: what shape says",
    ]


def test_a_run_that_came_to_no_check_prints_none(capsys: pytest.CaptureFixture[str]) -> None:
    print_checks([])

    assert capsys.readouterr().out == ""


def ended(lake: Path, *jobs: Any) -> CommandEnd:
    """A command `x` of some jobs."""
    watched = SubmittedRun("x", "j-1", "s-1", is_own=True)
    return CommandEnd(Command(jobs), Lake(str(lake)), watched, cast(Any, None))


def write(lake: Path, run_id: str, exit_code: int) -> None:
    Lake(str(lake)).write_manifest(run_id, {"version": 2, "run_id": run_id, "exit_code": exit_code})


def test_the_run_of_one_job_has_the_id_of_the_command(tmp_path: Path) -> None:
    write(tmp_path, "x", 0)

    assert run_of(JOB, ended(tmp_path, JOB)).run_id == "x"


def test_of_several_jobs_each_has_its_own_run_and_of_several_tries_the_last_counts(
    tmp_path: Path,
) -> None:
    for run_id in ("x-organic_share", "x-organic_share-2", "x-organic_share-3", "x-other"):
        write(tmp_path, run_id, 0)
    command = ended(tmp_path, JOB, OTHER)

    assert run_of(JOB, command).run_id == "x-organic_share-3"
    assert run_of(OTHER, command).run_id == "x-other"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [((0, 3, 2, 1), 1), ((3, 2, 0), 2), ((0, 3), 3), ((0, None, 3), 3), ((0, None), None)],
)
def test_exit_code_1_says_why_before_2_before_3(
    codes: tuple[int | None, ...], expected: int | None
) -> None:
    runs = [
        JobRun(JOB, f"r{i}", None if code is None else {"exit_code": code}, [])
        for i, code in enumerate(codes)
    ]

    found = worst(runs).manifest
    assert (found["exit_code"] if found else None) == expected
