"""Properties of a shop's items, as they change: one row per item, property and moment.

Of several values for one moment the one whose text is larger stays.
"""

from pyspark.sql import DataFrame

from spark_app.declarations import (
    RESCUED,
    Column,
    Csv,
    EpochMillis,
    Files,
    Iceberg,
    Job,
    Report,
    Table,
)
from spark_app.jobs.days import day_of

VALUE = Column("value", "string", "its value from then on; numbers as `n12.000`", null="none")

PROPERTIES = Files(
    "item_property",
    Csv(),
    columns=(
        Column("timestamp", "timestamp", "since when", unit="UTC", written=EpochMillis()),
        Column("itemid", "string", "of which item", is_id=True),
        Column("property", "string", "which property"),
        VALUE,
        RESCUED,
    ),
    time="timestamp",
)


def item_property(properties: DataFrame) -> DataFrame:
    """The properties under the names of the table, with their day."""
    named = {"timestamp": "valid_from", "itemid": "item_id"}
    dated = properties.withColumnsRenamed(named)
    return dated.withColumn("valid_from_date", day_of("valid_from", PROPERTIES))


TABLE = Table(
    "item_property",
    grain="one row per item, property and moment of a new value",
    key=("item_id", "property", "valid_from"),
    columns=(
        Column("valid_from_date", "date", f"the day of the new value in {PROPERTIES.report_zone}"),
        Column("valid_from", "timestamp", "since when", unit="UTC"),
        Column("item_id", "string", "of which item"),
        Column("property", "string", "which property"),
        VALUE,
        RESCUED,
    ),
    time="valid_from_date",
    kept_as=Iceberg(partition="valid_from_date", sort=("item_id", "property", "valid_from")),
)
JOB = Job((PROPERTIES,), item_property, TABLE, report=Report("Item properties"))
