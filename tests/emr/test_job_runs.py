"""Which runs a command made, and which of them says why it failed."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from spark_app.declarations import Job
from spark_app.emr.job_runs import Command, JobRun, job_runs, worst
from spark_app.jobs import find_job
from spark_app.lake.lake import Lake

FIRST = find_job("organic_share")
SECOND = dataclasses.replace(
    FIRST,
    reads=(FIRST.publishes,),
    publishes=dataclasses.replace(FIRST.publishes, name="second"),
    counts=None,
    examine=None,
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def end(lake: Lake, run_id: str, exit_code: int = 0, command: str | None = "x") -> None:
    """Leave the manifest of a run."""
    known = {"version": 2, "run_id": run_id, "exit_code": exit_code, "command": command}
    lake.write_manifest(run_id, known)


def of_both(lake: Lake, if_new: bool = False) -> tuple[JobRun, JobRun]:
    """The runs of both jobs under the id `x`."""
    first, second = job_runs(Command("x", (FIRST, SECOND), if_new), lake)
    return first, second


def run(exit_code: int | None = None, job: Job = FIRST, **overrides: Any) -> JobRun:
    """A run that ended with a code; null: it left no manifest."""
    manifest = None if exit_code is None else {"exit_code": exit_code}
    return dataclasses.replace(JobRun(job, "r", manifest), **overrides)


def test_the_run_of_one_job_has_the_id_of_the_command(lake: Lake) -> None:
    end(lake, "x", command=None)

    (found,) = job_runs(Command("x", (FIRST,)), lake)

    assert (found.run_id, found.exit_code) == ("x", 0)


def test_of_several_jobs_each_has_its_own_run_and_of_several_tries_the_last_counts(
    lake: Lake,
) -> None:
    for run_id in ("x-organic_share", "x-organic_share-2", "x-organic_share-3", "x-second"):
        end(lake, run_id)

    assert [found.run_id for found in of_both(lake)] == ["x-organic_share-3", "x-second"]


def test_a_run_of_another_command_under_such_an_id_does_not_count(lake: Lake) -> None:
    end(lake, "x-organic_share", exit_code=3, command=None)
    end(lake, "x-organic_share-2")

    first, second = of_both(lake)

    assert (first.run_id, first.exit_code) == ("x-organic_share-2", 0)
    assert (second.run_id, second.manifest) == ("x-second", None)


def test_a_job_whose_source_failed_is_blocked_by_it(lake: Lake) -> None:
    end(lake, "x-organic_share", exit_code=3)

    assert of_both(lake)[1].blocked_by == "organic_share"


def test_so_is_one_whose_source_did_not_even_begin(lake: Lake) -> None:
    assert of_both(lake)[1].blocked_by == "organic_share"


def test_with_if_new_a_job_without_a_run_has_not_failed(lake: Lake) -> None:
    first, second = of_both(lake, if_new=True)

    assert not first.has_failed
    assert second.blocked_by is None


@pytest.mark.parametrize(
    ("codes", "expected"),
    [((0, 3, 2, 1), 1), ((3, 2, 0), 2), ((0, 3), 3), ((1, 143), 143)],
)
def test_exit_code_1_says_why_before_2_before_3(codes: tuple[int, ...], expected: int) -> None:
    assert worst([run(code) for code in codes]).exit_code == expected


def test_a_run_that_did_not_begin_counts_before_all_but_1_as_only_the_logs_know_why() -> None:
    lost = run(None)

    assert worst([run(3), run(2), lost]) is lost
    assert worst([lost, run(1)]).exit_code == 1


def test_one_that_was_blocked_or_had_nothing_to_do_says_nothing() -> None:
    blocked, left = run(None, blocked_by="one"), run(None, may_be_left=True)

    assert worst([blocked, left, run(3)]).exit_code == 3
