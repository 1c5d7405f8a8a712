"""Every check of staging and of the published table: rows that pass it, and rows that break it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from spark_app.jobs.organic_share import GRID, TABLE
from spark_app.lake.arrow import schema
from spark_app.quality.gate import shut_reason
from spark_app.quality.results import CheckResult, results_of
from spark_app.quality.source_findings import own_findings
from spark_app.quality.standard import table_checks
from spark_app.quality.table_findings import standard_findings
from tests.builders import Row, changed, frame, staged, staging_table
from tests.unit.judging import FINAL, NEXT, STAGED, STRICT, evidence, final_table, unsound


def staging_results(rows: list[Row], **more: Any) -> list[CheckResult]:
    table = staging_table(rows)
    found = {
        **standard_findings(GRID, table, None, {}),
        **own_findings(GRID.checks, evidence(table=table, **more), {}),
    }
    return results_of(table_checks("staging", GRID, (), {}), found)


def staging_failures(rows: list[Row], **more: Any) -> set[str]:
    return unsound(staging_results(rows, **more))


def test_a_complete_grid_passes_every_staging_check() -> None:
    assert staging_failures(STAGED) == set()


def test_staging_rows_that_break_each_check() -> None:
    twice = [*STAGED[:3], STAGED[2]]
    assert "key_is_unique" in staging_failures(twice)
    assert staging_failures(STAGED[:3]) == {"grid_is_complete"}
    assert "grid_is_complete" in staging_failures([*STAGED, staged(NEXT, 0, 0, country="FR")])
    later = changed(
        changed(STAGED, 1, week_start_date=date(2021, 3, 15)), 3, week_start_date=date(2021, 3, 15)
    )
    assert staging_failures(later) == {"weeks_are_contiguous"}
    assert staging_failures(changed(changed(STAGED, 0, organic_count=-1), 1, organic_count=7)) == {
        "organic_count_in_range"
    }
    assert staging_failures(changed(changed(STAGED, 2, paid_count=-1), 1, paid_count=9)) == {
        "paid_count_in_range"
    }
    assert staging_failures(changed(STAGED, 1, organic_count=6)) == {"organic_count_total_kept"}
    assert staging_failures(changed(STAGED, 1, paid_count=4)) == {"paid_count_total_kept"}


def test_without_counts_the_staging_gate_stays_shut() -> None:
    assert shut_reason("staging", staging_results(STAGED, counted=None))


def test_staging_without_rows_keeps_the_gate_shut() -> None:
    results = staging_results([])
    assert shut_reason("staging", results)
    assert unsound(results) == {
        *("has_rows", "grid_is_complete", "weeks_are_contiguous"),
        *("organic_count_total_kept", "paid_count_total_kept"),
    }


NEVER_NULL_IN_STAGING = ["country", "week_start_date", "organic_count", "paid_count"]


@pytest.mark.parametrize("column", NEVER_NULL_IN_STAGING)
def test_a_staging_column_of_nulls_keeps_the_gate_shut(column: str) -> None:
    results = staging_results([row | {column: None} for row in STAGED])
    assert f"{column}_present" in unsound(results)
    assert shut_reason("staging", results)


@pytest.mark.parametrize("column", NEVER_NULL_IN_STAGING)
def test_one_null_in_a_staging_column_keeps_the_gate_shut(column: str) -> None:
    results = staging_results(changed(STAGED, 3, **{column: None}))
    assert f"{column}_present" in unsound(results)
    assert shut_reason("staging", results)


def test_every_staging_column_but_the_last_counted_date_is_promised_not_to_be_null() -> None:
    never_null = [column.name for column in GRID.columns if column.null is None]
    assert never_null == NEVER_NULL_IN_STAGING


# Final


def final_results(
    spark: SparkSession, table: pa.Table, rows: pa.Table | None = None
) -> list[CheckResult]:
    """Of `table`; its predicates are asked of `rows`, where those differ."""
    of_spark = frame(spark, table if rows is None else rows)
    seen = evidence(of_spark, table=table, staging=staging_table(STAGED))
    found = {
        **standard_findings(TABLE, table, None, STRICT),
        **own_findings(TABLE.checks, seen, STRICT),
    }
    return results_of(table_checks("final", TABLE, (), STRICT), found)


def final_failures(spark: SparkSession, rows: list[Row]) -> set[str]:
    return unsound(final_results(spark, final_table(rows)))


def test_the_promised_table_passes_every_final_check(spark: SparkSession) -> None:
    assert final_failures(spark, FINAL) == set()


def test_final_rows_that_break_each_check(spark: SparkSession) -> None:
    def failures(i: int, **changes: Any) -> set[str]:
        return final_failures(spark, changed(FINAL, i, **changes))

    assert final_failures(spark, [*FINAL[:3], FINAL[2]]) == {"key_is_unique"}
    assert failures(2, share_organic_p4w=0.0) == {"share_is_null_without_installs"}
    assert failures(3, share_organic_p4w=None) == {"share_is_there_with_installs"}
    for share in (-0.1, 1.1, float("inf")):
        assert failures(0, share_organic_p4w=share) == {"share_organic_p4w_in_range"}
    assert failures(0, share_organic_p4w=float("nan")) == {
        "share_organic_p4w_in_range",
        "numbers_are_numbers",
    }
    assert failures(0, organic_p4w_count=4) == {"organic_within_installs"}
    assert failures(1, organic_p4w_count=-1) == {"organic_p4w_count_in_range"}
    assert failures(2, installs_p4w_count=-1) == {
        "installs_p4w_count_in_range",
        "organic_within_installs",
        "share_is_there_with_installs",
    }
    assert failures(0, weeks_in_window_count=0) == {"weeks_in_window_count_in_range"}
    assert failures(0, weeks_in_window_count=5) == {"weeks_in_window_count_in_range"}
    for week in (0, 54):
        assert failures(0, week=week) == {"week_in_range"}
    assert final_failures(spark, FINAL[:3]) == {"rows_as_in_staging"}


def test_shares_of_0_and_1_and_weeks_all_organic_pass(spark: SparkSession) -> None:
    whole = changed(FINAL, 0, organic_p4w_count=3, share_organic_p4w=1.0)
    assert final_failures(spark, whole) == set()
    none = {"share_organic_p4w": None, "installs_p4w_count": 0, "organic_p4w_count": 0}
    assert final_failures(spark, [row | none for row in FINAL]) == set()


TABLES: dict[str, Callable[[pa.Table], pa.Table]] = {
    "a column less": lambda t: t.drop_columns(["week"]),
    "a column more": lambda t: t.append_column("more", pa.nulls(t.num_rows, pa.int32())),
    "columns in another order": lambda t: t.select(list(reversed(t.column_names))),
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
def test_another_shape_than_the_promised_one_keeps_the_gate_shut(
    case: str, spark: SparkSession
) -> None:
    results = final_results(spark, TABLES[case](final_table(FINAL)), rows=final_table(FINAL))
    seen = "types_as_promised" if " as " in case else "columns_as_promised"
    assert seen in unsound(results)
    assert shut_reason("final", results)


def test_a_table_without_rows_keeps_the_gate_shut(spark: SparkSession) -> None:
    results = final_results(spark, final_table([]))
    assert unsound(results) == {"has_rows", "rows_as_in_staging"}
    assert shut_reason("final", results)


NEVER_NULL = [name for name in schema(TABLE).names if name != "share_organic_p4w"]


@pytest.mark.parametrize("column", NEVER_NULL)
def test_nulls_in_a_final_column_keep_the_gate_shut(column: str, spark: SparkSession) -> None:
    for rows in ([row | {column: None} for row in FINAL], changed(FINAL, 3, **{column: None})):
        results = final_results(spark, final_table(rows))
        assert f"{column}_present" in unsound(results)
        assert shut_reason("final", results)
