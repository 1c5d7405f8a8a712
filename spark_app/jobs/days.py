"""The days of moments, in the zone in which their dataset is reported."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_app.declarations import Files


def day_of(at: str, source: Files) -> Column:
    """The date of a timestamp in the report's zone; null where the timestamp is."""
    is_utc = source.report_zone == "UTC"
    return F.to_date(at if is_utc else F.from_utc_timestamp(at, source.report_zone))


def month_of(at: str, source: Files) -> Column:
    """The first day of the month of that date."""
    return F.trunc(day_of(at, source), "month")
