"""Attributions of an app's users to campaigns: one row per attribution, typed and deduplicated.

An attribution is known by its user, the deliverer's own number of it, and its time. Of several
deliveries of one that differ in other values, the one with the largest values stays.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.declarations import Append, Column, Csv, Files, Iceberg, Job, Report, Table, Time
from spark_app.jobs.days import day_of

ATTRIBUTIONS = Files(
    "attribution",
    Csv(header=False),
    columns=(
        Column("partner", "string", "who brought the user", null="nobody known"),
        Column("campaign", "string", "the partner's campaign", null="none named"),
        Column(
            "server_datetime",
            "timestamp",
            "when the server received it",
            unit="UTC",
            written=Time("yyyy-MM-dd HH:mm:ss.SSSSSS"),
        ),
        Column("tracker_id", "string", "the link that was followed", null="not known", is_id=True),
        Column("log_id", "string", "the deliverer's number of the attribution", is_id=True),
        Column("attribution_type", "int", "0 for a new install", least=0),
        Column("identity_adid", "string", "the user's advertising id", person=True, is_id=True),
    ),
    time="server_datetime",
)


def attribution(attributions: DataFrame) -> DataFrame:
    """The attributions under the names of the table, with their day."""
    named = {"identity_adid": "user_id", "server_datetime": "attributed_at"}
    is_new = F.col("attribution_type") == 0
    return attributions.withColumnsRenamed(named).withColumns(
        {"attribution_date": day_of("attributed_at", ATTRIBUTIONS), "is_new_install": is_new}
    )


TABLE = Table(
    "attribution",
    grain="one row per attribution of a user",
    key=("user_id", "attributed_at", "log_id"),
    columns=(
        Column(
            "attribution_date", "date", f"the day of the attribution in {ATTRIBUTIONS.report_zone}"
        ),
        Column("attributed_at", "timestamp", "when the server received it", unit="UTC"),
        Column("user_id", "string", "the user's advertising id", person=True),
        Column("log_id", "string", "the deliverer's number of the attribution"),
        *ATTRIBUTIONS.columns[:2],
        *(c for c in ATTRIBUTIONS.columns if c.name in ("tracker_id", "attribution_type")),
        Column("is_new_install", "boolean", "whether the user was new"),
    ),
    time="attribution_date",
    kept_as=Iceberg(
        partition="attribution_date",
        sort=("user_id", "attributed_at"),
        write=Append(event=("log_id",)),
    ),
)
JOB = Job((ATTRIBUTIONS,), attribution, TABLE, report=Report("Attributions"))
