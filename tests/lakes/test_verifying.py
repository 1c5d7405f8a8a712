"""`verify` holds a whole lake table against its promises and its ledger."""

from dataclasses import replace

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.declarations import Column, Iceberg
from spark_app.jobs import find_job
from tests.lakes.conftest import Visits

CHECKS = (
    *("columns_as_promised", "types_as_promised", "has_rows", "numbers_are_numbers"),
    *("key_is_unique", "day_present", "user_present", "at_present", "pages_in_range"),
    *("day_as_time", "file_is_known", "rows_as_ledger"),
)


@pytest.fixture
def two(visits: Visits) -> Visits:
    """A table of two days, a row each."""
    visits.deliver("one.csv", "ann,2024-05-01 10:00:00,1", "bob,2024-05-02 10:00:00,2")
    visits.done("first")
    return visits


def test_a_table_as_runs_left_it_is_right(two: Visits) -> None:
    two.deliver("one.csv", "ann,2024-05-01 10:00:00,1")
    two.deliver("two.csv", "ann,2024-05-01 10:00:00,1")
    two.done("second")
    rows = [line.split() for line in two.ask("verify", "visit").out.splitlines()[1:]]
    assert {row[0]: row[1:] for row in rows} == {
        name: ["4" if name.endswith("_as_promised") else "1", "0"] for name in CHECKS
    }


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "INSERT INTO lake.tables.visit SELECT * FROM lake.tables.visit WHERE user = 'ann'",
            ["key_is_unique (2 of 3)", "rows_as_ledger (2 rows of", "one.csv on 2024-05-01, not 1"],
        ),
        (
            "UPDATE lake.tables.visit SET day = date'2024-05-03' WHERE user = 'ann'",
            ["day_as_time (1 of 2)", "0 rows of", "on 2024-05-01, not 1", "on 2024-05-03, not 0"],
        ),
        (
            "UPDATE lake.tables.visit SET day = date'2024-05-01' WHERE user = 'bob'",
            ["day_as_time (1 of 2)", "on 2024-05-02, not 1"],
        ),
        (
            "UPDATE lake.tables.visit SET source_id = 7 WHERE user = 'ann'",
            ["file_is_known (source_id 7)", "1 rows of no file on 2024-05-01, not 0"],
        ),
    ],
)
def test_what_is_wrong_is_named(two: Visits, statement: str, words: list[str]) -> None:
    two.change(statement)
    ended = two.ask("verify", "visit", code=3)
    (error,) = ended.errors
    for word in words:
        assert word in error
    assert "publish visit --run RUN_ID" in error
    assert "key_is_unique" in ended.out


def test_a_table_by_month_has_the_month_of_a_time(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = find_job("visit")
    columns = (*job.publishes.columns, Column("month", "date", "its month"))
    months = replace(job.publishes, columns=columns, kept_as=Iceberg("month", sort=("user", "at")))

    def visit(visits: DataFrame) -> DataFrame:
        return job.transform(visits).withColumn("month", F.trunc("at", "month"))

    changed = replace(job, transform=visit, publishes=months)
    monkeypatch.setattr("spark_app.jobs.visit.JOB", changed)
    visits.deliver("one.csv", "ann,2024-05-01 10:00:00,1", "bob,2024-05-17 10:00:00,2")
    visits.done("first")
    assert "day_as_time" in visits.ask("verify", "visit").out
    visits.change("UPDATE lake.tables.visit SET month = date'2024-05-17' WHERE user = 'bob'")
    assert "day_as_time (1 of 2)" in visits.ask("verify", "visit", code=3).errors[0]
