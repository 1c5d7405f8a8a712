"""The schemas of the organic-share job: what is delivered, staged and published."""

from typing import TYPE_CHECKING

from spark_app.sources.contract import Column, Contract

if TYPE_CHECKING:
    import pyarrow as pa

RAW = Contract(
    (
        Column("name", "string", "acquisition channel; `Organic` is the organic one"),
        Column("value", "double", "new users, a whole number"),
        Column("start_date", "date", "the day counted"),
        Column("end_date", "date", "equal to start_date"),
        Column("year_week", "string", "`yyyy_ww`, the ISO 8601 year and week of start_date"),
        Column("has_subtrackers", "boolean", "property of the channel; null: not told"),
        Column("token", "string", "tracker token of the channel; null: it has none"),
        Column("dataplatform_inserted_at", "timestamp", "when the export was loaded, UTC"),
        Column("country", "string", "ISO 3166-1 alpha-2, or the roll-up `ALL`"),
        Column("os_name", "string", "`ios`, `android`, or the roll-up `all`"),
    )
)
TABLE = "organic_share"
KEY = ("start_date", "country", "os_name", "name")


def published_schema() -> "pa.Schema":
    """One row per country and ISO week, in the order of country and week_start_date.

    year, week: ISO year and week. share_organic_p4w: organic installs by all installs of the week
    and the three before, in [0, 1]; null when there were no installs. week_start_date: the Monday.
    organic_p4w_count, installs_p4w_count: new users in those four weeks.
    weeks_in_window_count: less than 4 in the first three weeks of the grid. is_week_complete:
    whether the week's Sunday is not after the last counted day. Only the share can be null.
    """
    import pyarrow as pa

    return pa.schema(
        [
            ("year", pa.int32()),
            ("week", pa.int32()),
            ("country", pa.string()),
            ("share_organic_p4w", pa.float64()),
            ("week_start_date", pa.date32()),
            ("organic_p4w_count", pa.int64()),
            ("installs_p4w_count", pa.int64()),
            ("weeks_in_window_count", pa.int32()),
            ("is_week_complete", pa.bool_()),
        ]
    )
