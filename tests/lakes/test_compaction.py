"""Days in many small files become few sorted ones, by command and by runs themselves."""

import pyarrow.parquet as pq
import pytest

from spark_app.jobs import find_job
from spark_app.lake import compaction, iceberg
from tests.e2e.process import expect_error
from tests.lakes.conftest import Killed, Visits, killed

NAMES = "dacbe"


def deliver(visits: Visits, number: int) -> None:
    """A tiny file for one day, and a run that reads it."""
    visits.deliver(f"{number}.csv", f"{NAMES[number]},2024-05-01 10:00:00,{number}")
    visits.done(f"run-{number}")


def files(visits: Visits) -> list[str]:
    """The data files that readers see."""
    visits.use()
    found = iceberg.files(visits.spark, find_job("visit").publishes).select("file_path").collect()
    return [row[0].removeprefix("file:") for row in found]


def test_a_run_compacts_a_day_that_it_crumbles(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "MOST_SMALL_FILES", 2)
    for number in range(3):
        deliver(visits, number)
    before = visits.version()
    assert [len(files(visits)), before.run_id, before.mark("command")] == [1, "run-2", "compact"]
    history = visits.ask("history", "visit").out.splitlines()
    assert history[-1].split()[:2] == ["run-2", "compact"]
    assert history[-1].split()[-3:] == ["0", "0", "3"]
    deliver(visits, 3)
    assert len(visits.rows()) == 4
    assert list(visits.ledger().files["run_id"]) == ["run-0", "run-1", "run-2", "run-3"]


def test_the_command_compacts_what_is_there(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        deliver(visits, number)
    rows, known = visits.rows(), visits.version()
    assert visits.ask("compact", "visit").out == "visit has no day in many small files\n"
    assert visits.version() == known
    monkeypatch.setattr(compaction, "MOST_SMALL_FILES", 2)
    assert visits.ask("compact", "visit").out == "compacted 1 day: 3 files became 1\n"
    assert visits.rows() == rows
    (file,) = files(visits)
    assert pq.read_table(file)["user"].to_pylist() == ["a", "c", "d"]
    assert visits.version().mark("ledger") == known.mark("ledger")
    assert "files: 3 known" in visits.run("again").err


def test_a_table_that_is_not_there_or_of_one_file_is_not_compacted(visits: Visits) -> None:
    nothing = visits.ask("compact", "visit", code=2)
    expect_error(nothing, 2, "nothing of visit is published yet; run visit first")
    expect_error(visits.ask("compact", "organic_share", code=2), 2, "is a table of one file")


def test_a_run_leaves_the_crumbs_where_somebody_else_publishes(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(visits, 0)
    monkeypatch.setattr(compaction, "MOST_SMALL_FILES", 1)
    compact = compaction.compact

    def compact_late(*arguments: object) -> object:
        done = compact(*arguments)  # type: ignore[arg-type]
        visits.change("INSERT INTO lake.tables.visit SELECT * FROM lake.tables.visit")
        return done

    monkeypatch.setattr(compaction, "compact", compact_late)
    visits.deliver("1.csv", "a,2024-05-01 10:00:00,1")
    ended = visits.run("run-1")
    assert "small files are left for the next run" in ended.err
    assert len(visits.rows()) == 4


@pytest.mark.parametrize("moment", ["publish", "tidy"])
def test_a_compaction_that_is_killed_is_asked_again(
    visits: Visits, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    for number in range(2):
        deliver(visits, number)
    rows = visits.rows()
    monkeypatch.setattr(compaction, "MOST_SMALL_FILES", 1)
    with monkeypatch.context() as patched:
        patched.setattr(iceberg, moment, killed)
        with pytest.raises(Killed):
            visits.ask("compact", "visit")
    assert visits.rows() == rows
    visits.ask("compact", "visit")
    assert (visits.rows(), len(files(visits))) == (rows, 1)
