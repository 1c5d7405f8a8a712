"""Every check on facts and tables: one that passes, and one that it fails on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from spark_app.jobs.organic_share import measures
from spark_app.jobs.organic_share.checks import checks, final_checks, raw_checks, staging_checks
from spark_app.jobs.organic_share.facts import DayFacts, Facts, GridFacts, RowFacts
from spark_app.jobs.organic_share.schema import published_schema
from spark_app.quality.checks import CheckResult, Layer
from spark_app.quality.gate import evaluate, shut_reason
from spark_app.settings import Settings
from tests.builders import Row, staged, staging_table

MONDAY = date(2021, 3, 1)
NEXT = date(2021, 3, 8)
STRICT = Settings(channels=("Organic", "Ads"), max_load_age_days=3)
NO_TABLE = pa.table({"file": pa.array([], pa.string())})

ROWS = RowFacts(
    rows_count=100,
    footer_rows_count=100,
    broken_counts={"value_present": 1},
    quarantined_count=1,
    organic_count=50,
    future_count=0,
    newest_load_at=datetime(2021, 3, 9, tzinfo=UTC),
    channels=frozenset({"Organic", "Ads"}),
)
DAYS = DayFacts(
    days_count=2,
    countries=frozenset({"DE", "US"}),
    first_day=MONDAY,
    last_day=date(2021, 3, 14),
    organic_count=6,
    paid_count=10,
    rollups_count=2,
    differing_rollups_count=0,
)
STAGED = [
    staged(MONDAY, 1, 2),
    staged(NEXT, 5, 5),
    staged(MONDAY, 0, 3, country="US"),
    staged(NEXT, 0, 0, country="US", last_counted_date=None),
]


def final_row(week: date, organic: int, installs: int, country: str, **overrides: Any) -> Row:
    year, number, _ = week.isocalendar()
    base = {
        "year": year,
        "week": number,
        "country": country,
        "share_organic_p4w": organic / installs if installs else None,
        "week_start_date": week,
        "organic_p4w_count": organic,
        "installs_p4w_count": installs,
        "weeks_in_window_count": 1,
        "is_week_complete": True,
    }
    return base | overrides


FINAL = [
    final_row(MONDAY, 1, 3, "DE"),
    final_row(NEXT, 6, 13, "DE"),
    final_row(MONDAY, 0, 0, "US"),
    final_row(NEXT, 0, 3, "US"),
]
GOOD = Facts(
    tolerance=0.01,
    today=date(2021, 3, 10),
    delivery={},
    rows_found=ROWS,
    days_found=DAYS,
    grid_wanted=GridFacts(2, (MONDAY, NEXT), 6, 10),
    staging_built=staging_table(STAGED),
)


def final_table(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=published_schema())


def outcomes(results: list[CheckResult]) -> set[str]:
    """The checks that did not pass; little data is no failure."""
    return {r.check for r in results if r.outcome not in ("passed", "insufficient")}


def raw_failures(facts: Facts) -> set[str]:
    return outcomes(evaluate(raw_checks(STRICT), NO_TABLE, facts))


def with_rows(**changes: Any) -> Facts:
    return replace(GOOD, rows_found=replace(ROWS, **changes))


def with_days(**changes: Any) -> Facts:
    return replace(GOOD, days_found=replace(DAYS, **changes))


def test_good_facts_pass_every_raw_check() -> None:
    assert raw_failures(GOOD) == set()


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("all_rows_read", with_rows(footer_rows_count=101)),
        ("all_rows_read", with_rows(footer_rows_count=99)),
        ("has_rows", with_rows(rows_count=0, footer_rows_count=0, quarantined_count=0)),
        ("has_organic_rows", with_rows(organic_count=0)),
        ("quarantine_within_tolerance", with_rows(quarantined_count=2)),
        ("quarantine_within_tolerance", replace(with_rows(quarantined_count=100), tolerance=1.0)),
        ("has_counted_rows", with_days(days_count=0)),
        ("span_is_plausible", with_days(first_day=date(1970, 1, 1))),
        ("channels_are_consistent", with_rows(contradictions=("Ads has 2 tokens",))),
        ("rollup_equals_platforms", with_days(differing_rollups_count=1)),
        ("no_future_dates", with_rows(future_count=1)),
        ("no_bad_redelivery", with_rows(bad_redelivery_count=1)),
        ("channels_allowed", with_rows(channels=frozenset({"Organic", "New"}))),
        ("loads_are_fresh", with_rows(newest_load_at=datetime(2021, 3, 6, 23, 59, tzinfo=UTC))),
        ("loads_are_fresh", with_rows(newest_load_at=None)),
    ],
)
def test_facts_that_break_one_raw_check(name: str, facts: Facts) -> None:
    assert raw_failures(facts) == {name}


@pytest.mark.parametrize(
    "facts",
    [
        with_rows(quarantined_count=1),
        with_rows(footer_rows_count=None),
        with_rows(newest_load_at=datetime(2021, 3, 7, tzinfo=UTC)),
        with_days(first_day=MONDAY - timedelta(days=50 * 365)),
        with_days(rollups_count=0),
    ],
    ids=["at the tolerance", "since", "as old as allowed", "fifty years", "no roll-ups"],
)
def test_facts_at_the_border_of_a_raw_check_pass(facts: Facts) -> None:
    assert raw_failures(facts) == set()


def test_facts_that_are_missing_keep_every_gate_shut() -> None:
    nothing = Facts(0.01, MONDAY, {})
    raw = evaluate(raw_checks(STRICT), NO_TABLE, nothing)
    assert {result.outcome for result in raw} == {"error"}
    staging = evaluate(staging_checks(), staging_table(STAGED), nothing)
    assert shut_reason("staging", staging)


def test_two_checks_exist_only_where_a_setting_asks_for_them() -> None:
    asked = {check.name for check in raw_checks(STRICT)}
    assert asked - {c.name for c in raw_checks(Settings())} == {
        "channels_allowed",
        "loads_are_fresh",
    }


def test_every_check_has_a_name_of_its_own_and_a_sentence() -> None:
    every = checks(STRICT)
    assert len({(check.layer, check.name) for check in every}) == len(every)
    assert all(check.description.endswith(".") for check in every)
    assert all(check.description[0].isalnum() or check.description[0] == "`" for check in every)


def test_every_layer_has_a_check_that_can_shut_its_gate() -> None:
    layers: tuple[Layer, ...] = ("raw", "staging", "final")
    for layer in layers:
        assert any(c.layer == layer and c.severity == "fail" for c in checks(Settings()))


def staging_results(rows: list[Row]) -> list[CheckResult]:
    table = staging_table(rows)
    return evaluate(staging_checks(), table, replace(GOOD, staging_built=table))


def staging_failures(rows: list[Row]) -> set[str]:
    return outcomes(staging_results(rows))


def test_a_complete_grid_passes_every_staging_check() -> None:
    assert staging_failures(STAGED) == set()


def changed(rows: list[Row], i: int, **changes: Any) -> list[Row]:
    return [row | changes if j == i else row for j, row in enumerate(rows)]


def test_staging_rows_that_break_each_check() -> None:
    twice = [*STAGED[:3], STAGED[2]]
    assert "grid_is_unique" in staging_failures(twice)
    assert "grid_is_complete" in staging_failures(STAGED[:3])
    assert "grid_is_complete" in staging_failures([*STAGED, staged(NEXT, 0, 0, country="FR")])
    later = changed(
        changed(STAGED, 1, week_start_date=date(2021, 3, 15)), 3, week_start_date=date(2021, 3, 15)
    )
    assert staging_failures(later) == {"weeks_are_contiguous"}
    assert staging_failures(changed(changed(STAGED, 0, organic_count=-1), 1, organic_count=7)) == {
        "organic_count_not_negative"
    }
    assert staging_failures(changed(changed(STAGED, 2, paid_count=-1), 1, paid_count=9)) == {
        "paid_count_not_negative"
    }
    assert staging_failures(changed(STAGED, 1, organic_count=6)) == {"organic_count_total_kept"}
    assert staging_failures(changed(STAGED, 1, paid_count=4)) == {"paid_count_total_kept"}


def test_staging_without_rows_keeps_the_gate_shut() -> None:
    results = staging_results([])
    assert shut_reason("staging", results)
    errors = [result for result in results if result.check != "grid_has_no_nulls"]
    assert {result.outcome for result in errors} == {"error"}


@pytest.mark.parametrize("column", ["country", "week_start_date", "organic_count", "paid_count"])
def test_a_staging_column_of_nulls_keeps_the_gate_shut(column: str) -> None:
    results = staging_results([row | {column: None} for row in STAGED])
    assert "grid_has_no_nulls" in outcomes(results)
    assert shut_reason("staging", results)


@pytest.mark.parametrize("column", ["country", "week_start_date", "organic_count", "paid_count"])
def test_one_null_in_a_staging_column_keeps_the_gate_shut(column: str) -> None:
    results = staging_results(changed(STAGED, 3, **{column: None}))
    assert "grid_has_no_nulls" in outcomes(results)
    assert shut_reason("staging", results)


def final_results(table: pa.Table) -> list[CheckResult]:
    return evaluate(final_checks(), table, replace(GOOD, final_built=table))


def final_failures(rows: list[Row]) -> set[str]:
    return outcomes(final_results(final_table(rows)))


def test_the_promised_table_passes_every_final_check() -> None:
    assert final_failures(FINAL) == set()


def test_final_rows_that_break_each_check() -> None:
    assert final_failures([*FINAL[:3], FINAL[2]]) == {"key_is_unique"}
    assert final_failures(changed(FINAL, 2, share_organic_p4w=0.0)) == {
        "share_is_null_without_installs"
    }
    assert final_failures(changed(FINAL, 3, share_organic_p4w=None)) == {
        "share_is_there_with_installs"
    }
    for share in (-0.1, 1.1, float("inf"), float("nan")):
        assert final_failures(changed(FINAL, 0, share_organic_p4w=share)) == {"share_is_a_share"}
    assert final_failures(changed(FINAL, 0, organic_p4w_count=4)) == {"organic_within_installs"}
    assert final_failures(FINAL[:3]) == {"rows_as_in_staging"}


def test_shares_of_0_and_1_and_weeks_all_organic_pass() -> None:
    assert final_failures(changed(FINAL, 0, organic_p4w_count=3, share_organic_p4w=1.0)) == set()
    assert (
        final_failures(
            [
                row | {"share_organic_p4w": None, "installs_p4w_count": 0, "organic_p4w_count": 0}
                for row in FINAL
            ]
        )
        == set()
    )


TABLES: dict[str, Callable[[pa.Table], pa.Table]] = {
    "a column less": lambda t: t.drop_columns(["week"]),
    "a column more": lambda t: t.append_column("more", pa.nulls(t.num_rows, pa.int32())),
    "columns in another order": lambda t: t.select(list(reversed(t.column_names))),
    "no rows": lambda t: t.slice(0, 0),
    "no columns": lambda t: t.select([]),
    "years as int64": lambda t: t.set_column(0, "year", t["year"].cast(pa.int64())),
    "countries as large strings": lambda t: t.set_column(
        2, "country", t["country"].cast(pa.large_string())
    ),
    "shares as floats": lambda t: t.set_column(
        3, "share_organic_p4w", t["share_organic_p4w"].cast(pa.float32())
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_another_shape_than_the_promised_one_keeps_the_gate_shut(case: str) -> None:
    results = final_results(TABLES[case](final_table(FINAL)))
    told = "types_as_promised" if " as " in case else "columns_as_promised"
    assert told in outcomes(results)
    assert shut_reason("final", results)


NEVER_NULL = [name for name in published_schema().names if name != "share_organic_p4w"]


@pytest.mark.parametrize("column", NEVER_NULL)
def test_nulls_in_a_final_column_keep_the_gate_shut(column: str) -> None:
    for rows in ([row | {column: None} for row in FINAL], changed(FINAL, 3, **{column: None})):
        results = final_results(final_table(rows))
        assert "only_the_share_is_null" in outcomes(results)
        assert shut_reason("final", results)


def history_finding(now: list[Row], before: list[Row] | None) -> tuple[int, int, str]:
    published = final_table(before) if before is not None else None
    facts = replace(GOOD, final_built=final_table(now), published=published)
    found = measures.history_unchanged(facts)
    return found.rows, found.failed, found.detail


def test_without_a_publication_no_history_changes() -> None:
    assert history_finding(FINAL, None)[1] == 0


def test_new_weeks_and_countries_are_no_change_of_history() -> None:
    later = date(2021, 3, 15)
    more = [final_row(later, 1, 1, "DE"), final_row(later, 1, 1, "FR"), final_row(NEXT, 0, 0, "FR")]
    assert history_finding([*FINAL, *more], FINAL)[:2] == (4, 0)


def test_a_country_that_appears_in_published_weeks_changes_history() -> None:
    rows, failed, words = history_finding([*FINAL, final_row(NEXT, 1, 1, "FR")], FINAL)
    assert (rows, failed) == (4, 1)
    assert words.startswith("1 rows in 1 weeks from 2021-03-08")


@pytest.mark.parametrize(("bad", "tolerance"), [(29, 0.29), (57, 0.57), (1, 0.01), (0, 0.0)])
def test_the_tolerance_is_inclusive(bad: int, tolerance: float) -> None:
    facts = replace(with_rows(quarantined_count=bad), tolerance=tolerance)
    assert measures.quarantine_within_tolerance(facts).failed == 0
    over = replace(with_rows(quarantined_count=bad + 1), tolerance=tolerance)
    assert measures.quarantine_within_tolerance(over).failed == bad + 1


def test_a_change_says_which_weeks_and_by_how_much() -> None:
    now = changed(
        changed(FINAL, 0, organic_p4w_count=2, share_organic_p4w=2 / 3), 3, installs_p4w_count=4
    )
    rows, failed, words = history_finding(now, FINAL)
    assert (rows, failed) == (4, 2)
    assert words.startswith("2 rows in 2 weeks from 2021-03-01 to 2021-03-08")
    assert "0.3333 at most (DE, 2021-03-01)" in words


def test_a_published_row_that_is_gone_is_a_change() -> None:
    assert history_finding(FINAL[1:], FINAL)[1] == 1


def test_a_published_week_that_was_not_complete_may_change() -> None:
    before = changed(FINAL, 1, is_week_complete=False, organic_p4w_count=0)
    assert history_finding(FINAL, before)[:2] == (3, 0)


def drift_finding(organic_now: int, installs_now: int, weeks: int = 30) -> Any:
    """A country at one half for `weeks` weeks, and then the week that is judged."""
    mondays = [MONDAY + timedelta(weeks=i) for i in range(weeks + 1)]
    counts = [(500, 500)] * weeks + [(organic_now, installs_now - organic_now)]
    rows = [staged(m, *c) for m, c in zip(mondays, counts, strict=True)]
    final = final_table([final_row(m, 1, 2, "DE") for m in mondays])
    return measures.no_drift(replace(GOOD, staging_built=staging_table(rows), final_built=final))


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


def test_a_country_with_too_little_data_is_told_beside_those_that_are_judged() -> None:
    mondays = [MONDAY + timedelta(weeks=i) for i in range(31)]
    large = [staged(monday, 500, 500) for monday in mondays]
    small = [staged(monday, 5, 5, country="FR") for monday in mondays]
    final = final_table([final_row(m, 1, 2, c) for m in mondays for c in ("DE", "FR")])
    staging = staging_table([*large, *small])
    found = measures.no_drift(replace(GOOD, staging_built=staging, final_built=final))
    assert (found.failed, found.is_insufficient) == (0, False)
    assert found.detail == "1 of 2 countries have too little data to tell"


def test_without_a_complete_week_drift_is_insufficient() -> None:
    unfinished = final_table([row | {"is_week_complete": False} for row in FINAL])
    assert measures.no_drift(replace(GOOD, final_built=unfinished)).is_insufficient


def test_drift_is_judged_on_the_newest_complete_week() -> None:
    table = final_table(
        changed(changed(FINAL, 1, is_week_complete=False), 3, is_week_complete=False)
    )
    assert measures.last_complete_week(table) == MONDAY
