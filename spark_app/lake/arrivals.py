"""What a listing brings to a lake table: which files are read, and whose rows they replace."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, get_args

from spark_app.lake.ledger import GONE, Ledger
from spark_app.lake.store import StoredFile

if TYPE_CHECKING:
    import pandas as pd

Files = Mapping[int, StoredFile]
_DAY = re.compile(r"[/=](\d{4})[-/](\d{2})[-/](\d{2})/")
Version = tuple[str, int, str]
_TOLD_BY = ("path", "size_bytes", "version")
Kind = Literal["new", "changed", "left", "skipped"]


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
        return not (self.to_read or self.skipped or self.refused or self.gone or self.back)

    def gone_of(self, known: Ledger) -> set[int]:
        """All file versions of a ledger whose files are gone, now or before."""
        before = known.here.loc[known.here["state"] == GONE, "source_id"]
        return {*self.gone, *map(int, before)} - set(self.back)

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
            (len(self.back), "back"),
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
    files = {file.path: file for file in listed if _is_kept(file.path, first)}
    unlisted, left = _by_path(known.here), _versions(known.left_out)
    kinds: dict[Kind, list[StoredFile]] = {kind: [] for kind in get_args(Kind)}
    seen: dict[str, int] = {}
    for path, file in files.items():
        old = unlisted.pop(path, None)
        if old is not None and old[1:] == file[1:3]:
            continue
        if old is not None:
            seen[path] = old[0]
        kinds[_kind(file, old is not None, () if is_full else left, skip)].append(file)
    others_count = sum(map(len, kinds.values()))
    near = _copies_near(known, {seen[file.path] for file in kinds["changed"]})
    once_more = known.here if is_full else known.here[known.here["source_id"].isin(near)]
    again = {
        number: files[path]
        for path, (number, *_) in _by_path(once_more).items()
        if path in files and path not in seen and path not in skip
    }
    numbers = iter(range(known.next_id(), known.next_id() + others_count))
    new = {next(numbers): file for file in kinds["new"]}
    rewritten = {next(numbers): file for file in kinds["changed"]}
    earlier = {number: seen[file.path] for number, file in rewritten.items()}
    was_gone = _by_path(known.here[known.here["state"] == GONE])
    return Arrivals(
        new=new,
        rewritten=rewritten,
        again=again,
        earlier={**earlier, **{number: number for number in again}},
        skipped={next(numbers): file for file in kinds["skipped"]},
        gone=tuple(
            number
            for path, (number, *_) in unlisted.items()
            if path not in was_gone and _is_kept(path, first)
        ),
        back=tuple(number for path, (number, *_) in was_gone.items() if path in files),
        known_count=len(files) - others_count + len(kinds["left"]) - len(again),
    )


def _copies_near(known: Ledger, replaced: Collection[int]) -> set[int]:
    """The file versions that hold copies of rows, in the days in which some others have rows."""
    mine = known.of(replaced)
    days = set(mine.loc[mine["rows_count"] > 0, "day"])
    return set(map(int, known.copies_in(days)["owner"])) - set(replaced)


def _kind(
    file: StoredFile, is_seen: bool, left: Collection[Version], skip: Collection[str]
) -> Kind:
    """What a listed file is, of which another version or none is in the table."""
    if file[:3] in left:
        return "left"
    if file.path in skip:
        return "skipped"
    return "changed" if is_seen else "new"


def _by_path(files: "pd.DataFrame") -> dict[str, tuple[int, int, str]]:
    """Some file versions, of one path one: number, size and version."""
    cells = zip(*map(_cells, (files[name] for name in ("source_id", *_TOLD_BY[1:]))), strict=True)
    return dict(zip(_cells(files["path"]), cells, strict=True))


def _versions(files: "pd.DataFrame") -> set[Version]:
    """Some file versions as a listing tells them apart."""
    return set(zip(*map(_cells, (files[name] for name in _TOLD_BY)), strict=True))


def _cells(column: "pd.Series[Any]") -> list[Any]:
    """A column as a list: taken out of Arrow one by one, its cells take ten times as long."""
    cells: list[Any] = column.to_numpy(object).tolist()
    return cells


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


def _without(files: Files, numbers: Collection[int]) -> Files:
    return {number: file for number, file in files.items() if number not in numbers}
