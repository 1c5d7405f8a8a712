"""Days that a lake table does not keep: `Iceberg(keep_days=…)`."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from spark_app.declarations import Iceberg, Table
from spark_app.lake.iceberg import partition_of
from spark_app.lake.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame


def oldest_kept(table: Table, today: date) -> date | None:
    """The first day, or the first of the month, that a table keeps; null when it keeps all."""
    kept = table.kept_as
    days = kept.keep_days if isinstance(kept, Iceberg) else None
    if days is None:
        return None
    oldest = today - timedelta(days=days)
    return oldest if partition_of(table) == table.time else oldest.replace(day=1)


def kept(rows: "DataFrame", table: Table, today: date) -> "DataFrame":
    """The rows that a table keeps."""
    oldest = oldest_kept(table, today)
    return rows if oldest is None else rows.where(rows[partition_of(table)] >= oldest)


def too_old(table: Table, known: Ledger, today: date) -> set[date]:
    """The days with rows that a table keeps no longer."""
    oldest = oldest_kept(table, today)
    days = known.days.loc[known.days["rows_count"] > 0, "day"]
    return set() if oldest is None else {day for day in days if day < oldest}


def dropped(known: Ledger, days: set[date]) -> "pd.DataFrame":
    """What the ledger says of days when they were dropped: no row of them is left."""
    gone = known.days[known.days["day"].isin(days)]
    return gone.assign(rows_count=0, duplicates_count=0)


def applied(changes: Ledger, known: Ledger, days: set[date]) -> Ledger:
    """What a run changes of a ledger, when it drops days as well."""
    import pandas as pd

    if not days:
        return changes
    others = changes.days[~changes.days["day"].isin(days)]
    return Ledger(changes.files, pd.concat([others, dropped(known, days)]))
