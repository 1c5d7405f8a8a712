"""Whether a job has something to do, and why."""

from pathlib import Path
from typing import Any

import pytest

from spark_app.declarations import Job
from spark_app.errors import Unusable
from spark_app.lake.lake import Lake
from spark_app.run import stages
from spark_app.run.order import Due, due, newest_finished
from spark_app.run.request import Once
from tests.unit.tiny_jobs import (
    around,
    deliver,
    finish,
    job,
    lake_in,
    manifest_of,
    publish,
    request,
)

A = job("a")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return lake_in(tmp_path)


def due_now(a_job: Job, lake: Lake, **asked: Any) -> Due:
    return due(a_job, request(a_job, lake, **asked), around(lake))


def why(lake: Lake, a_job: Job = A, **asked: Any) -> tuple[bool, str]:
    found = due_now(a_job, lake, **asked)
    return found.is_due, found.why


def test_a_job_that_never_ran_to_an_end_is_due(lake: Lake) -> None:
    assert why(lake) == (True, "it never ran to an end")
    for outcome in ("running", "failed", "interrupted", "timed out", "checked"):
        finish(lake, A, f"one {outcome}", outcome)
        assert why(lake) == (True, "it never ran to an end")


def test_what_was_asked_of_the_last_run_alone_makes_no_job_due(lake: Lake) -> None:
    asked = manifest_of(A, lake, "one").parameters
    publish(lake, A, "one", parameters={**asked, "full": True})
    assert why(lake)[1].startswith("up to date")
    assert (
        why(lake, once=Once(skip=("a.csv",)))[1] == "other options or sources than in the last run"
    )


def test_a_job_with_nothing_new_is_up_to_date(lake: Lake) -> None:
    publish(lake, A, "one")
    found = due_now(A, lake)
    assert (found.is_due, found.why, found.is_held) == (False, "up to date", False)
    assert found.last is not None
    assert found.last["run_id"] == "one"


def test_a_run_that_failed_since_does_not_make_a_job_due(lake: Lake) -> None:
    publish(lake, A, "one")
    finish(lake, A, "two", "failed", started_at="2031")
    assert why(lake) == (False, "up to date")


def test_a_new_file_a_changed_file_and_a_file_less_are_new_input(lake: Lake) -> None:
    publish(lake, A, "one")
    path = Path(lake.raw("numbers")) / "one.parquet"
    deliver(lake, "two")
    assert why(lake) == (True, "new input")
    (path.parent / "two.parquet").unlink()
    assert why(lake) == (False, "up to date")
    path.write_bytes(b"longer than before")
    assert why(lake) == (True, "new input")


@pytest.mark.parametrize(
    "asked", [{"options": {"extra": "x"}}, {"tolerance": 0.5}, {"since": "2021_20"}]
)
def test_other_options_are_something_to_do(asked: dict[str, Any], lake: Lake) -> None:
    publish(lake, A, "one")
    assert why(lake, **asked) == (True, "other options or sources than in the last run")


def test_another_version_of_the_application_is_something_to_do(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(lake, A, "one")
    monkeypatch.setattr(stages, "code_digest", lambda: "another")
    assert why(lake) == (True, "another version of the application")


def test_a_gate_that_stayed_shut_stays_so_until_something_is_new(lake: Lake) -> None:
    finish(lake, A, "one", "gate shut")
    assert why(lake) == (False, "nothing new, and the gate stayed shut")
    deliver(lake, "two")
    assert why(lake) == (True, "new input")


def test_a_run_that_published_and_that_readers_do_not_see_is_due(lake: Lake) -> None:
    publish(lake, A, "one")
    publish(lake, A, "two", started_at="2031")
    publish(lake, A, "one")
    assert why(lake) == (True, "readers see the older run one")


def test_a_new_version_of_a_table_that_a_job_reads_is_new_input(lake: Lake) -> None:
    reader = job("c", "a")
    publish(lake, A, "one")
    publish(lake, reader, "c-one")
    assert why(lake, reader) == (False, "up to date")
    publish(lake, A, "two")
    assert why(lake, reader) == (True, "new input")


def test_a_held_table_is_not_due_whatever_is_new(lake: Lake) -> None:
    publish(lake, A, "one", held=True)
    deliver(lake, "two")
    found = due_now(A, lake)
    assert (found.is_due, found.why, found.is_held) == (False, "held at run one", True)


def test_only_runs_of_the_job_itself_count(lake: Lake) -> None:
    publish(lake, job("b"), "one")
    assert why(lake) == (True, "it never ran to an end")
    assert newest_finished(A, lake.manifests().values()) is None


def test_sources_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="numbers"):
        why(Lake(str(tmp_path)))
    with pytest.raises(Unusable, match="run c --upstream"):
        why(Lake(str(tmp_path)), job("c", "a"))
