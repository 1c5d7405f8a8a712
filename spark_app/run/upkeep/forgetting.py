"""A person's right to be forgotten: rows, old versions and what was set aside, gone at once."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING

from spark_app.declarations import Files, Job, Table
from spark_app.errors import Unusable
from spark_app.lake import catalogue, iceberg, ledger, orphans, suppression
from spark_app.lake.lake import Lake
from spark_app.lake.ledger import DAYS, FileDay, Ledger
from spark_app.lake.suppression import Suppressed
from spark_app.lake.versions import published, published_version
from spark_app.quality.words import count_of
from spark_app.run.forgotten import persons_of
from spark_app.run.manifest import new_run_id
from spark_app.run.stages import Surroundings
from spark_app.run.upkeep.making_again import MadeAgain, readers_of
from spark_app.run.upkeep.tended import Tended, tended
from spark_app.spark.sql import sql_name

if TYPE_CHECKING:
    from pyspark.sql import Column

REMAINS = (
    "what was delivered: take the persons out of raw/{dataset}/, or delete its files",
    "old versions of objects, where a bucket keeps them: until its lifecycle ends them",
    "earlier tables in runs/, made when the persons were still counted: until `prune`",
    "copies that readers took",
)


@dataclass(frozen=True)
class Removed:
    """What went from one lake table: rows, and the days that held them."""

    table: str
    rows_count: int
    days: Sequence[date]

    def in_words(self) -> str:
        """`2 rows of 1 day removed`."""
        return f"{count_of(self.rows_count, 'row')} of {count_of(len(self.days), 'day')} removed"


@dataclass(frozen=True)
class _Wish:
    """Whose rows go from a dataset, and the jobs whose lake tables hold some."""

    dataset: str
    persons: Suppressed
    lakes: Sequence[Job]


@dataclass(frozen=True)
class Receipt:
    """What `forget` did, without the id of anybody. Of the tables that were made from what is gone,
    `made_again` has the run of each that readers see now; of those `not_made_again` they still see
    the earlier one."""

    run_id: str
    dataset: str
    persons_count: int
    removed: Sequence[Removed]
    not_made_again: Sequence[str]
    at: datetime
    made_again: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """The receipt as the lake keeps it."""
        return {
            "run_id": self.run_id,
            "dataset": self.dataset,
            "persons_count": self.persons_count,
            "tables": [
                {
                    "table": one.table,
                    "rows_count": one.rows_count,
                    "days": [day.isoformat() for day in one.days],
                }
                for one in self.removed
            ],
            "removed_as_well": ["old versions", "quarantine", "staging", "pages of shut gates"],
            "made_again": dict(self.made_again),
            "not_made_again": list(self.not_made_again),
            "at": self.at.isoformat(),
            "remains": [words.format(dataset=self.dataset) for words in REMAINS],
        }


def ids_in(path: str) -> frozenset[str]:
    """The ids in a file of this machine, one a line.

    Raises:
        Unusable: it is not such a file; the text names the line, never what stands there.
    """
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise Unusable(f"{path} is not UTF-8; write one id a line") from error
    except OSError as error:
        raise Unusable(f"{path} cannot be read ({error.strerror}); name a file of ids") from error
    for number, line in enumerate(lines, 1):
        if not line or line != line.strip() or "\0" in line:
            raise Unusable(f"line {number} of {path} is no id; write one a line, with nothing else")
    if not lines:
        raise Unusable(f"{path} has no id; write one a line")
    return frozenset(lines)


def lakes_of(dataset: str, jobs: Sequence[Job]) -> list[Job]:
    """The jobs whose lake tables hold the persons of a dataset.

    Raises:
        Unusable: there is no such dataset, or nothing says which of its columns is a person.
    """
    holders = [(job, s.name) for job in jobs for s in _files(job) if persons_of(s)]
    lakes = [job for job, name in holders if name == dataset]
    if not lakes:
        known = ", ".join(sorted({name for _, name in holders})) or "none"
        raise Unusable(
            f"no lake table holds persons of a dataset {dataset}; those with persons are: {known}"
        )
    return lakes


def forget(
    dataset: str, ids: Collection[str], jobs: Sequence[Job], around: Surroundings
) -> Receipt:
    """Let no read of a dataset bring some persons again, and remove what the lake has of them, but
    for the tables that were made from it: the receipt names them, see `complete`.

    Raises:
        Unusable: see `lakes_of`.
        RunFailed: a run holds a lock. What was done stays so; the same command again does the rest.
    """
    lake, run_id = around.lake, new_run_id(around.clock)
    lakes = lakes_of(dataset, jobs)
    with lake.lock(dataset, run_id, around.clock, around.progress.line):
        persons = suppression.add(dataset, lake, ids, lake.run(run_id))
    wish = _Wish(dataset, persons, lakes)
    removed = [_from_table(job, wish, around) for job in lakes]
    readers = [job.name for job in readers_of(lakes, jobs, lake)]
    receipt = Receipt(run_id, dataset, len(ids), removed, readers, datetime.now(UTC))
    _write(receipt, lake)
    return receipt


def complete(receipt: Receipt, again: MadeAgain, lake: Lake) -> None:
    """Let the lake's receipt say what became of the tables that were made from what is gone."""
    seen = {end.job.name: published(end.job.publishes, lake) for end in again.made}
    made = {name: version.run_id for name, version in seen.items() if version}
    left = [end.job.name for end in again.left]
    _write(replace(receipt, made_again=made, not_made_again=left), lake)


def _write(receipt: Receipt, lake: Lake) -> None:
    content = json.dumps(receipt.as_dict(), indent=2) + "\n"
    lake.store.write(lake.receipt(receipt.run_id), content.encode(), lake.run(receipt.run_id))


def _from_table(job: Job, wish: "_Wish", around: Surroundings) -> Removed:
    """Remove persons from a lake table and from what its runs left."""
    if catalogue.current(job.name, around.lake) is None:
        with around.lake.lock(job.name, "forget", around.clock, around.progress.line):
            _remove_leftovers(job, wish, around.lake)
        return Removed(job.name, 0, ())
    with tended(job, around) as table:
        counts = _rows_of(table, wish.persons)
        if counts:
            _rewrite(table, wish.persons, counts)
        _remove_versions(table)
        _remove_leftovers(job, wish, table.lake)
    return Removed(job.name, sum(counts.values()), sorted({day for _, day in counts}))


def _rows_of(table: Tended, persons: Suppressed) -> dict[FileDay, int]:
    """How many rows persons have, by file version and day."""
    rows = iceberg.published_rows(table.session, table.table)
    mine = rows.where(_is_of(table.table, persons))
    return iceberg.counts_by_day(mine, table.table)


def _rewrite(table: Tended, persons: Suppressed, counts: Mapping[FileDay, int]) -> None:
    """Publish the days that hold persons without them."""
    days = {day for _, day in counts}
    before = iceberg.published_rows(table.session, table.table)
    rows = before.where(iceberg.within(table.table, days)).where(~_is_of(table.table, persons))
    table.begin()
    iceberg.replace_days(table.session, table.table, table.change_id, rows, days)
    known = ledger.read(table.job.name, table.lake, table.version)
    parts = ledger.add(
        table.job.name, table.lake, table.version, table.change_id, without(known, counts)
    )
    table.mark(table.version, "forget", **{ledger.MARK: parts})
    table.publish()


def _remove_versions(table: Tended) -> None:
    """Leave nothing but what readers see now: no earlier version, no file of a dead run."""
    seen = published_version(table.job, table.lake)
    table.lock.require()
    iceberg.rewrite_manifests(table.session, table.table, seen.marks)
    iceberg.expire_all(table.session, table.table, table.around.clock)
    orphans.remove_files(table.session, table.table, table.lake, datetime.now(UTC))
    orphans.remove_parts(table.table, table.lake)


def without(known: Ledger, counts: Mapping[FileDay, int]) -> Ledger:
    """What the ledger says of days from which rows were taken. Copies of them may lie in any file
    that has copies of these days: of neither the content is known any more."""
    days = known.days[known.days["day"].isin({day for _, day in counts})]
    keys = zip(days["source_id"], days["day"], strict=True)
    days = days.assign(taken=[counts.get(key, 0) for key in keys], content="")
    days = days[days["taken"] + days["duplicates_count"] > 0]
    return Ledger(
        known.files.head(0), days.assign(rows_count=days["rows_count"] - days["taken"])[list(DAYS)]
    )


def _is_of(table: Table, persons: Suppressed) -> "Column":
    """Whether a row of a table is of one of some persons."""
    from pyspark.sql import functions as F

    columns = [F.col(sql_name(column.name)) for column in table.columns if column.person]
    return reduce(or_, map(persons.holds, columns))


def _remove_leftovers(job: Job, wish: _Wish, lake: Lake) -> None:
    """Remove what runs left: rows that were set aside, or stand as they were read, and pages that
    quote some. The caller holds the table's lock, so that no run of it is writing; what runs of
    the other tables set aside goes under their own."""
    quarantined = lake.store.children(lake.quarantine_folder(wish.dataset))
    manifests = lake.manifests()
    others = {one.name for one in wish.lakes} - {job.name}
    for run_id in (name.removeprefix("run_id=") for name in quarantined):
        if manifests.get(run_id, {}).get("job") not in others:
            lake.store.delete_folder(lake.quarantine(wish.dataset, run_id))
    for run_id, manifest in manifests.items():
        if manifest["job"] == job.name:
            lake.store.delete_folder(lake.staging(run_id, job.name))
            lake.store.delete([lake.run_report(run_id)])


def _files(job: Job) -> list[Files]:
    return [source for source in job.reads if isinstance(source, Files)]
