"""Which days, and which months, a lake table keeps."""

from datetime import date

import pytest

from spark_app.declarations import Column, Iceberg, Table
from spark_app.lake.retention import oldest_kept

TODAY = date(2024, 5, 20)
DAY, MONTH = Column("day", "date", "the day"), Column("month", "date", "its month")


@pytest.mark.parametrize(
    ("partition", "keep_days", "oldest"),
    [
        ("day", None, None),
        ("day", 30, date(2024, 4, 20)),
        ("month", 30, date(2024, 4, 1)),  # some days of that month are to be kept
    ],
)
def test_a_table_keeps_what_is_young_enough(
    partition: str, keep_days: int | None, oldest: date | None
) -> None:
    kept_as = Iceberg(partition, keep_days=keep_days)
    table = Table("t", "one row a day", ("day",), (DAY, MONTH), time="day", kept_as=kept_as)
    assert oldest_kept(table, TODAY) == oldest
