"""Jobs of four shapes, for the report's tests."""

from typing import TYPE_CHECKING, Any

from spark_app.declarations import (
    Bars,
    Column,
    Files,
    Job,
    Line,
    Mark,
    Newest,
    Parquet,
    Report,
    Table,
    Tiles,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

INSTALLS = Files(
    "installs",
    Parquet(),
    columns=(Column("name", "string", "channel"), Column("value", "double", "new users")),
)


def unused(installs: "DataFrame") -> "DataFrame":
    return installs


def table_of(name: str, *columns: Column, key: tuple[str, ...], **fields: Any) -> Table:
    return Table(name, grain=f"one row per {' and '.join(key)}", key=key, columns=columns, **fields)


# A ratio by group and week, with weeks that are not settled.
SHARES = Job(
    reads=(INSTALLS,),
    transform=unused,
    publishes=table_of(
        "organic_share",
        Column("year", "int", "ISO year"),
        Column("week", "int", "ISO week"),
        Column("country", "string", "ISO 3166-1 alpha-2", label="Country", is_region=True),
        Column(
            "share_organic_p4w",
            "double",
            "organic installs by all installs of the four weeks",
            null="there were no installs",
            ratio_of=("organic_p4w_count", "installs_p4w_count"),
            label="Organic share",
        ),
        Column("week_start_date", "date", "the Monday of the week"),
        Column("organic_p4w_count", "bigint", "organic installs", "new users", label="Organic"),
        Column("installs_p4w_count", "bigint", "all installs", "new users", label="Installs"),
        Column("weeks_in_window_count", "int", "weeks that were counted"),
        Column("is_week_complete", "boolean", "whether the week is over"),
        key=("country", "week_start_date"),
        time="week_start_date",
        days=7,
        settled="is_week_complete",
    ),
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
        Newest("share_organic_p4w", "installs_p4w_count", "organic_p4w_count"),
    ),
)
SMALL_BASE, SMALL_WINDOW = SHARES.report.parts[1].marks  # type: ignore[union-attr]

# Counts and amounts a day, without groups.
ACTIVITY = Job(
    reads=(INSTALLS,),
    transform=unused,
    publishes=table_of(
        "daily_activity",
        Column("event_date", "date", "the day"),
        Column("active_count", "bigint", "different users", label="Active users"),
        Column("revenue_amount", "decimal(38,2)", "sum of price", "EUR", label="Revenue"),
        key=("event_date",),
        time="event_date",
    ),
    report=Report(
        "Daily activity",
        Tiles("active_count", "revenue_amount"),
        Line("active_count", marks=(Mark("active_count", 50, "few users"),)),
        Newest(),
    ),
)

# Counts by two groups, one of them in bars.
CAMPAIGNS = Job(
    reads=(INSTALLS, ACTIVITY.publishes),
    transform=unused,
    publishes=table_of(
        "campaign_activity",
        Column("event_date", "date", "the day"),
        Column("campaign", "string", "its name", label="Campaign"),
        Column("platform", "string", "of the device", label="Platform"),
        Column("revenue_amount", "decimal(38,2)", "sum of price", "EUR", label="Revenue"),
        key=("event_date", "campaign", "platform"),
        time="event_date",
    ),
    report=Report(
        "Campaigns",
        Tiles("revenue_amount"),
        Line("revenue_amount", by="campaign"),
        Bars("revenue_amount", by="campaign"),
        Newest("revenue_amount"),
    ),
)

# No time and no report.
ITEMS = Job(
    reads=(INSTALLS,),
    transform=unused,
    publishes=table_of(
        "item",
        Column("item_id", "bigint", "number of the item"),
        Column("title", "string", "as sold", null="it has none"),
        Column("price_amount", "decimal(10,2)", "of one piece", "EUR", null="not for sale"),
        key=("item_id",),
    ),
)
