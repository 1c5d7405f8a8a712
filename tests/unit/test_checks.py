"""Every raw check of the job: counts that pass it, and counts that it fails on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from spark_app.jobs.organic_share import JOB
from spark_app.jobs.organic_share.counts import Counts
from spark_app.jobs.organic_share.raw import INSTALLS
from spark_app.quality.gate import shut_reason
from spark_app.quality.results import LAYERS, CheckResult, results_of
from spark_app.quality.source_findings import counted, own_findings
from spark_app.quality.standard import checks_of, rules_of, source_checks
from spark_app.sources import contract
from tests.builders import DEFAULTS
from tests.unit.judging import COUNTS, DAYS, MONDAY, STRICT, evidence, unsound


def raw_results(
    counts: Counts | None = COUNTS,
    *,
    rows: int = 100,
    delivered: int | None = 100,
    bad: int = 1,
    tolerance: float = 0.01,
) -> list[CheckResult]:
    broken = {rule.name: 0 for rule in rules_of(INSTALLS, STRICT)} | {"value_present": bad}
    found = {
        **contract.findings([]),
        **counted(rows, delivered, broken, bad, tolerance),
        **own_findings(INSTALLS.checks, evidence(counted=counts), STRICT),
    }
    return results_of(source_checks(INSTALLS, STRICT), found)


def raw_failures(counts: Counts = COUNTS, **more: Any) -> set[str]:
    return unsound(raw_results(counts, **more))


def with_days(**changes: Any) -> Counts:
    return replace(COUNTS, days=replace(DAYS, **changes))


def test_good_counts_pass_every_raw_check() -> None:
    assert raw_failures() == set()


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("all_rows_read", {"delivered": 101}),
        ("all_rows_read", {"delivered": 99}),
        ("has_rows", {"rows": 0, "delivered": 0, "bad": 0}),
        ("quarantine_within_tolerance", {"bad": 2}),
        ("quarantine_within_tolerance", {"bad": 100, "tolerance": 1.0}),
    ],
)
def test_rows_that_break_one_standard_check(name: str, rows: dict[str, Any]) -> None:
    assert raw_failures(**rows) == {name}


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("has_organic_rows", replace(COUNTS, organic_count=0)),
        ("has_counted_rows", with_days(days_count=0)),
        ("span_is_plausible", with_days(first_day=date(1970, 1, 1))),
        ("channels_are_consistent", replace(COUNTS, contradictions=("Ads has 2 tokens",))),
        ("rollup_equals_platforms", with_days(differing_rollups_count=1)),
        ("no_future_dates", replace(COUNTS, future_count=1)),
        ("no_bad_redelivery", replace(COUNTS, bad_redeliveries_count=1)),
        ("channels_allowed", replace(COUNTS, channels=frozenset({"Organic", "New"}))),
        (
            "loads_are_fresh",
            replace(COUNTS, newest_load_at=datetime(2021, 3, 6, 23, 59, tzinfo=UTC)),
        ),
        ("loads_are_fresh", replace(COUNTS, newest_load_at=None)),
    ],
)
def test_counts_that_break_one_check_of_the_job(name: str, counts: Counts) -> None:
    assert raw_failures(counts) == {name}


@pytest.mark.parametrize(
    ("counts", "rows"),
    [
        (COUNTS, {"bad": 1}),
        (COUNTS, {"delivered": None}),
        (replace(COUNTS, newest_load_at=datetime(2021, 3, 7, tzinfo=UTC)), {}),
        (with_days(first_day=MONDAY - timedelta(days=50 * 365)), {}),
        (with_days(rollups_count=0), {}),
    ],
    ids=["at the tolerance", "since", "as old as allowed", "fifty years", "no roll-ups"],
)
def test_what_is_at_the_border_of_a_raw_check_passes(counts: Counts, rows: dict[str, Any]) -> None:
    assert raw_failures(counts, **rows) == set()


def test_counts_that_are_missing_keep_the_raw_gate_shut() -> None:
    own = [check.name for check in INSTALLS.checks]
    raw = {result.check: result.outcome for result in raw_results(None)}
    assert {raw[name] for name in own} == {"error"}
    nothing = results_of(source_checks(INSTALLS, STRICT), {})
    assert {result.outcome for result in nothing} == {"error"}
    assert shut_reason("raw", raw_results(None))
    assert shut_reason("raw", nothing)


def test_two_checks_exist_only_where_an_option_asks_for_them() -> None:
    asked = {check.name for check in checks_of(JOB, STRICT)}
    assert asked - {check.name for check in checks_of(JOB, DEFAULTS)} == {
        "channels_allowed",
        "loads_are_fresh",
    }


def test_every_check_has_a_name_of_its_own_and_a_sentence() -> None:
    every = checks_of(JOB, STRICT)
    assert len({(check.layer, check.table, check.name) for check in every}) == len(every)
    assert all(check.words.endswith(".") for check in every)
    assert all(check.words[0].isalnum() or check.words[0] == "`" for check in every)


def test_every_layer_has_a_check_that_can_shut_its_gate() -> None:
    for layer in LAYERS:
        assert any(c.layer == layer and c.severity == "fail" for c in checks_of(JOB, DEFAULTS))
