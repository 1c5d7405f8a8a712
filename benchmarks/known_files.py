"""What a lake table's ledger costs a run that brings 10 files, when it knows millions of others.

The ledger is a real one, on a disk; the listing is made up, since listing so many files is the
store's work. Prints the CPU seconds of what a run does with both, and the memory.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

import pandas as pd

from spark_app.lake import catalogue, ledger
from spark_app.lake.catalogue import Snapshot
from spark_app.lake.lake import Lake
from spark_app.lake.ledger import CURRENT, Ledger
from spark_app.lake.store import StoredFile
from spark_app.run.bookkeeping import Days, changes_of, totals_of
from spark_app.run.growth import growth_of
from spark_app.run.landing import Staged
from spark_app.run.manifest import digest
from spark_app.run.request import Once

TABLE = "app_event"
FIRST_DAY, DAYS_COUNT, NEW_COUNT, ROWS = date(2023, 1, 1), 1000, 10, 1000


def day_of(number: int) -> date:
    """The one day of the rows of a file."""
    return FIRST_DAY + timedelta(days=number % DAYS_COUNT)


def delivered(lake: Lake, numbers: range) -> list[StoredFile]:
    """Files in folders of days."""
    return [
        StoredFile(f"{lake.raw(TABLE)}/{day_of(n):%Y/%m/%d}/events-{n:09d}.csv.gz", 1000, f"{n:x}")
        for n in numbers
    ]


def know(lake: Lake, files: list[StoredFile]) -> Snapshot:
    """Let the ledger of the table have read some files; the version that says so."""
    numbers = range(1, len(files) + 1)
    ids = pd.Series(numbers)
    known = pd.DataFrame(files)[["path", "size_bytes", "version"]].assign(
        source_id=ids,
        state=CURRENT,
        superseded_by=0,
        run_id="before",
        rows_count=ROWS,
        quarantined_count=0,
    )
    days = pd.DataFrame({"source_id": ids, "day": list(map(day_of, numbers))}).assign(
        rows_count=ROWS, duplicates_count=0, content=known["version"]
    )
    return version(ledger.add(TABLE, lake, None, "before", Ledger(known, days)))


def version(parts: str) -> Snapshot:
    """A version that names the parts of a ledger."""
    return Snapshot(1, datetime.now(UTC), {f"{catalogue.MARK}{ledger.MARK}": parts})


@contextmanager
def measured(what: str) -> Iterator[None]:
    """Print what a step takes."""
    began = time.process_time()
    yield
    print(f"{what:<50} {time.process_time() - began:6.2f} s of CPU", flush=True)


def run(lake: Lake, before: Snapshot, listed: list[StoredFile]) -> None:
    """What a run does with listing and ledger, and the page after it."""
    with measured("the identity of the listing"):
        digest(listed)
    with measured("reading the ledger"):
        known = ledger.read(TABLE, lake, before)
    with measured("what of the listing is new"):
        growth = growth_of(listed, known, before, Once())
    print(growth.arrivals.in_words())
    numbers = dict.fromkeys(growth.arrivals.to_read, ROWS)
    bad = dict.fromkeys(numbers, 0)
    staged = Staged(None, {}, MappingProxyType(numbers), bad, 0)  # type: ignore[arg-type]
    kept = {(n, day_of(n)): ROWS for n in numbers}
    with measured("what the ledger learns"):
        contents = {at: (count, "") for at, count in kept.items()}
        changes = changes_of("now", growth, staged, Days(contents, frozenset(), kept))
        totals_of(growth, changes)
        assert known.rows_by_day
        parts = ledger.add(TABLE, lake, before, "now", changes)
    with measured("rows by day for the page"):
        ledger.rows_by_day(TABLE, lake, version(parts))


def main() -> None:
    """Parse arguments, prepare and measure."""
    parser = argparse.ArgumentParser(
        prog="known_files.py",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=3_000_000, help="how many files are known")
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        listed = delivered(lake, range(1, count + NEW_COUNT + 1))
        before = know(lake, listed[:count])
        with measured("all of it"):
            run(lake, before, listed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{peak:.2f} GiB at most, with what makes the listing and the ledger up")


if __name__ == "__main__":
    main()
