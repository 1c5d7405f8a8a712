"""Commands for lake tables: `files` and `history` ask catalogue and ledger, all others Spark."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spark_app.declarations import Job
from spark_app.errors import one_line
from spark_app.jobs import all_jobs, find_job, options_of
from spark_app.lake.lake import Lake
from spark_app.run.progress import Progress
from spark_app.run_arguments import runs_of_a_command
from spark_app.settings import Settings
from spark_app.terminal import print_table

if TYPE_CHECKING:
    from argparse import Namespace

    from spark_app.lake.catalogue import Change
    from spark_app.run.stages import Surroundings


def list_files(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Print what a lake table knows of delivered files, in the order in which they were read."""
    from spark_app.lake import ledger
    from spark_app.lake.versions import published_version, require_lake_table

    job = find_job(args.job)
    require_lake_table(job)
    known = ledger.read(job.name, lake, published_version(job, lake))
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
    from spark_app.lake.versions import not_published, require_lake_table

    job = find_job(args.job)
    require_lake_table(job)
    changes = catalogue.history(job.name, lake)
    if not changes:
        raise not_published(job)
    rows = [
        (
            change.version.run_id,
            _made_by(change),
            f"{change.version.committed_at:%Y-%m-%d %H:%M:%S} UTC",
            f"{change.added_count:,}",
            f"{change.removed_count:,}",
            f"{change.version.rows_count:,}",
        )
        for change in changes
    ]
    print_table(("run", "made by", "published", "rows added", "removed", "in all"), rows)


def compact(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Put the small files of a lake table together."""
    from spark_app.run.upkeep import compacting
    from spark_app.run.upkeep.tended import tended

    job = find_job(args.job)
    with _surroundings(lake, settings) as around, tended(job, around) as table:
        done = compacting.compact(table)
    print(f"compacted {done.in_words()}" if done else f"{job.name} has no day in many small files")


def verify(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Print what of a lake table was looked at, and how much of it is wrong.

    Raises:
        GateShut: something is.
    """
    from spark_app.run.upkeep import verifying
    from spark_app.run.upkeep.tended import tended

    job = find_job(args.job)
    with _surroundings(lake, settings) as around, tended(job, around) as table:
        found = verifying.verify(table, options_of(job, settings))
    print_table(("check", "looked at", "wrong"), verifying.as_rows(found))
    verifying.require_right(job.name, found)


def forget(args: "Namespace", lake: Lake, settings: Settings) -> int:
    """Remove persons from what the lake has of a dataset, keep them out of it, and make again what
    was made from it; the exit code of the runs that do."""
    from spark_app.lake.versions import published
    from spark_app.report.write import write_published
    from spark_app.run.several import exit_code
    from spark_app.run.upkeep import forgetting
    from spark_app.run.upkeep.making_again import make_again, readers_of

    jobs = all_jobs()
    lakes = forgetting.lakes_of(args.dataset, jobs)
    ids = forgetting.ids_in(args.ids)
    with _surroundings(lake, settings) as around:
        receipt = forgetting.forget(args.dataset, ids, jobs, around)
        for job in lakes:
            if published(job.publishes, lake):
                write_published(job, lake)
        for one in receipt.removed:
            print(f"{one.table}: {one.in_words()}")
        print(f"receipt: {lake.receipt(receipt.run_id)}", flush=True)
        readers = readers_of(lakes, jobs, lake)
        wanted = runs_of_a_command(receipt.run_id, readers, [*lakes, *readers], lake, settings)
        again = make_again(readers, wanted, around)
    forgetting.complete(receipt, again, lake)
    for end in again.ends:
        print(f"{end.job.name}: {one_line(end.words)}")
    if again.left:
        names = ", ".join(end.job.name for end in again.left)
        print(f"still counted in {names}: when nothing keeps them any more, ask the same again")
    return exit_code(again.ends)


def relocate(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Tell the lake tables of a lake that was copied or moved where they are."""
    from spark_app.run.upkeep import relocating

    with _surroundings(lake, settings) as around:
        jobs = relocating.misplaced(all_jobs(), around)
        for job in jobs:
            relocating.relocate(job, around)
            print(f"relocated {job.name}: {lake.lake_table(job.name)}")
    if not jobs:
        print("every lake table is where its catalogue says")


def prune_tables(lake: Lake, settings: Settings) -> None:
    """Remove what no version of any lake table needs; Spark starts where there is such a table."""
    from spark_app.lake.versions import published
    from spark_app.run.upkeep import pruning
    from spark_app.run.upkeep.tended import tended

    lakes = [job for job in all_jobs() if job.publishes.is_lake]
    here = [job for job in lakes if published(job.publishes, lake)]
    if not here:
        return
    with _surroundings(lake, settings) as around:
        for job in here:
            with tended(job, around) as table:
                print(f"pruned {job.name}: {pruning.prune(table).in_words()}")


@contextmanager
def lake_switch(
    settings: Settings, job: Job, run_id: str, lake: Lake
) -> Iterator[Callable[[], None]]:
    """Under the lock, what makes the content that a run published the one that readers see.

    Raises:
        Unusable: no version with it is kept.
    """
    from spark_app.run.upkeep.rolling_back import kept_version, roll_back
    from spark_app.run.upkeep.tended import tended

    kept_version(job.name, lake, run_id)  # before Spark starts
    with _surroundings(lake, settings) as around, tended(job, around) as table:
        target = kept_version(job.name, lake, run_id)
        yield lambda: roll_back(table, target)


@contextmanager
def _surroundings(lake: Lake, settings: Settings) -> "Iterator[Surroundings]":
    """What a command that needs Spark has around it."""
    from spark_app.run.stages import Surroundings
    from spark_app.spark.session import SparkOnDemand

    progress = Progress()
    memory, region = settings.driver_memory, lake.region
    with SparkOnDemand(driver_memory=memory, region=region, log=progress.line) as spark:
        yield Surroundings(lake, spark, datetime.now(UTC), progress)


def _made_by(change: "Change") -> str:
    by = change.version.mark("command") or "run"
    return f"{by} (undone)" if change.is_undone else by
