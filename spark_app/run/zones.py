"""The zones of a lake table: other ones would give its rows other times and days."""

from spark_app.declarations import Files
from spark_app.errors import Unusable
from spark_app.lake.catalogue import Snapshot

MARK = "zones"


def zones_of(source: Files) -> str:
    """The zone of a dataset's times and that of its days, in words."""
    return f"times of {source.zone}, days of {source.report_zone}"


def require_same(table: str, source: Files, version: Snapshot | None) -> None:
    """Refuse to add rows to a table whose rows were read in other zones.

    Raises:
        Unusable: the dataset has another zone than it had.
    """
    made, now = version.mark(MARK) if version else "", zones_of(source)
    if made not in ("", now):
        raise Unusable(
            f"the lake table {table} was made with {made}; its dataset has {now} now: run {table} "
            "--full, which reads all files again, or declare the zones as they were"
        )
