"""Several jobs in one go: which run, which are left and why, and the exit code of all."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spark_app.declarations import Job
from spark_app.errors import AppError, GateShut, RunFailed, Unusable
from spark_app.lake.lake import Lake
from spark_app.run import several
from spark_app.run.manifest import Manifest
from spark_app.run.request import Request
from spark_app.run.several import Batch, JobEnd, exit_code, plan, run_if_due, run_several
from spark_app.run.stages import Surroundings
from tests.unit.tiny_jobs import around, deliver, finish, job, lake_in, publish, request

A, B, C, D = job("a"), job("b"), job("c", "a"), job("d", "c", "b")
ALL = [A, B, C, D]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return lake_in(tmp_path)


class Runs:
    """Runs without Spark: each publishes, but those of `failing` jobs raise."""

    def __init__(self) -> None:
        self.failing: dict[str, AppError] = {}
        self.ran: list[str] = []

    def __call__(self, a_job: Job, asked: Request, where: Surroundings) -> Manifest:
        self.ran.append(a_job.name)
        if a_job.name in self.failing:
            raise self.failing[a_job.name]
        publish(where.lake, a_job, asked.run_id)
        return Manifest.of(where.lake.manifest(asked.run_id) or {})


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    found = Runs()
    monkeypatch.setattr(several, "run_job", found)
    return found


def wanted(lake: Lake, jobs: list[Job], *, if_new: bool = False, named: str = "abcd") -> Batch:
    requests = {one.name: replace(request(one, lake), run_id=f"x-{one.name}") for one in jobs}
    return Batch(requests, if_new, frozenset(named))


def run(lake: Lake, jobs: list[Job], **ways: Any) -> dict[str, JobEnd]:
    ends = run_several(jobs, wanted(lake, jobs, **ways), around(lake))
    assert [end.job for end in ends] == jobs
    return {end.job.name: end for end in ends}


def test_every_job_runs_after_what_it_reads_and_says_how_it_ended(lake: Lake, runs: Runs) -> None:
    ends = run(lake, ALL)
    assert runs.ran == ["a", "b", "c", "d"]
    assert {name: (end.exit_code, end.words) for name, end in ends.items()} == {
        name: (0, f"published by run x-{name}") for name in "abcd"
    }
    assert all(end.manifest and end.manifest.outcome == "published" for end in ends.values())


def test_a_job_whose_source_failed_is_skipped_and_says_why(
    lake: Lake, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.failing["a"] = GateShut("the raw gate stayed shut")
    ends = run(lake, ALL)
    assert runs.ran == ["a", "b"]
    assert {name: (end.exit_code, end.words) for name, end in ends.items()} == {
        "a": (3, "the raw gate stayed shut"),
        "b": (0, "published by run x-b"),
        "c": (3, "skipped, because a, which it reads, failed"),
        "d": (3, "skipped, because c, which it reads, failed"),
    }
    assert [ends[name].manifest is None for name in "abcd"] == [True, False, True, True]
    assert capsys.readouterr().err.splitlines() == [
        "run a",
        "error: a: the raw gate stayed shut",
        "run b",
        "run c",
        "error: c: skipped, because a, which it reads, failed",
        "run d",
        "error: d: skipped, because c, which it reads, failed",
    ]


def test_a_job_runs_though_one_that_it_does_not_read_failed(lake: Lake, runs: Runs) -> None:
    runs.failing["b"] = RunFailed("the disk is full")
    ends = run(lake, ALL)
    assert runs.ran == ["a", "b", "c"]
    assert [ends[name].exit_code for name in "abcd"] == [0, 1, 0, 1]


def test_a_bug_ends_its_own_job_alone_and_keeps_its_traceback(
    lake: Lake, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.failing["a"] = KeyError("a bug")  # type: ignore[assignment]
    ends = run(lake, ALL)
    assert runs.ran == ["a", "b"]
    assert (ends["a"].exit_code, ends["a"].words) == (1, "KeyError: 'a bug'")
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 3], 3),
        ([3, 2], 2),
        ([2, 3, 0], 2),
        ([3, 2, 1], 1),
        ([0, 1], 1),
    ],
)
def test_the_exit_code_is_1_before_2_before_3_before_0(codes: list[int], expected: int) -> None:
    assert exit_code([JobEnd(A, code, "") for code in codes]) == expected


def test_with_if_new_only_what_has_something_new_runs(lake: Lake, runs: Runs) -> None:
    run(lake, ALL)
    runs.ran.clear()
    ends = run(lake, ALL, if_new=True)
    assert runs.ran == []
    assert {end.words for end in ends.values()} == {f"up to date, run x-{n}" for n in "abcd"}
    assert {end.exit_code for end in ends.values()} == {0}
    assert all(end.manifest is None for end in ends.values())


def test_with_if_new_a_new_version_of_a_table_makes_its_readers_run(lake: Lake, runs: Runs) -> None:
    run(lake, ALL)
    publish(lake, A, "newer", started_at="2031")
    runs.ran.clear()
    run(lake, ALL, if_new=True)
    assert runs.ran == ["c", "d"]


def test_with_if_new_a_gate_that_stayed_shut_is_still_an_error(lake: Lake, runs: Runs) -> None:
    finish(lake, A, "one", "gate shut", reason="the raw gate stayed shut: has_rows")
    ends = run(lake, [A, C], if_new=True)
    assert (ends["a"].exit_code, ends["a"].words) == (3, "the raw gate stayed shut: has_rows")
    assert (ends["c"].exit_code, ends["c"].manifest) == (3, None)
    assert runs.ran == []
    deliver(lake, "better")
    assert run(lake, [A, C], if_new=True)["c"].exit_code == 0


def test_a_held_table_is_left_unless_its_job_is_named_and_has_to_run(
    lake: Lake, runs: Runs
) -> None:
    publish(lake, A, "one", held=True)
    deliver(lake, "new")
    for ways in ({"if_new": True}, {"named": "c"}, {"if_new": True, "named": "c"}):
        end = run(lake, [A], **ways)["a"]
        words = "held at run one; release it: publish a --release"
        assert (end.exit_code, end.words) == (0, words)
    assert runs.ran == []
    run(lake, [A], named="a")
    assert runs.ran == ["a"]


def test_readers_of_a_held_table_run_on_what_is_published_of_it(lake: Lake, runs: Runs) -> None:
    publish(lake, A, "one", held=True)
    run(lake, [A, C], named="c")
    assert runs.ran == ["c"]


def test_one_job_alone_raises_what_kept_it_from_publishing(lake: Lake, runs: Runs) -> None:
    runs.failing["a"] = Unusable("no such place")
    with pytest.raises(Unusable, match="no such place"):
        run_if_due(A, wanted(lake, [A]), around(lake))


# The plan


Planned = Callable[..., dict[str, tuple[str, str]]]


@pytest.fixture
def planned(lake: Lake) -> Planned:
    def of(jobs: list[Job], **ways: Any) -> dict[str, tuple[str, str]]:
        rows = plan(jobs, wanted(lake, jobs, **ways), around(lake))
        return {name: (would, why) for name, would, why in rows}

    return of


def test_a_plan_says_what_would_run_and_why_and_runs_nothing(planned: Planned, runs: Runs) -> None:
    assert planned(ALL) == {
        "a": ("run", "it never ran to an end"),
        "b": ("run", "it never ran to an end"),
        "c": ("run", "a, which it reads, is made again before it"),
        "d": ("run", "c, which it reads, is made again before it"),
    }
    assert runs.ran == []


def test_a_plan_leaves_what_has_nothing_new(planned: Planned, lake: Lake, runs: Runs) -> None:
    run(lake, ALL)
    left = planned(ALL, if_new=True)
    assert set(left.values()) == {("leave", "up to date")}
    assert planned(ALL)["a"] == ("run", "up to date")
    publish(lake, B, "newer", started_at="2031")
    assert {name: would for name, (would, _) in planned(ALL, if_new=True).items()} == {
        "a": "leave",
        "b": "leave",
        "c": "leave",
        "d": "run",
    }


def test_a_plan_shows_what_is_held_also_where_its_source_is_made_again(
    planned: Planned, lake: Lake
) -> None:
    publish(lake, A, "one")
    publish(lake, C, "c-one", held=True)
    deliver(lake, "new")
    found = planned([A, C], named="a")
    assert found["a"] == ("run", "new input")
    assert found["c"] == ("held", "held at run c-one")
    assert planned([A, C], named="ac")["c"][0] == "run"
    assert planned([A, C], named="ac", if_new=True)["c"][0] == "held"


def test_a_plan_says_what_would_fail_and_what_would_be_skipped_for_it(
    planned: Planned, lake: Lake
) -> None:
    publish(lake, A, "one")
    (Path(lake.raw("numbers")) / "one.parquet").unlink()
    found = planned(ALL)
    assert {name: would for name, (would, _) in found.items()} == {
        "a": "fail",
        "b": "fail",
        "c": "skip",
        "d": "skip",
    }
    assert "raw/numbers" in found["a"][1]
    assert found["d"][1] == "c, which it reads, fails"


def test_a_plan_is_what_then_happens(planned: Planned, lake: Lake, runs: Runs) -> None:
    publish(lake, A, "one", held=True)
    for ways in ({}, {"if_new": True}, {"named": "d"}):
        would = [name for name, (word, _) in planned(ALL, **ways).items() if word == "run"]
        runs.ran.clear()
        run(lake, ALL, **ways)
        assert runs.ran == would
