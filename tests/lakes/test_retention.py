"""`Iceberg(keep_days=…)`: days that are too old are dropped, and nothing brings them back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from spark_app.declarations import Iceberg, Job
from spark_app.jobs import find_job
from spark_app.lake import iceberg
from spark_app.lake.retention import oldest_kept
from tests.e2e.process import expect_error
from tests.lakes.conftest import Killed, Visits, killed

KEPT = 30


def line(user: str, age: int) -> str:
    """A visit so many days ago."""
    at = datetime.now(UTC) - timedelta(days=age)
    return f"{user},{at:%Y-%m-%d} 10:00:00,1"


def users(visits: Visits) -> list[str]:
    return [row[0] for row in visits.rows()]


def keeping(days: int) -> Job:
    """The job, whose table keeps so many days."""
    job = find_job("visit")
    assert isinstance(job.publishes.kept_as, Iceberg)
    kept_as = replace(job.publishes.kept_as, keep_days=days)
    return replace(job, publishes=replace(job.publishes, kept_as=kept_as))


@pytest.fixture
def aged(visits: Visits, monkeypatch: pytest.MonkeyPatch) -> Visits:
    """A table with old days, that is declared to keep 30 days from now on."""
    visits.deliver("old.csv", line("ann", 40), line("ann", 31))
    visits.deliver("mixed.csv", line("bob", 35), line("bob", 20))
    visits.done("first")
    job = keeping(KEPT)
    monkeypatch.setattr("spark_app.jobs.visit.JOB", job)
    return visits


def test_a_run_drops_old_days_and_does_not_read_their_files_again(aged: Visits) -> None:
    aged.deliver("new.csv", line("cat", 1), line("cat", 50), line("cat", 30))
    aged.done("second")
    assert users(aged) == ["bob", "cat", "cat"]
    kept = [row.split()[2] for row in aged.ask("files", "visit").out.splitlines()[1:]]
    assert kept == ["1", "0", "2"]
    assert "files: 3 known" in aged.run("third").err
    aged.deliver("mixed.csv", line("bob", 35), line("bob", 20), line("bob", 19))
    aged.done("fourth")
    assert users(aged) == ["bob", "bob", "cat", "cat"]
    assert "rows_as_ledger" in aged.ask("verify", "visit").out


def test_prune_drops_old_days_where_nothing_new_arrives(aged: Visits) -> None:
    aged.ask("prune", "--keep", "5")
    assert users(aged) == ["bob"]
    assert aged.ask("history", "visit").out.splitlines()[-1].split()[:2] == ["first", "prune"]
    assert "files: 2 known" in aged.run("second").err
    assert "rows_as_ledger" in aged.ask("verify", "visit").out


@pytest.mark.parametrize(
    ("moment", "seen"), [("mark", ["ann", "ann", "bob", "bob"]), ("tidy", ["bob"])]
)
def test_prune_that_is_killed_leaves_the_old_days_or_drops_all_of_them(
    aged: Visits, monkeypatch: pytest.MonkeyPatch, moment: str, seen: list[str]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(iceberg, moment, killed)
        with pytest.raises(Killed):
            aged.ask("prune", "--keep", "5")
    assert users(aged) == seen
    aged.ask("prune", "--keep", "5")
    assert users(aged) == ["bob"]
    assert "files: 2 known" in aged.run("second").err
    assert "rows_as_ledger" in aged.ask("verify", "visit").out


def test_a_table_in_months_keeps_each_until_its_last_day_is_too_old() -> None:
    funnel = find_job("user_funnel").publishes
    assert isinstance(funnel.kept_as, Iceberg)
    table = replace(funnel, kept_as=replace(funnel.kept_as, keep_days=30))

    assert oldest_kept(table, date(2024, 5, 30)) == date(2024, 4, 1)
    assert oldest_kept(table, date(2024, 6, 1)) == date(2024, 5, 1)


def test_rows_that_are_too_old_are_not_missed(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = ([line(f"u{n}", age) for n in range(150)] for age in (40, 20))
    visits.deliver("one.csv", *old, *new)
    visits.deliver("two.csv", *(row.replace("u", "v") for row in (*old, *new)))
    visits.done("first")
    monkeypatch.setattr("spark_app.jobs.visit.JOB", keeping(KEPT))
    visits.deliver("one.csv", *new)
    visits.done("second")
    visits.deliver("two.csv", *(row.replace("u", "v") for row in new))
    visits.done("third")
    visits.deliver("one.csv", *new[:40])
    expect_error(visits.run("fourth", code=3), 3, "one.csv has 40 good rows, 150 before")
