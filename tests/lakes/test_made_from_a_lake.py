"""A table of one file that is made from a lake table, at the version that its run pinned."""

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from spark_app.lake import compaction, iceberg
from tests.e2e.process import expect_error
from tests.lakes.conftest import COUNTRY, MART, PAGES, Visits, on_disk_and_in_s3

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ANN, BOB, CAT, DAN = (
    "ann,2024-05-01 10:00:00,2",
    "bob,2024-05-02 10:00:00,3",
    "cat,2024-05-02 11:00:00,4",
    "dan,2024-05-03 11:00:00,5",
)
ONE_DAY = [("2024-05-01", 1, 2)]
TWO_DAYS = [*ONE_DAY, ("2024-05-02", 2, 7)]
STALE = "visit was published again since"


@pytest.fixture
def made(visit_day: Visits) -> Visits:
    """Both tables, of two files that two runs have read."""
    visit_day.deliver("one.csv", ANN, BOB)
    visit_day.done("first")
    visit_day.deliver("two.csv", CAT)
    visit_day.done("second")
    visit_day.make("days")
    return visit_day


@on_disk_and_in_s3
def test_a_table_is_made_from_the_rows_of_the_version_that_its_manifest_names(
    visit_day: Visits,
) -> None:
    visit_day.deliver("one.csv", ANN, BOB, CAT)
    visit_day.done("first")
    visit_day.make("days")
    assert visit_day.by_day() == TWO_DAYS
    version = visit_day.version()
    named = {"table": "visit", "run_id": "first", "snapshot_id": version.snapshot_id}
    assert visit_day.manifest("days")["sources"] == {"visit": named}
    assert "nothing to do" in visit_day.make("days").err
    assert "up to date" in visit_day.make("again", "--if-new").out
    visit_day.deliver("two.csv", DAN)
    visit_day.done("second")
    assert STALE in visit_day.index()
    visit_day.make("later", "--if-new")
    assert visit_day.by_day() == [*TWO_DAYS, ("2024-05-03", 1, 5)]
    assert visit_day.manifest("later")["sources"]["visit"]["run_id"] == "second"


def test_both_are_made_by_one_command(visit_day: Visits) -> None:
    visit_day.deliver("one.csv", ANN, BOB, CAT)
    assert visit_day.make("all", "--upstream").out.splitlines() == [
        "visit: published by run all-visit",
        "visit_day: published by run all-visit_day",
    ]
    assert visit_day.by_day() == TWO_DAYS
    visit_day.deliver("two.csv", DAN)
    visit_day.run("down", "--downstream")
    assert visit_day.by_day() == [*TWO_DAYS, ("2024-05-03", 1, 5)]


def test_a_compaction_is_nothing_new(made: Visits, monkeypatch: pytest.MonkeyPatch) -> None:
    before = made.version()
    monkeypatch.setattr(compaction, "MOST_SMALL_FILES", 1)
    assert made.ask("compact", "visit").out == "compacted 1 day: 2 files became 1\n"
    assert made.version() != before
    assert made.make("again", "--if-new").out == "visit_day: up to date, run days\n"
    assert made.lake.manifest("again") is None


def test_a_roll_back_is_new(made: Visits) -> None:
    made.ask("publish", "visit", "--run", "first")
    assert STALE in made.index()
    made.make("back", "--if-new")
    assert made.by_day() == [*ONE_DAY, ("2024-05-02", 1, 3)]
    assert made.manifest("back")["sources"]["visit"]["run_id"] == "first"
    assert STALE not in made.index()


def test_a_version_that_is_published_meanwhile_is_left_to_the_next_run(
    made: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the number of a row's file, which is the lake's own, is kept from the transform."""
    columns: list[str] = []
    job = import_module(f"spark_app.jobs.{MART}")

    def late(visits: "DataFrame") -> "DataFrame":
        columns.extend(visits.columns)
        made_of: DataFrame = job.visit_day(visits)
        return made_of

    def read_late(*arguments: object) -> "DataFrame":
        if not columns:
            made.deliver("three.csv", DAN)
            made.done("third")
            columns.append("(the third run is published)")
        return rows_at(*arguments)  # type: ignore[arg-type]

    rows_at = iceberg.rows_at
    monkeypatch.setattr(iceberg, "rows_at", read_late)
    monkeypatch.setattr(job, "JOB", replace(job.JOB, transform=late))
    made.make("slow")
    assert made.version().run_id == "third"
    assert made.by_day() == TWO_DAYS
    assert columns[1:] == ["day", "user", "at", "pages"]
    assert STALE in made.index()


def test_the_site_names_the_lake_table_that_a_table_is_made_from(made: Visits) -> None:
    index = made.index()
    assert '<td data-name="Made from"><a href="visit.html">visit</a></td>' in index
    assert STALE not in index
    page = (made.root / "report" / f"{MART}.html").read_text()
    assert "table of run <code>second</code>" in page


def test_before_the_first_version_there_is_nothing_to_read(visit_day: Visits) -> None:
    asked = visit_day.make("days", code=2)
    expect_error(asked, 2, "visit_day reads visit, of which nothing is published yet")


def test_a_lake_table_that_lacks_a_declared_column_is_to_be_read_again(visit_day: Visits) -> None:
    visit_day.deliver("one.csv", *(line.rpartition(",")[0] for line in (ANN, BOB, CAT)))
    with visit_day.declared():
        visit_day.done("first")
    visit_day.deliver("one.csv", ANN, BOB, CAT)
    line = expect_error(visit_day.make("days", code=2), 2, "visit was made with other columns")
    assert "run visit --full first" in line
    visit_day.run("full", "--full")
    visit_day.make("next")
    assert visit_day.by_day() == TWO_DAYS


def test_a_lake_table_that_has_more_columns_than_declared_is_told_as_well(
    visit_day: Visits,
) -> None:
    visit_day.deliver("one.csv", f"{ANN},AT")
    with visit_day.declared(PAGES, COUNTRY):
        visit_day.done("first")
    expect_error(visit_day.make("days", code=2), 2, "visit was made with other columns")
