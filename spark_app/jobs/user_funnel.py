"""Events of users, as a third party counts them: one row per event, typed and deduplicated.

An event is known by the third party's number of it and its time. Of several deliveries of one event
that differ in other values, the one with the largest values stays. Files may hold any days, and the
rows of one month any number of them: a month lies in one folder.
"""

from pyspark.sql import DataFrame

from spark_app.declarations import (
    RESCUED,
    Append,
    Column,
    Csv,
    Files,
    Iceberg,
    Job,
    Report,
    Table,
    Time,
)
from spark_app.jobs.days import day_of, month_of

EVENTS = Files(
    "user_funnel",
    Csv(),
    columns=(
        Column("event_id", "string", "the third party's number of the event", is_id=True),
        Column("user_id", "string", "the user", person=True, is_id=True),
        Column("event_name", "string", "what happened"),
        Column(
            "event_timestamp",
            "timestamp",
            "when it happened",
            unit="UTC",
            written=Time("yyyy-MM-dd HH:mm:ss"),
        ),
        Column("platform", "string", "on which platform", null="not known"),
        Column("country", "string", "country of the user", null="not known"),
        RESCUED,
    ),
    time="event_timestamp",
)


def user_funnel(events: DataFrame) -> DataFrame:
    """The events under the names of the table, with their day and its month."""
    return events.withColumnsRenamed({"event_timestamp": "event_at"}).withColumns(
        {"event_date": day_of("event_at", EVENTS), "event_month": month_of("event_at", EVENTS)}
    )


TABLE = Table(
    "user_funnel",
    grain="one row per event of a user",
    key=("event_id", "event_at"),
    columns=(
        Column("event_month", "date", "the first day of the month of the event"),
        Column("event_date", "date", f"the day of the event in {EVENTS.report_zone}"),
        Column("event_at", "timestamp", "when it happened", unit="UTC"),
        *(c for c in EVENTS.columns if c.name != "event_timestamp"),
    ),
    time="event_date",
    kept_as=Iceberg(
        partition="event_month", sort=("user_id", "event_at"), write=Append(event=("event_id",))
    ),
)
JOB = Job((EVENTS,), user_funnel, TABLE, report=Report("Events of users, by a third party"))
