"""The zones of a lake table: other ones would give its rows other times and days."""

from spark_app.declarations import Files
from spark_app.errors import Unusable
from spark_app.lake.catalogue import Snapshot
from spark_app.lake.ledger import Ledger
from spark_app.quality.words import some
from spark_app.run.state import RunState

MARK = "zones"


def zones_of(source: Files) -> str:
    """The zone of a dataset's times and that of its days, in words."""
    return f"times of {source.zone}, days of {source.report_zone}"


def require_same(run: RunState, source: Files, known: Ledger, version: Snapshot | None) -> None:
    """Refuse to read in other zones than a table was made with, unless all of it is read again.

    Raises:
        Unusable: the dataset has other zones than it had, and not all files are read.
    """
    made, now = version.mark(MARK) if version else "", zones_of(source)
    if made in ("", now):
        return
    if not run.request.once.full:
        raise Unusable(
            f"the lake table {run.job.name} was made with {made}; its dataset has {now} now: run "
            f"{run.job.name} --full, which reads all files again, or declare the zones as they were"
        )
    (pinned,) = run.sources
    if gone := sorted(set(known.here["path"]) - {file.path for file in pinned.files}):
        raise Unusable(
            f"the lake table {run.job.name} was made with {made}, and files of it are gone that "
            f"would be read again: {some(gone)}; put them back, or declare the zones as they were"
        )
