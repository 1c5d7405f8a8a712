"""A lake table grows by what is new: each file version once, one row a key, all or nothing."""

import json
import re
import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from spark_app import jobs
from spark_app.declarations import Append
from spark_app.lake import iceberg, ledger
from spark_app.lake.lake import Lake
from spark_app.run import appending, survivors
from tests.e2e.process import Ended, all_checks, expect_error
from tests.lakes.conftest import Visits, on_disk_and_in_s3

ANN, BOB = ("ann", "2024-05-01 10:00:00", 1), ("bob", "2024-05-02 10:00:00", 2)


def file_name(path: str) -> str:
    return Path(path).name


def expect_gate_shut(ended: Ended, words: str) -> None:
    (error,) = ended.errors
    assert error.startswith("error: the ") and words in error


def line(row: tuple[str, str, int | None]) -> str:
    user, at, pages = row
    return f"{user},{at},{'' if pages is None else pages}"


def test_the_first_run_makes_the_table(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN), line(BOB))
    ended = visits.done("first")
    assert "files: 1 new" in ended.err
    assert visits.rows() == [ANN, BOB]
    version = visits.version()
    assert (version.run_id, version.rows_count) == ("first", 2)
    assert visits.manifest("first")["outcome"] == "published"


def test_a_file_is_read_once(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN))
    visits.done("first")
    visits.deliver("two.csv", line(BOB))
    ended = visits.done("second")
    assert "files: 1 new, 1 known" in ended.err
    assert visits.manifest("second")["stages"][0]["rows_in"] == 1
    assert visits.rows() == [ANN, BOB]


def test_without_new_files_there_is_nothing_to_do(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN))
    visits.done("first")
    before = visits.version()
    ended = visits.run("second")
    assert "files: 1 known\nvisit has all of them; nothing to do" in ended.err
    assert visits.version() == before


def test_a_file_that_is_delivered_again_replaces_its_rows(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN), line(BOB))
    visits.done("first")
    new = ("cat", "2024-05-02 11:00:00", None)
    visits.deliver("one.csv", line(BOB), line(new))
    assert "files: 1 rewritten" in visits.done("second").err
    assert visits.rows() == [BOB, new]


def test_a_day_that_becomes_empty_is_empty(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN), line(BOB))
    visits.done("first")
    visits.deliver("one.csv", line(BOB))
    visits.done("second")
    assert visits.rows() == [BOB]


def test_rows_of_a_file_that_is_gone_stay(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN))
    visits.deliver("two.csv", line(BOB))
    visits.done("first")
    (visits.raw / "one.csv").unlink()
    visits.deliver("three.csv", "cat,2024-05-03 10:00:00,3")
    assert "files: 1 new, 1 known, 1 gone" in visits.done("second").err
    assert len(visits.rows()) == 3
    files = visits.ledger().files
    states = {
        Path(path).name: state for path, state in zip(files["path"], files["state"], strict=True)
    }
    assert states == {"one.csv": "gone", "two.csv": "current", "three.csv": "current"}


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_of_rows_with_one_key_the_largest_stays_whatever_came_first(
    visits: Visits, order: tuple[int, int]
) -> None:
    for number, pages in enumerate(order):
        visits.deliver(f"{number}.csv", line((*ANN[:2], pages)))
        visits.done(f"run-{number}")
    assert visits.rows() == [(*ANN[:2], 2)]


def test_copies_within_a_delivery_are_one_row(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN), line(ANN), line((*ANN[:2], None)))
    visits.done("first")
    assert visits.rows() == [ANN]


def test_a_copy_takes_the_place_of_a_row_that_is_taken_back(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN), line(BOB))
    visits.deliver("two.csv", line(ANN), "eve,2024-05-09 10:00:00,9")
    visits.done("first")
    visits.deliver("one.csv", line(BOB))
    assert "files: 1 rewritten, 1 read again" in visits.done("second").err
    assert ANN in visits.rows()
    visits.deliver("two.csv", "eve,2024-05-09 10:00:00,9")
    visits.done("third")
    assert ANN not in visits.rows()


def test_late_rows_come_into_their_day(visits: Visits) -> None:
    visits.deliver("one.csv", line(BOB))
    visits.done("first")
    visits.deliver("two.csv", line(ANN))
    visits.done("second")
    assert visits.rows() == [ANN, BOB]


def test_bad_lines_are_set_aside_with_their_file(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN), "short", "eve,yesterday,-1")
    visits.deliver("two.csv", line(BOB))
    ended = visits.done("first")
    assert "2 rows set aside by 3 rules" in ended.err
    bad = pq.read_table(visits.root / "quarantine" / "visits" / "run_id=first").to_pylist()
    assert {row["delivered_line"]: row["broken_rules"] for row in bad} == {
        "short": ["line_is_whole"],
        "eve,yesterday,-1": ["at_is_timestamp", "pages_in_range"],
    }
    assert {file_name(row["source_file"]) for row in bad} == {"one.csv"}
    files = visits.ledger().files
    assert list(zip(files["rows_count"], files["quarantined_count"], strict=True)) == [
        (3, 2),
        (1, 0),
    ]


def test_a_time_later_than_tomorrow_is_set_aside(visits: Visits) -> None:
    now = datetime.now(UTC)
    soon, late = (f"eve,{now + timedelta(days=n):%Y-%m-%d} 00:00:00,1" for n in (1, 2))
    visits.deliver("one.csv", soon, late)
    visits.done("first")
    (bad,) = pq.read_table(visits.root / "quarantine" / "visits" / "run_id=first").to_pylist()
    assert (bad["delivered_line"], bad["broken_rules"]) == (late, ["at_not_ahead"])


def test_a_check_of_the_source_judges_its_good_rows(visits: Visits) -> None:
    visits.deliver("one.csv", "robot,never,1", line(ANN), line(BOB))
    visits.done("first")
    visits.deliver("two.csv", "robot,2024-05-01 10:00:00,1", line(BOB))
    expect_gate_shut(visits.run("second", code=3), "no_robot (1 of 2 fail)")


def test_a_shut_gate_leaves_the_table_and_its_ledger(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN))
    visits.done("first")
    before = visits.version()
    visits.deliver("two.csv", "x", "y", line(BOB))
    ended = visits.run("second", code=3)
    expect_gate_shut(ended, "quarantine_within_tolerance (2 of 3 rows are bad (66.67%)")
    assert "; most in " in ended.errors[0] and "two.csv: 2)" in ended.errors[0]
    assert visits.version() == before
    visits.deliver("two.csv", line(BOB))
    visits.done("third")
    assert visits.rows() == [ANN, BOB]


def test_what_was_written_is_judged_on_the_branch(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits.deliver("one.csv", line(ANN), line(ANN))
    with monkeypatch.context() as patched:
        patched.setattr(appending, "one_of_each", lambda rows, *_: rows)
        expect_gate_shut(visits.run("first", code=3), "key_is_unique (2 of 2 fail)")
    visits.done("second")
    assert visits.rows() == [ANN]


def test_a_large_day_lies_in_several_files(visits: Visits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survivors, "FILE_BYTES", 64)
    monkeypatch.setattr(survivors, "LEAST_TASK_BYTES", 64)
    rows = [(f"user {n}", "2024-05-01 10:00:00", n) for n in range(40)]
    visits.deliver("one.csv", *map(line, rows), *map(line, rows))
    visits.done("first")
    assert visits.rows() == sorted(rows, key=str)
    assert len(list(visits.root.rglob("tables/visit/data/**/*.parquet"))) > 2


def test_every_declared_check_is_answered(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN))
    visits.done("first")
    rows = all_checks(visits.root, "first", "visit")
    assert {row["check"] for row in rows if row["layer"] == "final"} == {
        *("columns_as_promised", "types_as_promised", "has_rows", "key_is_unique"),
        *("no_copies_gone", "newest_day_is_usual", "nulls_are_usual"),
        *("day_present", "user_present", "at_present", "pages_in_range"),
    }
    assert {row["outcome"] for row in rows} == {"passed", "insufficient"}


def test_times_that_were_corrected_are_told_where_events_are_numbered(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("spark_app.jobs.visit")
    kept_as = replace(module.TABLE.kept_as, write=Append(event=("user",)))
    table = replace(module.TABLE, kept_as=kept_as)
    monkeypatch.setattr(module, "JOB", replace(module.JOB, publishes=table))
    visits.deliver("one.csv", line(ANN), line(BOB))
    visits.done("first")
    visits.deliver("two.csv", "ann,2024-05-01 10:00:01,1")
    visits.run("second")
    checks = [
        {row["check"]: row for row in all_checks(visits.root, run_id, "visit")}
        for run_id in ("first", "second")
    ]
    outcomes = [found["times_are_not_corrected"]["outcome"] for found in checks]
    assert outcomes == ["passed", "failed"]
    assert checks[1]["times_are_not_corrected"]["detail"] == "1 rows"


def test_nulls_are_told_by_the_manifests(visits: Visits) -> None:
    begin = datetime(2024, 5, 1, tzinfo=UTC)
    days = [f"{begin + timedelta(days=n):%Y-%m-%d}" for n in range(10)]
    lines = [
        f"u{n},{day} 10:00:00,{'' if day == days[8] else 1}" for day in days for n in range(200)
    ]
    visits.deliver("one.csv", *lines)
    visits.done("first")
    checks = {row["check"]: row["detail"] for row in all_checks(visits.root, "first", "visit")}
    assert checks["nulls_are_usual"] == "nulls on 2024-05-09: pages 100%, usually 0%"


def test_readers_of_a_branch_are_none(visits: Visits, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run has written is not seen before it publishes."""
    visits.deliver("one.csv", line(ANN))
    visits.done("first")
    seen = []
    publish = iceberg.publish

    def publish_and_look(*arguments: object) -> None:
        seen.append(visits.rows())
        publish(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(iceberg, "publish", publish_and_look)
    visits.deliver("two.csv", line(BOB))
    visits.done("second")
    assert seen == [[ANN]]
    assert visits.rows() == [ANN, BOB]


@on_disk_and_in_s3
def test_a_table_that_somebody_else_changed_meanwhile_is_left(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits.deliver("one.csv", line(ANN))
    visits.done("first")
    mark = iceberg.mark

    def mark_late(spark: object, table: object, run_id: str, marks: object) -> None:
        mark(spark, table, run_id, marks)  # type: ignore[arg-type]
        visits.use()
        spark.sql(f"DELETE FROM lake.{visits.namespace}.visit")  # type: ignore[attr-defined]

    monkeypatch.setattr(iceberg, "mark", mark_late)
    visits.deliver("two.csv", line(BOB))
    ended = visits.run("second", code=1)
    assert "was changed by somebody else during the run" in ended.errors[0]


def test_a_lake_that_was_moved_says_so(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN))
    visits.done("first")
    elsewhere = visits.root.with_name("elsewhere")
    shutil.move(visits.root, elsewhere)
    visits.root, visits.lake = elsewhere, Lake(str(elsewhere))
    line_ = expect_error(visits.run("second", code=2), 2, "Iceberg keeps whole paths")
    assert str(elsewhere / "tables" / "visit") in line_


def test_a_catalogue_that_is_none_is_named(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN))
    (visits.root / "catalog.db").write_text("nothing of the kind")
    expect_error(visits.run("first", code=2), 2, "catalog.db is no catalogue of a lake")


def test_a_part_of_the_ledger_that_is_gone_is_named(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN))
    visits.done("first")
    (visits.root / "tables" / "visit" / "ledger" / "first-files.parquet").unlink()
    expect_error(visits.run("second", code=2), 2, "first-files.parquet", "put it back")


def test_many_parts_of_the_ledger_are_folded(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "MOST_PARTS", 2)
    for number in range(1, 5):
        visits.deliver(f"{number}.csv", f"ann,2024-05-0{number} 10:00:00,{number}")
        visits.done(f"run-{number}")
    assert visits.version().mark(ledger.MARK) == "run-3,run-4"
    assert list(visits.ledger().files["rows_count"]) == [1, 1, 1, 1]


def test_the_page_shows_rows_by_day(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN), line(BOB))
    ended = visits.done("first")
    assert re.search(r"2024-05-02 +1\n", ended.out)
    assert f"output: {visits.root}/tables/visit" in ended.out
    page = (visits.root / "report" / "visit.html").read_text()
    assert "Rows per day over time" in page
    assert "one row per visit" in page


def test_old_versions_and_branches_do_not_pile_up(visits: Visits) -> None:
    for number in range(3):
        visits.deliver("one.csv", line((*ANN[:2], number)))
        visits.done(f"run-{number}")
    with sqlite3.connect(visits.root / "catalog.db") as database:
        ((location,),) = database.execute("SELECT metadata_location FROM iceberg_tables")
    metadata = json.loads(Path(location.removeprefix("file:")).read_text())
    assert set(metadata["refs"]) == {"main"}


def test_since_makes_no_sense_of_a_table_that_grows(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN))
    expect_error(visits.run("first", "--since", "2024-05-01", code=2), 2, "run without --since")


def test_each_job_of_a_command_has_a_clock_of_its_own(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(jobs.JOBS, "measure", "another lake table of the tests")
    visits.deliver("one.csv", line(ANN))
    asked = ("run", "visit", "measure", "--lake", visits.lake.root, "--run-id", "both")
    (visits.root / "raw" / "measurements").mkdir()
    (visits.root / "raw" / "measurements" / "one.csv").write_text(
        "id,at,version,whole,amount,ratio,flag,day,words\na,1714557600000,1,,,,,,\n"
    )
    ended = visits.elsewhere(*asked)
    assert ended.code == 0, ended.err
    one, other = (visits.manifest(f"both-{name}") for name in ("visit", "measure"))
    first, second = sorted((one, other), key=lambda found: str(found["started_at"]))
    assert first["finished_at"] < second["started_at"] < second["finished_at"]
    for found in (first, second):
        began, at = (datetime.fromisoformat(found[f"{w}_at"]) for w in ("started", "finished"))
        assert found["duration_seconds"] == pytest.approx((at - began).total_seconds(), abs=0.002)


def test_only_what_was_delivered_runs_where_all_jobs_are_asked(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN))
    ended = visits.all("first")
    assert (
        ended.out.startswith("app_event: left, because source ") or "visit: published" in ended.out
    )
    assert "organic_share: left, because source" in ended.out


def test_the_ledger_is_shown(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN), line(ANN), "short")
    visits.done("first")
    visits.deliver("one.csv", line(BOB))
    visits.done("second")
    shown = visits.ask("files", "visit").out.splitlines()
    assert [row.split()[:6] for row in shown] == [
        ["state", "rows", "kept", "copies", "set", "aside"],
        ["superseded", "3", "0", "0", "1", "first"],
        ["current", "1", "1", "0", "0", "second"],
    ]


def test_the_history_is_shown(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN), line(BOB))
    visits.done("first")
    visits.deliver("one.csv", line(BOB))
    visits.done("second")
    first, second = visits.ask("history", "visit").out.splitlines()[1:]
    assert (first.split()[0], first.split()[-3:]) == ("first", ["2", "0", "2"])
    assert (second.split()[0], second.split()[-3:]) == ("second", ["0", "1", "1"])


@pytest.mark.parametrize("command", ["files", "history"])
def test_a_table_that_is_not_there_or_of_one_file_has_no_ledger(
    visits: Visits, command: str
) -> None:
    nothing = visits.ask(command, "visit", code=2)
    expect_error(nothing, 2, "nothing of visit is published yet; run visit first")
    assert nothing.out == ""
    expect_error(visits.ask(command, "organic_share", code=2), 2, "is a table of one file; this")


def test_a_plan_says_that_only_new_files_are_read(visits: Visits) -> None:
    visits.deliver("one.csv", line(ANN))
    visits.done("first")
    planned = visits.ask("run", "visit", "--dry-run").out.splitlines()[1]
    assert planned.split(maxsplit=2) == [
        *("visit", "run", "up to date; it reads only files that are new")
    ]
    assert visits.ask("run", "visit", "--dry-run", "--if-new").out.split()[-4:] == [
        *("leave", "up", "to", "date")
    ]


def test_a_lake_whose_path_has_quotes_is_a_lake_like_any_other(
    visits: Visits, tmp_path: Path
) -> None:
    visits.lake = Lake(str(tmp_path / 'the owner\'s \\ "lake"'))
    visits.deliver("one.csv", line(ANN), line(BOB))
    visits.done("first")
    visits.deliver("two.csv", line(("cat", "2024-05-02 11:00:00", 3)))
    visits.done("second")
    assert len(visits.rows()) == 3
