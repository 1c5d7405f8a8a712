"""`forget` removes persons from what the lake has of a dataset, and no read brings them back."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from spark_app.lake import iceberg, suppression
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


def test_a_receipt_says_what_was_done_and_what_remains(visited: Visits) -> None:
    said = forget(visited, EVE).out
    path = Path(next(row for row in said.splitlines() if row.startswith("receipt: "))[9:])
    receipt = json.loads(path.read_text())
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
    broken.parent.mkdir()
    broken.write_text("nothing of the kind")
    expect_error(visits.ask(*asked, path, code=2), 2, "is no list of persons")


def test_a_table_that_is_not_made_yet_never_gets_a_person(visits: Visits) -> None:
    visits.deliver("one.csv", "ann,2024-05-01 10:00:00,1", f"{EVE},2024-05-01 11:00:00,1")
    forget(visits, EVE)
    visits.done("first")
    assert visits.rows() == [ANN]
