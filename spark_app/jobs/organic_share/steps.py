"""The job's other steps: from staging to final, and what the runner asks of their tables."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from spark_app.job import Newest, RunContext
from spark_app.jobs.organic_share import transform
from spark_app.jobs.organic_share.facts import Facts
from spark_app.jobs.organic_share.measures import last_complete_week
from spark_app.jobs.organic_share.schema import TABLE

if TYPE_CHECKING:
    import pyarrow as pa


def first_facts(context: RunContext) -> Facts:
    """The facts that stand before a row was read."""
    return Facts(
        context.tolerance,
        context.today,
        context.delivery,
        published=context.published.get(TABLE),
    )


def finish(staging: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
    """The final table, from staging."""
    return {TABLE: transform.rolling_share(staging[TABLE])}


def with_tables(
    facts: Facts, staging: "Mapping[str, pa.Table]", final: "Mapping[str, pa.Table]"
) -> Facts:
    """The facts with the tables that the run has built so far."""
    return replace(facts, staging_built=staging.get(TABLE), final_built=final.get(TABLE))


def newest_complete_week(published: "Mapping[str, pa.Table]") -> date | None:
    """The Monday of the newest complete week that is published, or null when none is."""
    return last_complete_week(published[TABLE])


def newest_rows(published: "Mapping[str, pa.Table]") -> Newest:
    """The newest complete week of every country, for the terminal; `-`: no installs, no share."""
    week = newest_complete_week(published)
    rows = [row for row in published[TABLE].to_pylist() if row["week_start_date"] == week]
    title = (
        f"organic share, four weeks to ISO week {week:%G_%V}" if week else "no complete week yet"
    )
    heads = ("country", "week", "share", "organic", "installs")
    return Newest(title, heads, [_newest_cells(row) for row in rows])


def _newest_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    share = row["share_organic_p4w"]
    return (
        row["country"],
        f"{row['year']}_{row['week']:02d}",
        "-" if share is None else f"{share:.4f}",
        f"{row['organic_p4w_count']:,}",
        f"{row['installs_p4w_count']:,}",
    )


def history_before(staging: "Mapping[str, pa.Table]", since: date) -> "dict[str, pa.Table]":
    """The weeks of an earlier run's staging that lie before `since` and have rows."""
    import pyarrow.compute as pc

    table = staging[TABLE]
    is_before = pc.less(table["week_start_date"], since)
    return {TABLE: table.filter(pc.and_(is_before, pc.is_valid(table["last_counted_date"])))}
