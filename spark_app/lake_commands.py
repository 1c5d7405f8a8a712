"""Commands that look at lake tables; they ask the catalogue and the ledger, and start no Spark."""

from typing import TYPE_CHECKING

from spark_app.declarations import Job, OneFile
from spark_app.errors import Unusable
from spark_app.jobs import find_job
from spark_app.lake.lake import Lake
from spark_app.settings import Settings
from spark_app.terminal import print_table

if TYPE_CHECKING:
    from argparse import Namespace


def list_files(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Print what a lake table knows of delivered files, in the order in which they were read."""
    from spark_app.lake import catalogue, ledger

    job = _lake_job(args.job)
    known = ledger.read(job.name, lake, catalogue.current(job.name, lake))
    kept = known.owned.groupby("owner")[["rows_count", "duplicates_count"]].sum()
    rows = [
        (
            str(file["state"]),
            f"{file['rows_count']:,}",
            f"{kept['rows_count'].get(file['source_id'], 0):,}",
            f"{kept['duplicates_count'].get(file['source_id'], 0):,}",
            f"{file['quarantined_count']:,}",
            str(file["run_id"]),
            str(file["path"]),
        )
        for file in known.files.sort_values("source_id").to_dict("records")
    ]
    print_table(("state", "rows", "kept", "copies", "set aside", "run", "file"), rows)


def list_history(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Print the versions of a lake table, the newest last: rows added and removed, and when."""
    from spark_app.lake import catalogue

    rows = [
        (
            change.version.run_id,
            f"{change.version.committed_at:%Y-%m-%d %H:%M:%S} UTC",
            f"{change.added_count:,}",
            f"{change.removed_count:,}",
            f"{change.version.rows_count:,}",
        )
        for change in catalogue.history(_lake_job(args.job).name, lake)
    ]
    print_table(("run", "published", "rows added", "removed", "in all"), rows)


def _lake_job(name: str) -> Job:
    job = find_job(name)
    if isinstance(job.publishes.kept_as, OneFile):
        raise Unusable(f"{name} is a table of one file: `runs` has its history")
    return job
