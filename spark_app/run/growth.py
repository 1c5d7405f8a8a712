"""What a run adds to a lake table."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from spark_app.errors import Unusable
from spark_app.lake.arrivals import Arrivals, arrivals
from spark_app.lake.catalogue import Snapshot
from spark_app.lake.ledger import Ledger
from spark_app.lake.store import StoredFile
from spark_app.run.request import Once


@dataclass(frozen=True)
class Growth:
    """What arrived, beside the ledger and the version that a run found; null before the first.

    `shrinking` are the paths of files that may have fewer rows than they had.
    """

    arrivals: Arrivals
    known: Ledger
    version: Snapshot | None
    shrinking: frozenset[str] = frozenset()

    @property
    def is_without_rows(self) -> bool:
        """Whether a run has something to record, but nothing to read: files that are left out, as
        was asked, gone, or there again."""
        arrivals = self.arrivals
        is_told = bool(arrivals.skipped or arrivals.gone or arrivals.back)
        is_idle = not (arrivals.to_read or arrivals.refused)
        return self.version is not None and is_told and is_idle


def growth_of(
    listed: Collection[StoredFile],
    known: Ledger,
    version: Snapshot | None,
    once: Once,
    first: date | None = None,
) -> Growth:
    """What a run adds, by what was listed, what is known, and what was asked; files in folders of
    days before the `first` are passed over.

    Raises:
        Unusable: a file that was named is not there, or is in the table already.
    """
    paths = [file.path for file in listed]
    skip = {_named(name, paths, "--skip") for name in once.skip}
    shrinking = {_named(name, paths, "--accept-shrink") for name in once.accept_shrink}
    found = arrivals(list(listed), known, skip=skip, is_full=once.full, first=first)
    left = {file.path for file in found.skipped.values()}
    read = known.here[known.here["path"].isin(skip - left)]
    if len(read) and not once.full:
        raise Unusable(
            f"{read['path'].iloc[0]} was read before, and its rows stay in the table; --skip "
            "leaves out what was not read yet"
        )
    if version is None and not found.to_read:
        raise Unusable("no file is left to make the table of: all are skipped, or too old")
    return Growth(found, known, version, frozenset(shrinking))


def gone_copies(growth: Growth, changed: Collection[date]) -> list[tuple[str, int]]:
    """Files that are gone and held copies of rows that are replaced in some days, with how many:
    where the row that stood for a copy goes, the copy does not take its place."""
    known, arrivals = growth.known, growth.arrivals
    replaced = known.of(set(arrivals.earlier.values()))
    days = set(replaced.loc[replaced["rows_count"] > 0, "day"]) & set(changed)
    there, gone = known.copies_in(days), arrivals.gone_of(known)
    counts = there[there["owner"].isin(gone)].groupby("owner")["duplicates_count"].sum()
    paths = known.paths_of(counts.index)
    return [(paths[n], int(count)) for n, count in zip(counts.index, counts, strict=True)]


def _named(name: str, paths: Collection[str], option: str) -> str:
    """The path that a user meant by a name: the whole of it, or the last part."""
    found = [path for path in paths if path == name or path.endswith(f"/{name.lstrip('/')}")]
    if not found:
        raise Unusable(
            f"{option} {name} names no delivered file; write its path or the last part of it"
        )
    if len(found) > 1:
        raise Unusable(
            f"{option} {name} names {len(found)} files ({found[0]}, {found[1]}); write more of the "
            "path"
        )
    return found[0]
