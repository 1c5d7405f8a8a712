"""Events of an app: one row per event, typed and deduplicated.

An event is known by its user, the app's own number of it, and its time. Of several deliveries of
one event that differ in other values, the one with the largest values stays.
"""

from pyspark.sql import DataFrame

from spark_app.declarations import (
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
from spark_app.jobs.days import day_of

PRICE = "decimal(20,4)"

EVENTS = Files(
    "app_event",
    Csv(header=False),
    columns=(
        Column("identity_adid", "string", "the user's advertising id", person=True, is_id=True),
        Column("os", "string", "operating system", null="not known"),
        Column("model", "string", "device model", null="not known"),
        Column("country", "string", "country of the device", null="not known"),
        Column("event_name", "string", "what happened"),
        Column("log_id", "string", "the app's number of the event", is_id=True),
        Column(
            "server_datetime",
            "timestamp",
            "when the server received it",
            unit="UTC",
            written=Time("yyyy-MM-dd HH:mm:ss.SSSSSS"),
        ),
        Column("quantity", "int", "pieces of what was bought", null="nothing was bought"),
        Column("price", PRICE, "what was paid", unit="currency", null="nothing was paid"),
    ),
    time="server_datetime",
)


def app_event(events: DataFrame) -> DataFrame:
    """The events under the names of the table, with their day."""
    named = {"identity_adid": "user_id", "server_datetime": "event_at"}
    return events.withColumnsRenamed(named).withColumn("event_date", day_of("event_at", EVENTS))


TABLE = Table(
    "app_event",
    grain="one row per event",
    key=("user_id", "event_at", "log_id"),
    columns=(
        Column("event_date", "date", f"the day of the event in {EVENTS.report_zone}"),
        Column("event_at", "timestamp", "when the server received it", unit="UTC"),
        Column("user_id", "string", "the user's advertising id", person=True),
        Column("log_id", "string", "the app's number of the event"),
        *(c for c in EVENTS.columns if c.name in ("event_name", "country", "os", "model")),
        *EVENTS.columns[-2:],
    ),
    time="event_date",
    kept_as=Iceberg(
        partition="event_date", sort=("user_id", "event_at"), write=Append(event=("log_id",))
    ),
)
JOB = Job((EVENTS,), app_event, TABLE, report=Report("App events"))
