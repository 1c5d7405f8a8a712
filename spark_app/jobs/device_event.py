"""Events of devices: one row per event, with the tracker that reported it, from its folder.

An event has no number of its own: two lines are one event when all of their keys and values are
equal, in whatever order.
"""

from pyspark.sql import DataFrame

from spark_app.declarations import (
    RESCUED,
    Column,
    Digest,
    Files,
    Folder,
    Iceberg,
    Job,
    JsonLines,
    Key,
    Report,
    Table,
    Time,
)
from spark_app.jobs.days import day_of

BRAND = Column("brand", "string", "whose app it is", at=Folder("brand"))
TRACKER = Column("tracker", "string", "which tracker reported it", at=Folder("tracker"))
CHANNEL = Column("channel", "string", "on which platform", at=Folder("channel"))
DIGEST = Column("event_digest", "string", "what tells it from other events", at=Digest())

EVENTS = Files(
    "device_event",
    JsonLines(),
    columns=(
        BRAND,
        TRACKER,
        CHANNEL,
        DIGEST,
        Column(
            *("device_id", "string", "the device"),
            at=Key("meta.session_long"),
            person=True,
            is_id=True,
        ),
        Column(
            "event_at",
            "timestamp",
            "when it happened",
            unit="UTC",
            at=Key("meta.date"),
            written=Time("yyyy-MM-dd HH:mm:ss"),
        ),
        Column("country", "string", "country", null="not known", at=Key("params.cc")),
        Column(
            *("user_id", "string", "who"),
            null="not known",
            at=Key("params.user_id"),
            person=True,
            is_id=True,
        ),
        Column("longitude", "double", "place", unit="°", null="not known", at=Key("params.long")),
        Column("latitude", "double", "place", unit="°", null="not known", at=Key("params.lat")),
        RESCUED,
    ),
    time="event_at",
    folders=("brand", "tracker", "channel", "yyyy", "MM", "dd"),
)


def device_event(events: DataFrame) -> DataFrame:
    """The events with their day."""
    return events.withColumn("event_date", day_of("event_at", EVENTS))


TABLE = Table(
    "device_event",
    grain="one row per event of a device",
    key=("event_at", "device_id", "event_digest"),
    columns=(
        Column("event_date", "date", f"the day of the event in {EVENTS.report_zone}"),
        *(c for c in EVENTS.columns if c.name in ("event_at", "device_id")),
        *(BRAND, TRACKER, CHANNEL),
        *EVENTS.columns[-5:],
        DIGEST,
    ),
    time="event_date",
    kept_as=Iceberg(partition="event_date", sort=("device_id", "event_at")),
)
JOB = Job((EVENTS,), device_event, TABLE, report=Report("Device events"))
