"""`forget` removes persons from what the lake has of a dataset, and no read brings them back."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from spark_app.lake import iceberg, suppression
from spark_app.lake.lake import Lake
from spark_app.lake.store import Lock
from spark_app.run import several
from spark_app.run.upkeep.forgetting import Removed
from tests.e2e.process import Ended, expect_error
from tests.lakes.conftest import Killed, Visits, killed

EVE = "eve-4711"
ANN, BOB = ("ann", "2024-05-01 10:00:00", 1), ("bob", "2024-05-02 10:00:00", 2)


@pytest.fixture
def visited(visits: Visits) -> Visits:
    """Two versions, with Eve in two days, in quarantine, and in what a shut gate left."""
    visits.deliver("one.csv", "ann,2024-05-01 10:00:00,1", f"{EVE},2024-05-01 11:00:00,1")
    visits.deliver("bad.csv", f"{EVE};2024-05-01", "bob,2024-05-02 10:00:00,2")
    visits.done("first")
    visits.deliver("two.csv", f"{EVE},2024-05-02 11:00:00,1", f"{EVE},2024-05-03 11:00:00,1")
    visits.done("second")
    visits.deliver("shut.csv", f"{EVE},2024-05-04 11:00:00,1", "x", "y")
    visits.run("shut", code=3)
    (visits.raw / "shut.csv").unlink()
    return visits


def forget(visits: Visits, *ids: str, code: int = 0) -> Ended:
    """Ask to forget some persons."""
    path = visits.root.parent / "persons.txt"
    path.write_text("".join(f"{one}\n" for one in ids))
    return visits.ask("forget", "visits", "--ids", path, code=code)


def everything(folder: Path) -> str:
    """All that stands in the files of a folder, but for Avro's."""
    texts = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        if path.suffix == ".parquet":
            texts.append(str(pq.read_table(path).to_pylist()))
        elif path.suffix != ".avro":
            texts.append(path.read_text(errors="replace"))
    return "\n".join(texts)


def bounds(visits: Visits) -> str:
    """What manifests say of the least and largest values of files, gone ones too."""
    visits.use()
    entries = visits.spark.table("lake.tables.visit.all_entries")
    rows = entries.select("data_file.lower_bounds", "data_file.upper_bounds").collect()
    return str([bytes(value) for row in rows for cell in row for value in (cell or {}).values()])


def test_nothing_of_a_person_is_left_but_what_was_delivered(visited: Visits) -> None:
    before = {path: path.read_bytes() for path in visited.raw.iterdir()}
    assert EVE in everything(visited.root / "tables") and EVE in bounds(visited)
    said = forget(visited, EVE, "nobody")
    assert "visit: 3 rows of 3 days removed" in said.out
    assert EVE not in said.out + said.err
    assert visited.rows() == [ANN, BOB]
    for folder in ("tables", "runs", "quarantine", "quality", "report", "suppressed", "locks"):
        assert EVE not in everything(visited.root / folder), folder
    assert EVE not in bounds(visited)
    assert {path: path.read_bytes() for path in visited.raw.iterdir()} == before
    shown = visited.ask("history", "visit").out.splitlines()
    assert [row.split()[:2] for row in shown[1:]] == [["second", "forget"]]
    assert "key_is_unique" in visited.ask("verify", "visit").out


def receipt_of(said: Ended) -> dict[str, Any]:
    """The receipt that the command names."""
    path = next(row for row in said.out.splitlines() if row.startswith("receipt: "))[9:]
    receipt: dict[str, Any] = json.loads(Path(path).read_text())
    return receipt


def test_a_receipt_says_what_was_done_and_what_remains(visited: Visits) -> None:
    receipt = receipt_of(forget(visited, EVE))
    assert receipt["tables"] == [
        {"table": "visit", "rows_count": 3, "days": ["2024-05-01", "2024-05-02", "2024-05-03"]}
    ]
    assert (receipt["dataset"], receipt["persons_count"]) == ("visits", 1)
    assert any("raw/visits/" in words for words in receipt["remains"])


def test_no_delivery_brings_a_person_back(visited: Visits) -> None:
    forget(visited, EVE)
    visited.deliver("two.csv", f"{EVE},2024-05-02 11:00:00,1", "cat,2024-05-02 12:00:00,3")
    visited.deliver("bad.csv", f"{EVE};2024-05-01", f"x,{EVE},1", "bob,2024-05-02 10:00:00,2")
    visited.deliver("three.csv", f"{EVE},yesterday,1", f'"{EVE},2024-05-02 11:00:00,1', "z")
    visited.done("third")
    assert visited.rows() == [ANN, BOB, ("cat", "2024-05-02 12:00:00", 3)]
    assert EVE not in everything(visited.root / "quarantine")
    bad = pq.read_table(visited.root / "quarantine" / "visits").to_pylist()
    assert [row["delivered_line"] for row in bad] == ["z"]


def test_once_more_forgets_what_is_left_to_forget(
    visited: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that was killed after it published is asked again."""
    with monkeypatch.context() as patched:
        patched.setattr(iceberg, "expire_all", killed)
        with pytest.raises(Killed):
            forget(visited, EVE)
    assert visited.rows() == [ANN, BOB]
    assert "visit: 0 rows of 0 days removed" in forget(visited, EVE).out
    assert EVE not in everything(visited.root / "tables")
    assert len(suppression.read("visits", visited.lake).hashes) == 1


def test_what_a_run_sets_aside_after_the_lock_is_given_back_stays(
    visited: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = Lake.lock

    @contextmanager
    def run_afterwards(lake: Lake, table: str, *arguments: Any) -> Iterator[Lock]:
        with locked(lake, table, *arguments) as lock:
            yield lock
        if table == "visit":
            monkeypatch.setattr(Lake, "lock", locked)
            visited.deliver("bad.csv", "z", "bob,2024-05-02 10:00:00,2")
            visited.done("meanwhile")

    monkeypatch.setattr(Lake, "lock", run_afterwards)
    forget(visited, EVE)
    left = (visited.root / "quarantine" / "visits").iterdir()
    assert [path.name for path in left] == ["run_id=meanwhile"]


def test_what_was_set_aside_by_runs_that_nobody_knows_goes_too(visited: Visits) -> None:
    shutil.rmtree(visited.root / "runs" / "first")
    forget(visited, EVE)
    assert list((visited.root / "quarantine" / "visits").glob("*")) == []


def test_what_was_removed_is_told_in_numbers() -> None:
    day = date(2024, 5, 1)
    assert Removed("visit", 1, [day]).in_words() == "1 row of 1 day removed"
    assert Removed("visit", 2_000, [day, day]).in_words() == "2,000 rows of 2 days removed"
    assert Removed("visit", 0, []).in_words() == "0 rows of 0 days removed"


def test_the_salt_is_made_once(visits: Visits) -> None:
    one = suppression.add("visits", visits.lake, ["a"], visits.lake.run("x"))
    two = suppression.add("visits", visits.lake, ["b"], visits.lake.run("x"))
    assert (one.salt, len(two.hashes)) == (two.salt, 2)
    assert len(one.salt) == 64
    assert suppression.read("other", visits.lake).salt != one.salt


def test_what_is_no_file_of_ids_is_refused(visits: Visits) -> None:
    asked = ("forget", "visits", "--ids")
    path = visits.root.parent / "ids"
    expect_error(visits.ask(*asked, path, code=2), 2, "cannot be read (No such file")
    for content, words in (
        (b"", "has no id"),
        (b"a\n\nb\n", "line 2 of"),
        (b"a\n b\n", "line 2 of"),
        (b"a\xff\n", "is not UTF-8"),
    ):
        path.write_bytes(content)
        expect_error(visits.ask(*asked, path, code=2), 2, words)
    path.write_text("a\n")
    expect_error(
        visits.ask("forget", "installs", "--ids", path, code=2), 2, "with persons are: app_event"
    )
    broken = visits.root / "suppressed" / "visits.parquet"
    broken.parent.mkdir(parents=True)
    broken.write_text("nothing of the kind")
    expect_error(visits.ask(*asked, path, code=2), 2, "is no list of persons")


def test_a_table_that_is_not_made_yet_never_gets_a_person(visits: Visits) -> None:
    visits.deliver("one.csv", "ann,2024-05-01 10:00:00,1", f"{EVE},2024-05-01 11:00:00,1")
    forget(visits, EVE)
    visits.done("first")
    assert visits.rows() == [ANN]


def test_a_table_of_nobody_else_is_empty_and_goes_on(visits: Visits) -> None:
    visits.deliver("one.csv", f"{EVE},2024-05-01 11:00:00,1")
    visits.done("first")
    forget(visits, EVE)
    assert visits.rows() == []
    visits.deliver("two.csv", "ann,2024-05-01 10:00:00,1")
    visits.done("second")
    assert visits.rows() == [ANN]


@pytest.fixture
def counted(visit_day: Visits) -> Visits:
    """Visits with Eve in both days, and the table that is made from them."""
    visit_day.deliver("one.csv", "ann,2024-05-01 10:00:00,2", f"{EVE},2024-05-01 11:00:00,1")
    visit_day.deliver("two.csv", "bob,2024-05-02 10:00:00,3", f"{EVE},2024-05-02 11:00:00,4")
    visit_day.done("first")
    visit_day.make("days")
    assert visit_day.by_day() == [("2024-05-01", 2, 3), ("2024-05-02", 2, 7)]
    return visit_day


def test_tables_made_from_what_is_gone_are_made_again(counted: Visits) -> None:
    said = forget(counted, EVE)
    assert counted.by_day() == [("2024-05-01", 1, 2), ("2024-05-02", 1, 3)]
    receipt = receipt_of(said)
    run_id = f"{receipt['run_id']}-visit_day"
    assert f"visit_day: published by run {run_id}\n" in said.out
    assert (receipt["made_again"], receipt["not_made_again"]) == ({"visit_day": run_id}, [])
    manifest = counted.manifest(run_id)
    assert manifest["command"] == receipt["run_id"]
    assert manifest["sources"]["visit"]["snapshot_id"] == counted.version().snapshot_id
    again = forget(counted, EVE)
    assert f"visit_day: up to date, run {run_id}\n" in again.out
    assert receipt_of(again)["made_again"] == {"visit_day": run_id}


def test_a_table_whose_gate_is_shut_is_named_until_it_is_made_again(
    counted: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted.deliver("two.csv", "bob,2024-05-02 10:00:00,1", f"{EVE},2024-05-02 11:00:00,4")
    counted.done("second")
    counted.make("later")
    before = counted.by_day()
    said = forget(counted, EVE, code=3)
    assert counted.rows() == [(*ANN[:2], 2), (*BOB[:2], 1)]
    assert counted.by_day() == before
    assert "visit_day: the final gate stayed shut: no_lone_page" in said.errors[0]
    assert "still counted in visit_day: " in said.out and "ask the same again" in said.out
    receipt = receipt_of(said)
    assert (receipt["made_again"], receipt["not_made_again"]) == ({}, ["visit_day"])
    assert "still counted in visit_day" in forget(counted, EVE, code=3).out
    job = import_module("spark_app.jobs.visit_day")
    table = replace(job.TABLE, checks=())
    monkeypatch.setattr(job, "JOB", replace(job.JOB, publishes=table))
    counted.make("mended")
    assert counted.by_day() == [("2024-05-01", 1, 2), ("2024-05-02", 1, 1)]
    last = forget(counted, EVE)
    assert receipt_of(last)["made_again"] == {"visit_day": "mended"}


def test_a_held_table_is_left_and_named(counted: Visits) -> None:
    counted.deliver("three.csv", f"{EVE},2024-05-03 11:00:00,5")
    counted.done("second")
    counted.make("later")
    counted.ask("publish", "visit_day", "--run", "days")
    before = counted.by_day()
    said = forget(counted, EVE)
    assert "visit_day: held at run days; release it: publish visit_day --release\n" in said.out
    assert "still counted in visit_day" in said.out
    assert receipt_of(said)["not_made_again"] == ["visit_day"]
    assert counted.by_day() == before
    counted.ask("publish", "visit_day", "--release")
    assert receipt_of(forget(counted, EVE))["not_made_again"] == []
    assert counted.by_day() == [("2024-05-01", 1, 2), ("2024-05-02", 1, 3)]


def test_a_command_that_is_killed_before_tables_are_made_again_does_it_when_asked_again(
    counted: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(several, "run_job", killed)
        with pytest.raises(Killed):
            forget(counted, EVE)
    (path,) = counted.root.glob("runs/*/receipt.json")
    assert json.loads(path.read_text())["not_made_again"] == ["visit_day"]
    forget(counted, EVE)
    assert counted.by_day() == [("2024-05-01", 1, 2), ("2024-05-02", 1, 3)]


def test_a_table_of_which_nothing_is_published_is_not_made(visit_day: Visits) -> None:
    visit_day.deliver("one.csv", "ann,2024-05-01 10:00:00,2", f"{EVE},2024-05-01 11:00:00,1")
    visit_day.done("first")
    said = forget(visit_day, EVE)
    assert "visit_day" not in said.out
    assert receipt_of(said)["not_made_again"] == []


def crowd(day: int) -> list[str]:
    """Visits of 300 persons, one each, and 200 of Eve, on a day."""
    others = [f"u{number},2024-05-{day:02} 10:00:00,1" for number in range(300)]
    return others + [f"{EVE},2024-05-{day:02} 11:{n // 60:02}:{n % 60:02},1" for n in range(200)]


def test_rows_of_persons_are_not_missed_when_their_files_are_read_again(visits: Visits) -> None:
    others, eves = crowd(1)[:300], crowd(1)[300:]
    visits.deliver("one.csv", *crowd(1))
    visits.deliver("copies.csv", *crowd(1), *crowd(2))
    visits.done("first")
    forget(visits, EVE)
    assert "files: 2 read again" in visits.run("all", "--full").err
    visits.deliver("one.csv", *others)
    visits.done("third")
    visits.deliver("copies.csv", *eves, *others, *crowd(2)[:200])
    ended = visits.run("fourth", code=3)
    expect_error(ended, 3, "no_file_shrinks (", "copies.csv has 500 good rows, 600 before")
    assert len(visits.rows()) == 600
    assert "rows_as_ledger" in visits.ask("verify", "visit").out


def test_what_was_forgotten_is_not_missed_in_files_of_copies(visits: Visits) -> None:
    visits.deliver("one.csv", *crowd(1))
    visits.deliver("copies.csv", *crowd(1))
    visits.done("first")
    forget(visits, EVE)
    visits.deliver("copies.csv", *crowd(1)[:299])
    visits.done("second")
    visits.deliver("copies.csv", *crowd(1)[:190])
    expect_error(visits.run("third", code=3), 3, "copies.csv has 190 good rows, 299 before")
