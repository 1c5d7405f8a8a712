"""A lake table goes back, or forward, to what a run published."""

from spark_app.errors import Unusable
from spark_app.lake import catalogue
from spark_app.lake.catalogue import Snapshot
from spark_app.lake.changes import BACK_TO
from spark_app.lake.lake import Lake
from spark_app.run.upkeep.tended import Tended

SHOWN_RUNS = 10


def roll_back(tended: Tended, target: Snapshot) -> None:
    """Publish a new version whose content, ledger and run are those of an earlier one."""
    tended.begin(at=target)
    tended.mark(target, "publish", **{BACK_TO: target.run_id})
    tended.publish_instead()


def kept_version(table: str, lake: Lake, run_id: str) -> Snapshot:
    """The version of a lake table with the content that a run published.

    Raises:
        Unusable: none is kept; the text says which runs are.
    """
    found = catalogue.version_of(table, lake, run_id)
    if found is None:
        changes = catalogue.history(table, lake)
        runs = list(dict.fromkeys(change.version.run_id for change in changes))[-SHOWN_RUNS:]
        kept = f"kept are {', '.join(runs)}" if runs else "nothing is published yet"
        raise Unusable(f"no version of {table} by run {run_id} is kept; {kept}")
    return found
