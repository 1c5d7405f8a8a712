"""Every check of the organic-share job, in words: what the gate runs and the report shows."""

from collections.abc import Callable, Mapping
from typing import Any

from spark_app.jobs.organic_share import measures as m
from spark_app.jobs.organic_share.facts import Facts
from spark_app.jobs.organic_share.rules import row_rules
from spark_app.quality.checks import Check, Expectation, Finding, Layer, Measure, Severity
from spark_app.settings import Settings

GRAIN = {"column_list": ["country", "week_start_date"]}


def checks(settings: Settings) -> tuple[Check, ...]:
    """All checks in the order of the layers; two exist only where a setting asks for them."""
    rules = row_rules(settings)
    return (*contract_checks(), *rules, *raw_checks(settings), *staging_checks(), *final_checks())


def contract_checks() -> tuple[Check, ...]:
    """What the files' footers must promise: run on one row per delivered file and column."""
    return (
        _all_false("is_missing", "columns_present", "fail", "Every file has the ten columns."),
        _all_false(
            "is_wrong_type",
            "types_kept",
            "fail",
            "Every column has its promised type, or one that loses nothing.",
        ),
        _all_false("is_extra", "no_extra_columns", "warn", "No file has further columns."),
    )


def raw_checks(settings: Settings) -> tuple[Check, ...]:
    """What is true of the rows that were read, taken together."""
    days, listed = settings.max_load_age_days, frozenset(settings.channels)
    fresh = _measure(
        "loads_are_fresh",
        "raw",
        "warn",
        f"The newest load is at most {days} days old.",
        lambda facts: m.loads_are_fresh(facts, days or 0),
    )
    allowed = _measure(
        "channels_allowed",
        "raw",
        "warn",
        f"Every channel is one of the {len(listed)} allowed ones.",
        lambda facts: m.channels_allowed(facts, listed),
    )
    return (
        _fail("all_rows_read", "As many rows were read as the files hold.", m.all_rows_read),
        _fail("has_rows", "At least one row was delivered.", m.has_rows),
        _fail(
            "has_organic_rows", "At least one good row is of the channel Organic.", m.has_organic
        ),
        _fail(
            "quarantine_within_tolerance",
            "The share of quarantined rows is within the tolerance.",
            m.quarantine_within_tolerance,
        ),
        _fail(
            "has_counted_rows",
            "At least one good row counts: it is not only a roll-up or a platform.",
            m.has_counted_rows,
        ),
        _fail("span_is_plausible", "The counted days span at most 50 years.", m.span_is_plausible),
        _warn(
            "channels_are_consistent",
            "Each name has one token and one has_subtrackers, and each token one name.",
            m.channels_are_consistent,
        ),
        _warn(
            "rollup_equals_platforms",
            "`all` equals ios + android per day and country where all three exist.",
            m.rollup_equals_platforms,
        ),
        _warn("no_future_dates", "No row counts a day after today (UTC).", m.no_future_dates),
        _warn(
            "no_bad_redelivery",
            "No good row was kept although a later delivery of it is bad.",
            m.no_bad_redelivery,
        ),
        *([allowed] if listed else []),
        *([fresh] if days is not None else []),
    )


def staging_checks() -> tuple[Check, ...]:
    """What is true of the complete grid of countries and weeks."""
    return (
        _staging(
            "grid_is_unique",
            "Each country and week stands there once.",
            "ExpectCompoundColumnsToBeUnique",
            lambda _: GRAIN,
        ),
        _staging(
            "grid_is_complete",
            "No combination of country and week is missing.",
            "ExpectTableRowCountToEqual",
            lambda facts: {"value": facts.grid.countries_count * len(facts.grid.weeks)},
        ),
        _staging(
            "weeks_are_contiguous",
            "The weeks are every Monday from the first counted week to the last.",
            "ExpectColumnDistinctValuesToEqualSet",
            lambda facts: {"column": "week_start_date", "value_set": list(facts.grid.weeks)},
        ),
        _measure(
            "grid_has_no_nulls",
            "staging",
            "fail",
            "Nothing but last_counted_date is null.",
            lambda facts: m.nothing_null(facts.staging, "last_counted_date"),
        ),
        *(_not_negative(column) for column in ("organic_count", "paid_count")),
        _total("organic_count", lambda facts: facts.grid.organic_count),
        _total("paid_count", lambda facts: facts.grid.paid_count),
    )


def final_checks() -> tuple[Check, ...]:
    """What is true of the table before readers may see it."""
    share = {"column": "share_organic_p4w"}
    return (
        _final(
            "columns_as_promised",
            "The columns are exactly the promised ones, in order.",
            "ExpectTableColumnsToMatchOrderedList",
            lambda _: {"column_list": m.promised_columns()},
        ),
        _measure(
            "types_as_promised",
            "final",
            "fail",
            "The columns have exactly the promised types.",
            m.types_as_promised,
        ),
        _measure(
            "only_the_share_is_null",
            "final",
            "fail",
            "Nothing but the share is null.",
            lambda facts: m.nothing_null(facts.final, "share_organic_p4w"),
        ),
        _final(
            "key_is_unique",
            "Each country and week stands there once.",
            "ExpectCompoundColumnsToBeUnique",
            lambda _: GRAIN,
        ),
        _final(
            "share_is_null_without_installs",
            "The share is null where there were no installs.",
            "ExpectColumnValuesToBeNull",
            lambda _: share | _where_installs(is_any=False),
        ),
        _final(
            "share_is_there_with_installs",
            "The share is there where there were installs.",
            "ExpectColumnValuesToNotBeNull",
            lambda _: share | _where_installs(is_any=True),
        ),
        _final(
            "share_is_a_share",
            "The share lies between 0 and 1.",
            "ExpectColumnValuesToBeBetween",
            lambda _: {**share, "min_value": 0, "max_value": 1},
        ),
        _final(
            "organic_within_installs",
            "Organic installs are at most all installs.",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            lambda _: {
                "column_A": "installs_p4w_count",
                "column_B": "organic_p4w_count",
                "or_equal": True,
            },
        ),
        _final(
            "rows_as_in_staging",
            "There are as many rows as in the grid of staging.",
            "ExpectTableRowCountToEqual",
            lambda facts: {"value": facts.staging.num_rows},
        ),
        _measure(
            "no_drift",
            "final",
            "warn",
            "The organic share of the newest complete week is in line with the weeks before.",
            m.no_drift,
        ),
        _measure(
            "history_unchanged",
            "final",
            "warn",
            "No complete week that was already published changes.",
            m.history_unchanged,
        ),
    )


def _measure(
    name: str, layer: Layer, severity: Severity, words: str, find: Callable[[Facts], Finding]
) -> Check:
    return Check(name, layer, severity, words, Measure(find))


def _fail(name: str, words: str, find: Callable[[Facts], Finding]) -> Check:
    return _measure(name, "raw", "fail", words, find)


def _warn(name: str, words: str, find: Callable[[Facts], Finding]) -> Check:
    return _measure(name, "raw", "warn", words, find)


def _staging(
    name: str, words: str, kind: str, arguments: Callable[[Facts], Mapping[str, Any]]
) -> Check:
    return Check(name, "staging", "fail", words, Expectation(kind, arguments))


def _final(
    name: str, words: str, kind: str, arguments: Callable[[Facts], Mapping[str, Any]]
) -> Check:
    return Check(name, "final", "fail", words, Expectation(kind, arguments))


def _all_false(column: str, name: str, severity: Severity, words: str) -> Check:
    wanted = {"column": column, "value_set": [False]}
    test = Expectation(
        "ExpectColumnValuesToBeInSet", lambda _: wanted, lambda facts: facts.delivery[column]
    )
    return Check(name, "raw", severity, words, test)


def _not_negative(column: str) -> Check:
    return _staging(
        f"{column}_not_negative",
        f"No {column} is negative.",
        "ExpectColumnValuesToBeBetween",
        lambda _: {"column": column, "min_value": 0},
    )


def _total(column: str, total: Callable[[Facts], int]) -> Check:
    return _staging(
        f"{column}_total_kept",
        f"The total of {column} equals the total of the rows that count.",
        "ExpectColumnSumToBeBetween",
        lambda facts: {"column": column, "min_value": total(facts), "max_value": total(facts)},
    )


def _where_installs(*, is_any: bool) -> dict[str, Any]:
    from great_expectations.expectations.row_conditions import Column

    installs = Column("installs_p4w_count")
    return {"row_condition": installs > 0 if is_any else installs == 0}
