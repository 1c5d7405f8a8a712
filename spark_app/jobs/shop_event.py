"""Events of a shop: views, additions to a cart and transactions, one row each.

An event is known by all that is said of it, so that one that is delivered twice is one row.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.declarations import (
    RESCUED,
    Column,
    Csv,
    EpochMillis,
    Files,
    Iceberg,
    Job,
    OneOf,
    Report,
    Table,
)
from spark_app.jobs.days import day_of

NO_TRANSACTION = "(none)"
EVENT = Column(
    "event", "string", "what the visitor did", one_of=OneOf(("view", "addtocart", "transaction"))
)

EVENTS = Files(
    "shop_event",
    Csv(),
    columns=(
        Column("timestamp", "timestamp", "when it happened", unit="UTC", written=EpochMillis()),
        Column("visitorid", "string", "who", person=True, is_id=True),
        EVENT,
        Column("itemid", "string", "with which item", is_id=True),
        Column("transactionid", "string", "in which transaction", null="in none", is_id=True),
        RESCUED,
    ),
    time="timestamp",
)


def shop_event(events: DataFrame) -> DataFrame:
    """The events under the names of the table, with their day."""
    named = {"timestamp": "event_at", "visitorid": "visitor_id", "itemid": "item_id"}
    transaction = F.coalesce("transactionid", F.lit(NO_TRANSACTION))
    return events.withColumnsRenamed(named).withColumns(
        {"event_date": day_of("event_at", EVENTS), "transaction_id": transaction}
    )


TABLE = Table(
    "shop_event",
    grain="one row per event of a visitor with an item",
    key=("item_id", "event_at", "visitor_id", "event", "transaction_id"),
    columns=(
        Column("event_date", "date", f"the day of the event in {EVENTS.report_zone}"),
        Column("event_at", "timestamp", "when it happened", unit="UTC"),
        Column("visitor_id", "string", "who", person=True),
        EVENT,
        Column("item_id", "string", "with which item"),
        Column("transaction_id", "string", f"in which transaction, or `{NO_TRANSACTION}`"),
        RESCUED,
    ),
    time="event_date",
    kept_as=Iceberg(partition="event_date", sort=("item_id", "event_at")),
)
JOB = Job((EVENTS,), shop_event, TABLE, report=Report("Shop events"))
