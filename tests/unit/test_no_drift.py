"""The check of the job that compares the newest complete week with the weeks before."""

from datetime import timedelta

import pyarrow as pa
import pytest

from spark_app.declarations import Finding
from spark_app.jobs.organic_share import TABLE
from spark_app.quality.source_findings import own_findings
from spark_app.quality.table_findings import newest_time
from tests.builders import changed, final_row, staged, staging_table
from tests.unit.judging import FINAL, MONDAY, STAGED, evidence, final_table


def judged(staging: pa.Table, final: pa.Table) -> Finding:
    (check,) = (check for check in TABLE.checks if check.name == "no_drift")
    seen = evidence(table=final, staging=staging, newest=newest_time(TABLE, final))
    found = own_findings([check], seen, {})["no_drift"]
    assert isinstance(found, Finding)
    return found


def drift_finding(organic_now: int, installs_now: int, weeks: int = 30) -> Finding:
    """A country at one half for `weeks` weeks, and then the week that is judged."""
    mondays = [MONDAY + timedelta(weeks=i) for i in range(weeks + 1)]
    counts = [(500, 500)] * weeks + [(organic_now, installs_now - organic_now)]
    rows = [staged(m, *c) for m, c in zip(mondays, counts, strict=True)]
    return judged(staging_table(rows), final_table(final_row(m, 1, 2, "DE") for m in mondays))


def test_a_share_in_line_with_the_weeks_before_passes() -> None:
    found = drift_finding(505, 1000)
    assert (found.failed, found.is_insufficient) == (0, False)


def test_a_share_far_from_the_weeks_before_fails() -> None:
    found = drift_finding(700, 1000)
    assert (found.failed, found.is_insufficient) == (1, False)
    assert found.detail.startswith("DE 0.700, usually 0.500")


@pytest.mark.parametrize(("installs", "weeks"), [(199, 30), (1000, 11)])
def test_too_few_installs_or_weeks_are_insufficient(installs: int, weeks: int) -> None:
    found = drift_finding(installs, installs, weeks)
    assert (found.failed, found.is_insufficient) == (0, True)


@pytest.mark.parametrize(("installs", "weeks"), [(200, 30), (1000, 12)])
def test_just_enough_installs_and_weeks_are_judged(installs: int, weeks: int) -> None:
    assert drift_finding(installs, installs, weeks).failed == 1


def test_a_country_with_too_little_data_is_named_beside_those_that_are_judged() -> None:
    mondays = [MONDAY + timedelta(weeks=i) for i in range(31)]
    large = [staged(monday, 500, 500) for monday in mondays]
    small = [staged(monday, 5, 5, country="FR") for monday in mondays]
    final = final_table(final_row(m, 1, 2, c) for m in mondays for c in ("DE", "FR"))
    found = judged(staging_table([*large, *small]), final)
    assert (found.failed, found.is_insufficient) == (0, False)
    assert found.detail == "1 of 2 series have too little data to tell"


def test_without_a_complete_week_drift_is_insufficient() -> None:
    unfinished = final_table(row | {"is_week_complete": False} for row in FINAL)
    found = judged(staging_table(STAGED), unfinished)
    assert (found.is_insufficient, found.detail) == (True, "nothing is settled yet")


def test_drift_is_judged_on_the_newest_complete_week() -> None:
    table = final_table(
        changed(changed(FINAL, 1, is_week_complete=False), 3, is_week_complete=False)
    )
    assert newest_time(TABLE, table) == MONDAY
