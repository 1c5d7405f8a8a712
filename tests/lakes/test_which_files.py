"""Which files a run reads, which it leaves out, and which it does not believe."""

import gzip
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spark_app.jobs import find_job
from spark_app.lake import iceberg
from spark_app.lake.lake import Lake
from spark_app.run import landing
from spark_app.sources.files import inspect_each
from tests.e2e.process import all_checks, expect_error, manifest
from tests.lakes.conftest import COUNTRY, NAME, PAGES, Visits

ANN, BOB = "ann,2024-05-01 10:00:00,1", "bob,2024-05-02 10:00:00,2"
POINTER = "version https://git-lfs.github.com/spec/v1"


def users(visits: Visits) -> list[str]:
    return [row[0] for row in visits.rows()]


def states(visits: Visits) -> list[tuple[str, str]]:
    files = visits.ledger().files.sort_values("source_id")
    return [(Path(p).name, state) for p, state in zip(files["path"], files["state"], strict=True)]


def numbers(visits: Visits) -> dict[str, int]:
    """The number of the file version that each user's row came from."""
    visits.use()
    rows = iceberg.published_rows(visits.spark, find_job(NAME).publishes)
    return {row["user"]: row["source_id"] for row in rows.collect()}


def many(count: int) -> list[str]:
    return [f"u{number},2024-05-03 10:00:00,1" for number in range(count)]


def test_a_run_says_what_it_read(visits: Visits) -> None:
    visits.deliver("one.csv", ANN, ANN, BOB, "short")
    ended = visits.done("first")
    said = r"^read: 4 rows, 2 kept, 1 copy, 1 set aside; 0\.0 MB in \d+\.\d s$"
    assert re.search(said, ended.err, re.MULTILINE)


def test_a_file_is_skipped_until_another_version_of_it_comes(visits: Visits) -> None:
    visits.deliver("one.csv", ANN)
    visits.deliver("two.csv", BOB)
    assert "files: 1 new, 1 skipped" in visits.run("first", "--skip", "two.csv").err
    assert (users(visits), states(visits)) == (
        ["ann"],
        [("one.csv", "current"), ("two.csv", "skipped")],
    )
    assert manifest(visits.root, "first")["parameters"]["skip"] == ["two.csv"]
    assert "skipped" in visits.ask("files", "visit").out
    assert "files: 2 known" in visits.run("second").err
    visits.deliver("two.csv", BOB, "cat,2024-05-02 10:00:00,2")
    assert "files: 1 new, 1 known" in visits.done("third").err
    assert users(visits) == ["ann", "bob", "cat"]


def test_a_run_that_skips_all_that_is_new_records_that(visits: Visits) -> None:
    visits.deliver("one.csv", ANN)
    expect_error(visits.run("none", "--skip", "one.csv", code=2), 2, "no file is left to make")
    visits.done("first")
    visits.deliver("one.csv", BOB)
    assert "files: 1 skipped" in visits.run("second", "--skip", "visits/one.csv").err
    assert users(visits) == ["ann"]
    assert "files: 1 known" in visits.run("third").err
    visits.deliver("one.csv", BOB, BOB)
    visits.done("fourth")
    assert users(visits) == ["bob"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.csv", "--skip none.csv names no delivered file; write its path"),
        ("same.csv", "--skip same.csv names 2 files ("),
        ("one.csv", "was read before, and its rows stay in the table; --skip leaves"),
    ],
)
def test_a_file_that_cannot_be_skipped(visits: Visits, name: str, words: str) -> None:
    visits.deliver("one.csv", ANN)
    visits.done("first")
    for folder in "ab":
        (visits.raw / folder).mkdir()
        visits.deliver(f"{folder}/same.csv", BOB)
    expect_error(visits.run("second", "--skip", name, code=2), 2, words)


def test_only_a_lake_table_is_asked_for_its_files(visits: Visits) -> None:
    for option in (("--full",), ("--skip", "a.csv"), ("--accept-shrink", "a.csv")):
        ended = visits.ask("run", "organic_share", *option, code=2)
        expect_error(ended, 2, f"{option[0]} is for lake tables, and organic_share")
    ended = visits.ask("run", "visit", "app_event", "--skip", "a.csv", code=2)
    expect_error(ended, 2, "names a file of one job, but 2 are to run")


def test_all_is_read_again_for_a_corrected_rule(visits: Visits) -> None:
    visits.deliver("gone.csv", "eve,2024-05-01 10:00:00,1")
    visits.deliver("one.csv", ANN, "bob,2024-05-02 10:00:00,-2")
    visits.done("first")
    (visits.raw / "gone.csv").unlink()
    with visits.declared(replace(PAGES, least=None)):
        ended = visits.run("second", "--full", "--if-new")
    assert "files: 1 read again" in ended.err
    assert users(visits) == ["ann", "bob", "eve"]
    assert [state for _, state in states(visits)] == ["gone", "current"]
    assert visits.ledger().files["quarantined_count"].sum() == 0


def test_days_that_did_not_change_are_left(visits: Visits) -> None:
    visits.deliver("one.csv", ANN, BOB)
    visits.done("first")
    visits.deliver("one.csv", BOB, ANN, "cat,2024-05-02 11:00:00,3")
    ended = visits.done("second")
    assert "read: 3 rows, 3 kept, 0 copies" in ended.err
    assert numbers(visits) == {"ann": 1, "bob": 2, "cat": 2}
    visits.deliver("two.csv", "ann,2024-05-01 10:00:00,9")
    visits.done("third")
    assert numbers(visits) == {"ann": 3, "bob": 2, "cat": 2}
    visits.deliver("one.csv", "cat,2024-05-02 11:00:00,3")
    visits.done("fourth")
    assert numbers(visits) == {"ann": 3, "cat": 4}
    assert visits.rows()[0] == ("ann", "2024-05-01 10:00:00", 9)


def test_values_that_change_places_change_their_day(visits: Visits) -> None:
    visits.deliver("one.csv", "ann,2024-05-01 10:00:00,1,de,")
    with visits.declared(PAGES, COUNTRY, replace(COUNTRY, name="os")):
        visits.done("first")
        visits.deliver("one.csv", "ann,2024-05-01 10:00:00,1,,de")
        visits.done("second")
    assert numbers(visits) == {"ann": 2}


def test_a_file_that_lost_rows_is_believed_when_it_is_told(visits: Visits) -> None:
    visits.deliver("one.csv", *many(150))
    visits.done("first")
    visits.deliver("one.csv", *many(50))
    ended = visits.run("second", code=3)
    expect_error(ended, 3, "no_file_shrinks (", "one.csv has 50 good rows, 150 before; deliver")
    assert len(visits.rows()) == 150
    visits.run("third", "--accept-shrink", "one.csv")
    assert len(visits.rows()) == 50
    visits.deliver("one.csv", ANN)
    visits.done("fourth")


def test_a_file_that_is_none_is_refused_and_the_others_are_read(visits: Visits) -> None:
    visits.deliver("good.csv", *many(20))
    visits.deliver("pointer.csv", POINTER)
    (visits.raw / "empty.csv").touch()
    ended = visits.run("first")
    refused = [line for line in ended.err.splitlines() if line.startswith("refused: ")]
    assert [re.sub(r"\S*/", "", line)[:40] for line in refused] == [
        "refused: empty.csv is empty; deliver it ",
        "refused: pointer.csv is a pointer of Git",
    ]
    assert len(visits.rows()) == 20
    assert sorted(states(visits)) == [
        ("empty.csv", "refused"),
        ("good.csv", "current"),
        ("pointer.csv", "refused"),
    ]
    found = {row["check"]: row["outcome"] for row in all_checks(visits.root, "first", "visit")}
    assert (found["no_file_refused"], found["refused_within_tolerance"]) == ("failed", "passed")
    assert "files: 3 known" in visits.run("second").err


def test_refused_files_that_are_most_of_a_delivery_shut_the_gate(visits: Visits) -> None:
    visits.deliver("good.csv", ANN)
    visits.deliver("pointer.csv", POINTER)
    ended = visits.run("first", code=3)
    expect_error(ended, 3, "refused_within_tolerance (1 of 2 files are refused (43 of 69 bytes)")
    (visits.raw / "good.csv").unlink()
    ended = visits.run("second", code=3)
    expect_error(ended, 3, "refused_within_tolerance (1 of 1 files are refused")


def test_a_rewritten_file_that_is_none_leaves_its_earlier_rows(visits: Visits) -> None:
    visits.deliver("one.csv", ANN)
    visits.done("first")
    visits.deliver("one.csv", POINTER)
    visits.deliver("two.csv", *many(20))
    visits.run("second", "--tolerance", "0.9")
    assert users(visits)[0] == "ann"


def test_a_file_that_is_gone_is_told(visits: Visits) -> None:
    visits.deliver("one.csv", ANN)
    visits.done("first")
    (visits.raw / "one.csv").unlink()
    visits.deliver("two.csv", BOB)
    visits.done("second")
    (found,) = [
        row for row in all_checks(visits.root, "second", "visit") if row["check"] == "no_file_gone"
    ]
    assert found["outcome"] == "failed" and found["detail"].endswith("/one.csv")
    visits.deliver("one.csv", ANN)
    visits.deliver("three.csv", BOB)
    visits.done("third")
    assert ("one.csv", "gone") not in states(visits)


def test_a_file_that_is_gone_is_told_where_nothing_is_new(visits: Visits) -> None:
    visits.deliver("one.csv", ANN)
    visits.deliver("two.csv", BOB)
    visits.done("first")
    (visits.raw / "one.csv").unlink()
    ended = visits.run("second", "--if-new")
    assert "files: 1 known, 1 gone" in ended.err and "1 warned" in ended.err
    assert states(visits) == [("one.csv", "gone"), ("two.csv", "current")]
    assert "one.csv" in (visits.root / "report" / "visit.html").read_text()
    (found,) = [
        row for row in all_checks(visits.root, "second", "visit") if row["outcome"] == "failed"
    ]
    assert found["check"] == "no_file_gone" and found["detail"].endswith("/one.csv")
    assert users(visits) == ["ann", "bob"]
    assert "visit: up to date, run second" in visits.run("third", "--if-new").out
    assert "files: 1 known\nvisit has all of them; nothing to do" in visits.run("fourth").err


def test_a_file_that_is_back_is_known_again_where_nothing_is_new(visits: Visits) -> None:
    visits.deliver("one.csv", ANN)
    visits.deliver("two.csv", BOB)
    visits.done("first")
    (visits.raw / "one.csv").rename(visits.root / "one.csv")
    visits.run("second")
    (visits.root / "one.csv").rename(visits.raw / "one.csv")
    assert "files: 2 known, 1 back" in visits.done("third").err
    assert states(visits) == [("one.csv", "current"), ("two.csv", "current")]
    assert "files: 2 known\nvisit has all of them" in visits.run("fourth").err


def test_copies_in_days_that_lose_no_row_and_in_files_that_are_there_are_no_warning(
    visits: Visits,
) -> None:
    visits.deliver("first.csv", ANN, BOB)
    visits.deliver("gone.csv", ANN, BOB)
    visits.deliver("late.csv", BOB)
    visits.done("first")
    (visits.raw / "gone.csv").unlink()
    visits.deliver("late.csv", BOB, BOB)
    visits.run("second")
    (found,) = [
        r for r in all_checks(visits.root, "second", "visit") if r["check"] == "no_copies_gone"
    ]
    assert (found["outcome"], found["failed"]) == ("passed", 0)


def test_copies_that_went_with_a_file_are_told(visits: Visits) -> None:
    visits.deliver("one.csv", ANN)
    visits.deliver("two.csv", ANN, BOB)
    visits.done("first")
    (visits.raw / "two.csv").unlink()
    visits.deliver("one.csv", "cat,2024-05-01 11:00:00,1")
    visits.done("second")
    (found,) = [
        r for r in all_checks(visits.root, "second", "visit") if r["check"] == "no_copies_gone"
    ]
    assert found["outcome"] == "failed" and found["detail"].endswith("/two.csv (1)")
    visits.deliver("one.csv", "dan,2024-05-01 12:00:00,1")
    visits.done("third")
    (found,) = [
        r for r in all_checks(visits.root, "third", "visit") if r["check"] == "no_copies_gone"
    ]
    assert (found["outcome"], found["failed"]) == ("failed", 1)


def test_columns_follow_the_declaration(visits: Visits) -> None:
    with visits.declared(replace(PAGES, type="int")):
        visits.deliver("one.csv", ANN, BOB)
        visits.done("first")
    with visits.declared(COUNTRY, PAGES):
        visits.deliver("two.csv", "cat,2024-05-02 11:00:00,de,9007199254740993")
        visits.done("second")
        visits.use()
        rows = iceberg.published_rows(visits.spark, find_job(NAME).publishes).orderBy("user")
        assert [field.name for field in rows.schema] == [
            *("day", "user", "at", "country", "pages", "source_id")
        ]
        assert [(row.country, row.pages) for row in rows.collect()] == [
            *((None, 1), (None, 2), ("de", 9007199254740993))
        ]
    visits.deliver("three.csv", BOB)
    expect_error(visits.run("third", code=2), 2, "made with other columns (country is gone)")


def test_a_file_that_proves_to_be_none_while_it_is_read_is_refused(visits: Visits) -> None:
    visits.deliver("good.csv", *many(60))
    head = "eve,2024-05-01 10:00:00,1\n" * 4000
    (visits.raw / "nul.csv").write_text(f"{head}eve\0,2024-05-01 10:00:00,1\n")
    (visits.raw / "cut.csv.gz").write_bytes(gzip.compress(os.urandom(2**18).hex().encode())[:-99])
    ended = visits.run("first", "--tolerance", "0.999")
    refused = [line for line in ended.err.splitlines() if line.startswith("refused: ")]
    assert [re.sub(r"\S*/", "", line) for line in refused] == [
        "refused: cut.csv.gz is cut off inside of gzip; deliver it again or take it away",
        "refused: nul.csv is no text: it holds NUL bytes; deliver it again or take it away",
    ]
    assert len(visits.rows()) == 60
    assert dict(states(visits)) == {
        "good.csv": "current",
        "nul.csv": "refused",
        "cut.csv.gz": "refused",
    }


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_run(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits.deliver("one.csv", ANN)
    visits.deliver("two.csv", BOB)
    write = Lake.write_frame

    def change_and_write(*arguments: Any) -> None:
        visits.deliver("two.csv", BOB, "cat,2024-05-02 11:00:00,3")
        write(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Lake, "write_frame", change_and_write)
        ended = visits.run("first")
    assert "two.csv changed while it was read; the next run reads it" in ended.err
    assert (users(visits), states(visits)) == (["ann"], [("one.csv", "current")])
    visits.done("second")
    assert users(visits) == ["ann", "bob", "cat"]


def test_a_file_that_vanishes_before_it_is_read_is_left(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits.deliver("one.csv", ANN)
    visits.deliver("two.csv", BOB)

    def vanish_and_inspect(*arguments: Any) -> Any:
        (visits.raw / "two.csv").unlink(missing_ok=True)
        return inspect_each(*arguments)

    monkeypatch.setattr(landing, "inspect_each", vanish_and_inspect)
    ended = visits.done("first")
    assert "two.csv changed while it was read; the next run reads it" in ended.err
    assert users(visits) == ["ann"]
