"""The zones of a lake table: other ones would give its rows other times and days."""

from collections.abc import Collection

from spark_app.declarations import Files
from spark_app.errors import Unusable
from spark_app.lake.catalogue import Snapshot
from spark_app.lake.ledger import Ledger
from spark_app.quality.words import some

MARK = "zones"


def zones_of(source: Files) -> str:
    """The zone of a dataset's times and that of its days, in words."""
    return f"times of {source.zone}, days of {source.report_zone}"


def are_same(source: Files, version: Snapshot | None) -> bool:
    """Whether the rows of a version were read in the zones of today."""
    made = version.mark(MARK) if version else ""
    return made in ("", zones_of(source))


def require_whole(
    table: str,
    source: Files,
    version: Snapshot | None,
    is_full: bool,
    known: Ledger,
    there: Collection[str],
) -> None:
    """Refuse to read in other zones than a table was made with, unless all of it is read again.

    Raises:
        Unusable: not all files are read, or some of them are gone from `there`.
    """
    made = f"the lake table {table} was made with {version.mark(MARK) if version else ''}"
    if not is_full:
        raise Unusable(
            f"{made}; its dataset has {zones_of(source)} now: run {table} --full, which reads all "
            "files again, or declare the zones as they were"
        )
    if gone := sorted(set(known.here["path"]) - set(there)):
        raise Unusable(
            f"{made}, and files of it are gone that would have to be read again: {some(gone)}; put "
            "them back, or declare the zones as they were"
        )
