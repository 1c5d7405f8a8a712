"""A lake table has the zones with which it was made: that of its times, and that of its days."""

from dataclasses import replace
from importlib import import_module

import pytest
from pyspark.sql import DataFrame

from spark_app.jobs.days import day_of
from spark_app.run import zones
from tests.e2e.process import expect_error
from tests.lakes.conftest import Visits


def declare(monkeypatch: pytest.MonkeyPatch, zone: str, report_zone: str) -> None:
    """Let the job of visits read and report in other zones."""
    module = import_module("spark_app.jobs.visit")
    source = replace(module.VISITS, zone=zone, report_zone=report_zone)

    def visit(visits: DataFrame) -> DataFrame:
        return visits.withColumn("day", day_of("at", source))

    job = replace(module.JOB, reads=(source,), transform=visit)
    monkeypatch.setattr(module, "JOB", job)


def test_times_are_kept_in_utc_and_days_are_the_reports(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, "Europe/Berlin", "America/New_York")
    visits.deliver(
        "one.csv",
        "ann,2024-10-27 02:30:00,1",  # exists twice
        "bob,2024-03-31 02:30:00,1",  # does not exist
        "cat,2024-05-02 06:00:00,1",  # midnight in New York
        "dan,2024-05-02 05:59:59,1",
    )
    visits.done("first")
    assert visits.rows() == [
        ("ann", "2024-10-27 00:30:00", 1),
        ("cat", "2024-05-02 04:00:00", 1),
        ("dan", "2024-05-02 03:59:59", 1),
    ]
    days = [str(day) for day in sorted(visits.ledger().days["day"])]
    assert days == ["2024-05-01", "2024-05-02", "2024-10-26"]
    page = (visits.root / "report" / "visit.html").read_text()
    assert "delivered without a zone are of Europe/Berlin; a day is one of America/New_York" in page


def test_another_zone_is_refused_before_anything_is_read(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits.deliver("one.csv", "ann,2024-05-01 10:00:00,1")
    visits.done("first")
    before = visits.version()
    assert before.mark(zones.MARK) == "times of UTC, days of UTC"
    for zone, report_zone in (("Europe/Berlin", "UTC"), ("UTC", "Europe/Berlin")):
        declare(monkeypatch, zone, report_zone)
        expect_error(
            visits.run("second", code=2),
            2,
            "the lake table visit was made with times of UTC, days of UTC",
            f"has times of {zone}, days of {report_zone} now: run visit --full",
        )
    assert visits.version() == before
    assert not (visits.root / "runs" / "second").exists()


def test_a_full_run_reads_all_files_again_in_the_new_zones(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits.deliver("one.csv", "ann,2024-05-01 01:00:00,1")
    visits.done("first")
    declare(monkeypatch, "Europe/Berlin", "UTC")
    visits.run("second", "--full")
    assert visits.rows() == [("ann", "2024-04-30 23:00:00", 1)]
    assert visits.version().mark(zones.MARK) == "times of Europe/Berlin, days of UTC"


def test_files_that_are_gone_cannot_be_read_in_new_zones(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits.deliver("one.csv", "ann,2024-05-01 01:00:00,1")
    visits.deliver("two.csv", "bob,2024-05-01 01:00:00,1")
    visits.done("first")
    (visits.raw / "two.csv").unlink()
    declare(monkeypatch, "Europe/Berlin", "UTC")
    ended = visits.run("second", "--full", code=2)
    expect_error(ended, 2, "files of it are gone that would be read again", "two.csv")
