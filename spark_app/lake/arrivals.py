"""What a listing brings to a lake table: which files are read, and whose rows they replace."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, NamedTuple, get_args

from spark_app.lake.ledger import GONE, REFUSED, SKIPPED, Ledger
from spark_app.lake.store import StoredFile

Files = Mapping[int, StoredFile]
_DAY = re.compile(r"[/=](\d{4})[-/](\d{2})[-/](\d{2})/")
Kind = Literal["new", "changed", "same", "left", "skipped"]


class Seen(NamedTuple):
    """The version of a file whose rows are in the table."""

    number: int
    size_bytes: int
    version: str
    state: str

    def is_of(self, file: StoredFile) -> bool:
        """Whether a listed file is just this version."""
        return self.size_bytes == file.size_bytes and self.version == file.version


@dataclass(frozen=True)
class Arrivals:
    """What a listing brings, by the number of each file version.

    `new` and `rewritten` files get numbers of their own; those in `again` are read under the number
    that they have: they held copies of rows that may go, or all is read again. `earlier` has the
    number whose rows a file of the last two replaces. `skipped` are left out, as was asked;
    `refused` are as well, and why. `gone` and `back` are the numbers of files that are no more, and
    of those that are there again.
    """

    new: Files
    rewritten: Files
    again: Files
    earlier: Mapping[int, int]
    skipped: Files
    gone: tuple[int, ...]
    back: tuple[int, ...]
    known_count: int
    refused: Files = field(default_factory=dict)
    why_refused: Mapping[int, str] = field(default_factory=dict)

    @property
    def to_read(self) -> dict[int, StoredFile]:
        """Every file that is read, by its number."""
        return {**self.new, **self.rewritten, **self.again}

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.to_read or self.skipped or self.refused)

    def without(self, numbers: Collection[int]) -> "Arrivals":
        """Without some of the files that were to be read: what is known of them stays as it is."""
        return replace(
            self,
            new=_without(self.new, numbers),
            rewritten=_without(self.rewritten, numbers),
            again=_without(self.again, numbers),
            earlier={number: old for number, old in self.earlier.items() if number not in numbers},
        )

    def refusing(self, why: Mapping[int, str]) -> "Arrivals":
        """Without some of the files that were to be read, and why; the run tells of them."""
        files = self.to_read
        return replace(
            self.without(why),
            refused={**self.refused, **{number: files[number] for number in why}},
            why_refused={**self.why_refused, **why},
        )

    def in_words(self) -> str:
        """`files: 31 new, 2 rewritten, 415 known`."""
        counts = (
            (len(self.new), "new"),
            (len(self.rewritten), "rewritten"),
            (len(self.again), "read again"),
            (len(self.skipped), "skipped"),
            (self.known_count, "known"),
            (len(self.gone), "gone"),
        )
        return "files: " + (", ".join(f"{n:,} {word}" for n, word in counts if n) or "none")


def arrivals(
    listed: Sequence[StoredFile],
    known: Ledger,
    *,
    skip: Collection[str] = (),
    is_full: bool = False,
    first: date | None = None,
) -> Arrivals:
    """What of a listing is new, rewritten or known, and which known files are gone.

    Paths to `skip` are not read. With `is_full` every other file is read again. Of files in folders
    of days before the `first` nothing is said.
    """
    if first is not None:
        listed = [file for file in listed if _is_kept(file.path, first)]
    seen, left = _seen(known), _left_out(known)
    here = {file.path: file for file in listed}
    kinds: dict[Kind, list[StoredFile]] = {kind: [] for kind in get_args(Kind)}
    for file in here.values():
        old = seen.get(file.path)
        is_same = old is not None and old.is_of(file)
        kind: Kind = "same" if is_same else _kind(file, old, () if is_full else left, skip)
        kinds[kind].append(file)
    near = _copies_near(known, {seen[file.path].number for file in kinds["changed"]})
    same = {seen[file.path].number: file for file in kinds["same"] if file.path not in skip}
    again = {number: file for number, file in same.items() if is_full or number in near}
    numbers = iter(range(known.next_id(), known.next_id() + len(here)))
    new = {next(numbers): file for file in kinds["new"]}
    rewritten = {next(numbers): file for file in kinds["changed"]}
    earlier = {number: seen[file.path].number for number, file in rewritten.items()}
    return Arrivals(
        new=new,
        rewritten=rewritten,
        again=again,
        earlier={**earlier, **{number: number for number in again}},
        skipped={next(numbers): file for file in kinds["skipped"]},
        gone=tuple(
            old.number
            for path, old in seen.items()
            if path not in here and old.state != GONE and _is_kept(path, first)
        ),
        back=tuple(s.number for p, s in seen.items() if p in here and s.state == GONE),
        known_count=len(kinds["same"]) + len(kinds["left"]) - len(again),
    )


def _copies_near(known: Ledger, replaced: Collection[int]) -> set[int]:
    """The file versions that hold copies of rows, in the days in which some others have rows."""
    mine = known.of(replaced)
    days = set(mine.loc[mine["rows_count"] > 0, "day"])
    return set(map(int, known.copies_in(days)["owner"])) - set(replaced)


def _kind(
    file: StoredFile,
    old: Seen | None,
    left: Collection[tuple[str, int, str]],
    skip: Collection[str],
) -> Kind:
    """What a listed file is, of which another version or none is in the table."""
    if (file.path, file.size_bytes, file.version) in left:
        return "left"
    if file.path in skip:
        return "skipped"
    return "new" if old is None else "changed"


def _seen(known: Ledger) -> dict[str, Seen]:
    cells = known.here[["path", "source_id", "size_bytes", "version", "state"]]
    rows = cells.itertuples(index=False, name=None)
    return {path: Seen(int(number), int(size), v, state) for path, number, size, v, state in rows}


def _is_kept(path: str, first: date | None) -> bool:
    """Whether a file lies in no folder of a day before the `first`: `2017/08/09/`, `2017-08-09/` or
    `NAME=2017-08-09/`."""
    found = _DAY.search(path) if first is not None else None
    if found is None or first is None:
        return True
    try:
        return date(*map(int, found.groups())) >= first
    except ValueError:
        return True


def _left_out(known: Ledger) -> set[tuple[str, int, str]]:
    left = known.files[known.files["state"].isin((SKIPPED, REFUSED))]
    cells = left[["path", "size_bytes", "version"]]
    return {(path, int(size), v) for path, size, v in cells.itertuples(index=False, name=None)}


def _without(files: Files, numbers: Collection[int]) -> Files:
    return {number: file for number, file in files.items() if number not in numbers}
