"""What a lake table knows of delivered files: which version of each it read, and with what result.

A run that commits adds a part: rows that replace those of the same number. The commit names the
parts, so that ledger and rows become visible together; many parts are folded into one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from spark_app.errors import Unusable
from spark_app.lake import parquet
from spark_app.lake.catalogue import Snapshot
from spark_app.lake.paths import Paths
from spark_app.lake.store import StoredFile, is_s3

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MARK = "ledger"
MOST_PARTS = 24
CURRENT, SUPERSEDED, GONE = "current", "superseded", "gone"
FILES = {
    "source_id": "int32",
    "path": "string",
    "size_bytes": "int64",
    "version": "string",
    "state": "string",
    "run_id": "string",
    "rows_count": "int64",
    "quarantined_count": "int64",
}
DAYS = {
    "source_id": "int32",
    "day": "date32[day]",
    "rows_count": "int64",
    "duplicates_count": "int64",
}


@dataclass(frozen=True, eq=False)
class Ledger:
    """File versions and their rows by day.

    `files`: one row a file version, with its number, whether its rows are in the table (`current`),
    were replaced by those of a later version (`superseded`) or stay although the file is `gone`,
    the run that read it, and its rows: all, and those set aside. `days`: one row a file version and
    day, with its rows in the table, and those that are not, because another one has their key.
    """

    files: "pd.DataFrame"
    days: "pd.DataFrame"

    @cached_property
    def here(self) -> "pd.DataFrame":
        """The file versions whose rows are in the table."""
        return self.files[self.files["state"] != SUPERSEDED]

    def days_of(self, source_ids: Sequence[int]) -> set[date]:
        """The days in which file versions have rows."""
        mine = self.days["source_id"].isin(source_ids) & (self.days["rows_count"] > 0)
        return set(self.days.loc[mine, "day"])

    def next_id(self) -> int:
        """The number of the next file version."""
        return int(self.files["source_id"].max()) + 1 if len(self.files) else 1


@dataclass(frozen=True)
class Arrivals:
    """What a listing brings: files to read under their new numbers, and what becomes of known ones.

    `replaced` are the numbers whose rows go: of files that were rewritten, and of those in `again`,
    which held copies of rows that go with them. `gone` are the numbers of files that are no more.
    """

    new: Mapping[int, StoredFile]
    rewritten: Mapping[int, StoredFile]
    again: Mapping[int, StoredFile]
    replaced: tuple[int, ...]
    gone: tuple[int, ...]
    known_count: int

    @property
    def to_read(self) -> dict[int, StoredFile]:
        """Every file that is read, by its new number."""
        return {**self.new, **self.rewritten, **self.again}

    def in_words(self) -> str:
        """`files: 31 new, 2 rewritten, 415 known`."""
        counts = (
            (len(self.new), "new"),
            (len(self.rewritten), "rewritten"),
            (len(self.again), "read again"),
            (self.known_count, "known"),
            (len(self.gone), "gone"),
        )
        return "files: " + (", ".join(f"{n:,} {word}" for n, word in counts if n) or "none")


def read(table: str, lake: Paths, version: Snapshot | None) -> Ledger:
    """The ledger of a version of a lake table; an empty one before the first."""
    parts = parts_of(version)
    files = [lake.ledger(table, f"{part}-files") for part in parts]
    days = [lake.ledger(table, f"{part}-days") for part in parts]
    return Ledger(_whole(_latest(files, lake, FILES), lake), _latest(days, lake, DAYS))


def add(table: str, lake: Paths, version: Snapshot | None, run_id: str, changes: Ledger) -> str:
    """Write what a run changes as a part of its own; the mark that names all parts from then on."""
    parts = parts_of(version)
    if len(parts) >= MOST_PARTS:
        before = read(table, lake, version)
        changes = Ledger(_last([before.files, changes.files]), _last([before.days, changes.days]))
        parts = []
    known = _relative(changes.files, lake)
    for kind, frame, columns in (("files", known, FILES), ("days", changes.days, DAYS)):
        content = parquet.serialise(_arrow(frame, columns))
        lake.store.write(lake.ledger(table, f"{run_id}-{kind}"), content, lake.run(run_id))
    return ",".join([*parts, run_id])


def arrivals(listed: Sequence[StoredFile], known: Ledger) -> Arrivals:
    """What of a listing is new, rewritten or known, and which known files are gone."""
    before = {
        path: (int(source_id), int(size), version, state)
        for path, source_id, size, version, state in known.here[
            ["path", "source_id", "size_bytes", "version", "state"]
        ].itertuples(index=False, name=None)
    }
    here = {file.path: file for file in listed}
    fresh = [file for path, file in here.items() if path not in before]
    changed = [
        file
        for path, file in here.items()
        if path in before and before[path][1:3] != (file.size_bytes, file.version)
    ]
    replaced = {before[file.path][0] for file in changed}
    copies = _with_copies(known, replaced)
    again = [here[path] for path in copies if path in here and here[path] not in changed]
    replaced |= {before[file.path][0] for file in again}
    gone = tuple(seen[0] for path, seen in before.items() if path not in here and seen[3] != GONE)
    number = known.next_id()
    ids = [range(number, number + len(fresh))]
    ids.append(range(ids[-1].stop, ids[-1].stop + len(changed)))
    ids.append(range(ids[-1].stop, ids[-1].stop + len(again)))
    return Arrivals(
        new=dict(zip(ids[0], fresh, strict=True)),
        rewritten=dict(zip(ids[1], changed, strict=True)),
        again=dict(zip(ids[2], again, strict=True)),
        replaced=tuple(sorted(replaced)),
        gone=gone,
        known_count=len(here) - len(fresh) - len(changed) - len(again),
    )


def parts_of(version: Snapshot | None) -> list[str]:
    """The parts of the ledger that a version names; none before the first."""
    named = version.mark(MARK) if version else ""
    return named.split(",") if named else []


def _with_copies(known: Ledger, replaced: set[int]) -> list[str]:
    """The files that held copies of rows, in the days of those that are replaced."""
    days = known.days[known.days["day"].isin(known.days_of(sorted(replaced)))]
    near = days.loc[days["duplicates_count"] > 0, "source_id"]
    ids = known.here["source_id"]
    return list(known.here.loc[ids.isin(near) & ~ids.isin(replaced), "path"])


def _latest(paths: Sequence[str], lake: Paths, columns: Mapping[str, str]) -> "pd.DataFrame":
    """All rows of some parts, of those with one key the last."""
    contents = [lake.store.fetch(path) for path in paths]
    if None in contents:
        gone = paths[contents.index(None)]
        raise Unusable(f"{gone}, a part of the ledger of a lake table, is gone; put it back")
    frames = [parquet.parse(found[0]).to_pandas(date_as_object=True) for found in contents if found]
    return _last([_empty(columns), *frames])


def _relative(files: "pd.DataFrame", lake: Paths) -> "pd.DataFrame":
    """Paths below the lake as they are from its root: a lake that was moved knows its files."""
    root = f"{lake.root}/"
    return files.assign(path=[path.removeprefix(root) for path in files["path"]])


def _whole(files: "pd.DataFrame", lake: Paths) -> "pd.DataFrame":
    """Whole paths again."""
    whole = [path if _is_whole(path) else lake.path(path) for path in files["path"]]
    return files.assign(path=whole)


def _is_whole(path: str) -> bool:
    return path.startswith("/") or is_s3(path)


def _last(frames: Sequence["pd.DataFrame"]) -> "pd.DataFrame":
    """All rows, of those with one key the last."""
    import pandas as pd

    full = [frame for frame in frames if len(frame)] or list(frames[:1])
    key = [name for name in ("source_id", "day") if name in full[0].columns]
    rows = pd.concat(full, ignore_index=True).drop_duplicates(key, keep="last")
    return rows.reset_index(drop=True)


def _empty(columns: Mapping[str, str]) -> "pd.DataFrame":
    empty: pd.DataFrame = _schema(columns).empty_table().to_pandas(date_as_object=True)
    return empty


def _arrow(frame: "pd.DataFrame", columns: Mapping[str, str]) -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_pandas(frame[list(columns)], schema=_schema(columns), preserve_index=False)


def _schema(columns: Mapping[str, str]) -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([(name, pa.type_for_alias(kind)) for name, kind in columns.items()])
