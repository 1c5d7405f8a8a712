"""What a lake table knows of delivered files: which version of each it read, and with what result.

A run that commits adds a part: rows that replace those of the same number. The commit names the
parts, so that ledger and rows become visible together; many parts are folded into one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from spark_app.errors import Unusable
from spark_app.lake import parquet
from spark_app.lake.catalogue import Snapshot
from spark_app.lake.paths import Paths
from spark_app.lake.store.s3_uri import SCHEME

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MARK = "ledger"
MOST_PARTS = 24
CURRENT, SUPERSEDED, GONE = "current", "superseded", "gone"
SKIPPED, REFUSED = "skipped", "refused"
FILES = {
    "source_id": "int32",
    "path": "string",
    "size_bytes": "int64",
    "version": "string",
    "state": "string",
    "superseded_by": "int32",
    "run_id": "string",
    "rows_count": "int64",
    "quarantined_count": "int64",
}
DAYS = {
    "source_id": "int32",
    "day": "date32[day]",
    "rows_count": "int64",
    "duplicates_count": "int64",
    "content": "string",
}
FileDay = tuple[int, date]  # a file version, and a day of its rows
Content = tuple[int, str]  # how many rows, and what tells them from others whatever their order


@dataclass(frozen=True, eq=False)
class Ledger:
    """File versions and their rows by day.

    `files`: one row a file version, with its number, the run that read it, and its rows: all, and
    those set aside. Its rows are in the table (`current`), also when the file is `gone`; or a later
    version took its place (`superseded`, by the number of the newest; else 0). What was left out is
    `skipped` or `refused`. `days`: one row a file version and day, with its rows in the table,
    those that are not, because another one has their key, and the content of both: empty where
    persons were taken from the day, whose copies may be counted still.

    Rows of a day in which a later version changed nothing keep the number of the earlier one: they
    are the later one's all the same, see `owned`.
    """

    files: "pd.DataFrame"
    days: "pd.DataFrame"

    @cached_property
    def here(self) -> "pd.DataFrame":
        """The file versions whose rows are in the table."""
        return self.files[self.files["state"].isin((CURRENT, GONE))]

    @cached_property
    def left_out(self) -> "pd.DataFrame":
        """The file versions that were not read."""
        return self.files[self.files["state"].isin((SKIPPED, REFUSED))]

    @cached_property
    def owned(self) -> "pd.DataFrame":
        """The days that hold rows, with the number of the file version that stands for each row's
        file now (`owner`)."""
        by = self.files.set_index("source_id")["superseded_by"]
        newest = self.days["source_id"].map(by).fillna(0).astype("int64")
        days = self.days.assign(owner=newest.where(newest > 0, self.days["source_id"]))
        return days[days["rows_count"] + days["duplicates_count"] > 0]

    def of(self, owners: Collection[int]) -> "pd.DataFrame":
        """The days of some owners."""
        return self.owned[self.owned["owner"].isin(owners)]

    def copies_in(self, days: Collection[date]) -> "pd.DataFrame":
        """Where file versions hold rows of some days that are copies of others."""
        return self.owned[self.owned["day"].isin(days) & (self.owned["duplicates_count"] > 0)]

    def contents_of(self, owners: Collection[int]) -> dict[tuple[int, date], Content]:
        """What each of some owners holds of each day, kept or not."""
        mine = self.of(owners)
        counts = mine["rows_count"] + mine["duplicates_count"]
        cells = zip(mine["owner"], mine["day"], counts, mine["content"], strict=True)
        return {(int(owner), day): (int(n), content) for owner, day, n, content in cells}

    def good_rows_of(
        self, owners: Collection[int], *, beside: Collection[date] = ()
    ) -> dict[int, int]:
        """How many good rows some owners hold for certain, beside those of some days."""
        mine = self.of(owners)
        mine = mine[~mine["day"].isin(beside)]
        copies = mine["duplicates_count"].where(mine["content"] != "", 0)
        counts = (mine["rows_count"] + copies).groupby(mine["owner"]).sum()
        return dict(zip(map(int, counts.index), map(int, counts), strict=True))

    @cached_property
    def rows_by_day(self) -> dict[date, int]:
        """How many rows the table has of each day."""
        return _rows_by_day(self.days)

    def paths_of(self, numbers: Collection[int]) -> dict[int, str]:
        """The files of some file versions."""
        mine = self.files[self.files["source_id"].isin(numbers)]
        return dict(zip(map(int, mine["source_id"]), mine["path"], strict=True))

    def next_id(self) -> int:
        """The number of the next file version."""
        return int(self.files["source_id"].max()) + 1 if len(self.files) else 1


def read(table: str, lake: Paths, version: Snapshot | None) -> Ledger:
    """The ledger of a version of a lake table; an empty one before the first."""
    parts = parts_of(version)
    files = [lake.ledger(table, f"{part}-files") for part in parts]
    days = [lake.ledger(table, f"{part}-days") for part in parts]
    return Ledger(_whole(_latest(files, lake, FILES), lake), _latest(days, lake, DAYS))


def rows_by_day(table: str, lake: Paths, version: Snapshot | None) -> dict[date, int]:
    """How many rows a version of a lake table has of each day, in order: without the rest of what
    its ledger says."""
    days = [lake.ledger(table, f"{part}-days") for part in parts_of(version)]
    counted = {name: DAYS[name] for name in ("source_id", "day", "rows_count")}
    return _rows_by_day(_latest(days, lake, counted))


def add(table: str, lake: Paths, version: Snapshot | None, run_id: str, changes: Ledger) -> str:
    """Write what a run changes as a part of its own; the mark that names all parts from then on."""
    parts = parts_of(version)
    if len(parts) >= MOST_PARTS:
        before = read(table, lake, version)
        changes = Ledger(latest([before.files, changes.files]), latest([before.days, changes.days]))
        parts = []
    known = _relative(changes.files, lake)
    for kind, frame, columns in (("files", known, FILES), ("days", changes.days, DAYS)):
        content = parquet.serialise(_arrow(frame, columns))
        lake.store.write(lake.ledger(table, f"{run_id}-{kind}"), content, lake.run(run_id))
    return ",".join([*parts, run_id])


def rows_of(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> "pd.DataFrame":
    """Rows of `FILES` or of `DAYS` as a ledger has them."""
    import pyarrow as pa

    return _frame(pa.Table.from_pylist(list(rows), schema=_schema(columns)))


def _rows_by_day(days: "pd.DataFrame") -> dict[date, int]:
    counts = days.groupby("day")["rows_count"].sum()
    return dict(zip(counts.index, map(int, counts), strict=True))


def latest(frames: Sequence["pd.DataFrame"]) -> "pd.DataFrame":
    """All rows of some frames, of those with one key the last."""
    import pandas as pd

    full = [frame for frame in frames if len(frame)] or list(frames[:1])
    if len(full) == 1:
        return full[0]
    key = [name for name in ("source_id", "day") if name in full[0].columns]
    rows = pd.concat(full, ignore_index=True).drop_duplicates(key, keep="last")
    return rows.reset_index(drop=True)


def parts_of(version: Snapshot | None) -> list[str]:
    """The parts of the ledger that a version names; none before the first."""
    named = version.mark(MARK) if version else ""
    return named.split(",") if named else []


def _latest(paths: Sequence[str], lake: Paths, columns: Mapping[str, str]) -> "pd.DataFrame":
    """All rows of some parts, of those with one key the last."""
    contents = [lake.store.fetch(path) for path in paths]
    if None in contents:
        gone = paths[contents.index(None)]
        raise Unusable(f"{gone}, a part of the ledger of a lake table, is gone; put it back")
    names = list(columns)
    frames = [_frame(parquet.parse(found[0], names)) for found in contents if found]
    return latest([rows_of(columns, []), *frames])


def _relative(files: "pd.DataFrame", lake: Paths) -> "pd.DataFrame":
    """Paths below the lake as they are from its root: a lake that was moved knows its files."""
    return files.assign(path=files["path"].str.removeprefix(f"{lake.root}/"))


def _whole(files: "pd.DataFrame", lake: Paths) -> "pd.DataFrame":
    """Whole paths again."""
    paths = files["path"]
    is_whole = paths.str.startswith(("/", SCHEME))
    return files.assign(path=paths.where(is_whole, f"{lake.root}/" + paths))


def _frame(rows: "pa.Table") -> "pd.DataFrame":
    """Texts and days stay in Arrow: there may be millions of them."""
    import pandas as pd
    import pyarrow as pa

    kept = {kind: pd.ArrowDtype(kind) for kind in (pa.string(), pa.date32())}
    frame: pd.DataFrame = rows.to_pandas(types_mapper=kept.get)
    return frame


def _arrow(frame: "pd.DataFrame", columns: Mapping[str, str]) -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_pandas(frame[list(columns)], schema=_schema(columns), preserve_index=False)


def _schema(columns: Mapping[str, str]) -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([(name, pa.type_for_alias(kind)) for name, kind in columns.items()])
