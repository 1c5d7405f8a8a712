"""Which jobs a command runs, in which order, and under which ids."""

from pathlib import Path

import pytest

from spark_app.errors import Unusable
from spark_app.lake.lake import Lake
from spark_app.run.order import run_ids, selected
from tests.unit.tiny_jobs import job, lake_in, publish

# a and b read deliveries; c reads both, d reads c; e stands alone.
CHAIN = [job("d", "c"), job("c", "a", "b"), job("b"), job("a"), job("e")]


def names(*wanted: str, upstream: bool = False, downstream: bool = False) -> list[str]:
    found = selected(CHAIN, wanted, upstream=upstream, downstream=downstream)
    return [job.name for job in found]


def test_jobs_that_are_named_come_each_after_what_it_reads() -> None:
    found = names("d", "c", "b", "a", "e")
    assert sorted(found) == ["a", "b", "c", "d", "e"]
    assert found.index("c") > max(found.index("a"), found.index("b"))
    assert found.index("d") > found.index("c")


def test_the_order_holds_also_where_the_job_between_two_is_not_named() -> None:
    assert names("d", "a") == ["a", "d"]


def test_a_job_that_is_named_twice_runs_once() -> None:
    assert names("a", "a") == ["a"]


@pytest.mark.parametrize(
    ("wanted", "ways", "expected"),
    [
        ("c", {}, {"c"}),
        ("c", {"upstream": True}, {"a", "b", "c"}),
        ("c", {"downstream": True}, {"c", "d"}),
        ("c", {"upstream": True, "downstream": True}, {"a", "b", "c", "d"}),
        ("d", {"upstream": True}, {"a", "b", "c", "d"}),
        ("a", {"downstream": True}, {"a", "c", "d"}),
        ("a", {"upstream": True, "downstream": True}, {"a", "c", "d"}),
        ("e", {"upstream": True, "downstream": True}, {"e"}),
    ],
)
def test_what_a_job_reads_and_what_reads_it_comes_with_it_where_asked(
    wanted: str, ways: dict[str, bool], expected: set[str]
) -> None:
    assert set(names(wanted, **ways)) == expected


def test_a_table_that_no_job_publishes_is_refused() -> None:
    with pytest.raises(Unusable, match="x reads y, which no job publishes"):
        selected([job("x", "y")], ["x"], upstream=False, downstream=False)


# Run ids


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return lake_in(tmp_path)


def tried(lake: Lake, run_id: str, outcome: str) -> None:
    lake.write_manifest(run_id, {"version": 2, "run_id": run_id, "outcome": outcome})


BOTH = [job("a"), job("b")]


def test_one_job_runs_under_the_id_of_the_command(lake: Lake) -> None:
    tried(lake, "x", "failed")
    assert run_ids("x", [job("a")], lake) == {"a": "x"}


def test_several_jobs_run_under_the_id_with_their_names_behind(lake: Lake) -> None:
    assert run_ids("x", BOTH, lake) == {"a": "x-a", "b": "x-b"}


def test_a_job_that_published_under_an_id_keeps_it(lake: Lake) -> None:
    tried(lake, "x-a", "published")
    assert run_ids("x", BOTH, lake) == {"a": "x-a", "b": "x-b"}


@pytest.mark.parametrize(
    "outcome", ["running", "failed", "gate shut", "interrupted", "timed out", "checked"]
)
def test_a_job_that_did_not_end_well_under_an_id_gets_the_next_number(
    outcome: str, lake: Lake
) -> None:
    tried(lake, "x-a", outcome)
    assert run_ids("x", BOTH, lake) == {"a": "x-a-2", "b": "x-b"}
    tried(lake, "x-a-2", outcome)
    tried(lake, "x-a-3", "published")
    assert run_ids("x", BOTH, lake)["a"] == "x-a-3"


def test_a_run_that_readers_see_is_done_though_it_could_not_say_so(lake: Lake) -> None:
    publish(lake, BOTH[0], "x-a", outcome="checked")
    assert run_ids("x", BOTH, lake)["a"] == "x-a"
