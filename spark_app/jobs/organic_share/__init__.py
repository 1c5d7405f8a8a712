"""The organic share: new users per channel in, weekly organic share per country out."""

from typing import TYPE_CHECKING

from spark_app.declarations import (
    Column,
    Delivery,
    Examination,
    Job,
    Line,
    Mark,
    Newest,
    Report,
    Staging,
    Table,
    Tiles,
    fail,
    warn,
)
from spark_app.jobs.organic_share import table_checks
from spark_app.jobs.organic_share.counts import count_rows
from spark_app.jobs.organic_share.raw import INSTALLS, OPTIONS
from spark_app.jobs.organic_share.transform import on_complete_grid, rolling_share, staged_weeks
from spark_app.quality.drift import ratio_drift

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

COUNTRY = Column("country", "string", "ISO 3166-1 alpha-2", label="Country", is_region=True)
WEEK = Column("week_start_date", "date", "the Monday of the week")
GRID = Table(
    "organic_share",
    grain="one row per country that counts and ISO week from the first counted day to the last",
    key=("country", "week_start_date"),
    time="week_start_date",
    days=7,
    columns=(
        COUNTRY,
        WEEK,
        Column("organic_count", "bigint", "organic new users", unit="new users", least=0),
        Column("paid_count", "bigint", "all other new users", unit="new users", least=0),
        Column("last_counted_date", "date", "the last day with a row", null="the week has no row"),
    ),
    checks=(
        fail(
            "grid_is_complete",
            "No combination of country and week is missing.",
            table_checks.grid_is_complete,
        ),
        fail(
            "weeks_are_contiguous",
            "The weeks are every Monday from the first counted week to the last.",
            table_checks.weeks_are_contiguous,
        ),
        fail(
            "organic_count_total_kept",
            "The total of organic_count equals the total of the rows that count.",
            table_checks.organic_total_kept,
        ),
        fail(
            "paid_count_total_kept",
            "The total of paid_count equals the total of the rows that count.",
            table_checks.paid_total_kept,
        ),
    ),
)

TABLE = Table(
    "organic_share",
    grain="one row per country and ISO week, from the first counted week to the last",
    key=("country", "week_start_date"),
    time="week_start_date",
    days=7,
    settled="is_week_complete",
    history=("organic_p4w_count", "installs_p4w_count"),
    columns=(
        Column("year", "int", "ISO year"),
        Column("week", "int", "ISO week, 1 to 53", least=1, most=53),
        COUNTRY,
        Column(
            "share_organic_p4w",
            "double",
            "organic installs / all installs of the four weeks, not rounded",
            unit="share from 0 to 1",
            null="no installs in the four weeks",
            least=0,
            most=1,
            ratio_of=("organic_p4w_count", "installs_p4w_count"),
            label="Organic share",
        ),
        WEEK,
        Column(
            "organic_p4w_count",
            "bigint",
            "organic new users in the four weeks",
            unit="new users",
            least=0,
            label="Organic",
        ),
        Column(
            "installs_p4w_count",
            "bigint",
            "all new users in the four weeks",
            unit="new users",
            least=0,
            label="Installs",
        ),
        Column(
            "weeks_in_window_count",
            "int",
            "weeks of the grid in the window; less than 4 only in the first three weeks",
            unit="weeks",
            least=1,
            most=4,
        ),
        Column("is_week_complete", "boolean", "its Sunday is not after the last counted day"),
    ),
    checks=(
        fail(
            "share_is_null_without_installs",
            "The share is null where there were no installs.",
            "installs_p4w_count > 0 OR share_organic_p4w IS NULL",
        ),
        fail(
            "share_is_there_with_installs",
            "The share is there where there were installs.",
            "installs_p4w_count = 0 OR share_organic_p4w IS NOT NULL",
        ),
        fail(
            "organic_within_installs",
            "Organic installs are at most all installs.",
            "organic_p4w_count <= installs_p4w_count",
        ),
        fail(
            "rows_as_in_staging",
            "There are as many rows as in the grid of staging.",
            table_checks.rows_as_in_staging,
        ),
        warn(
            "no_drift",
            "The organic share of the newest complete week is in line with the weeks before.",
            ratio_drift("organic_count", "paid_count", time="week_start_date", by="country"),
        ),
    ),
)


def _examine(rows: "DataFrame", delivery: Delivery) -> Examination:
    from spark_app.jobs.organic_share.examine import examine

    return examine(rows, delivery)


JOB = Job(
    reads=(INSTALLS,),
    staging=Staging(GRID, made_by=staged_weeks, completed_by=on_complete_grid),
    transform=rolling_share,
    publishes=TABLE,
    options=OPTIONS,
    counts=count_rows,
    examine=_examine,
    report=Report(
        "Organic share of installs",
        Tiles("share_organic_p4w", "installs_p4w_count"),
        Line(
            "share_organic_p4w",
            by="country",
            marks=(
                Mark("installs_p4w_count", 200, "fewer than 200 installs: noisy"),
                Mark("weeks_in_window_count", 4, "first weeks: window of fewer than 4 weeks"),
            ),
        ),
        Newest("share_organic_p4w", "organic_p4w_count", "installs_p4w_count"),
    ),
)
