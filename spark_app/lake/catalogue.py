"""Which version of a lake table readers see: asked of its catalogue and metadata, without Spark."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from itertools import takewhile
from pathlib import Path
from typing import Any

from spark_app.errors import RunFailed, Unusable
from spark_app.lake import glue
from spark_app.lake.paths import Paths
from spark_app.lake.store import is_s3

CATALOGUE, NAMESPACE = "lake", "tables"  # as Spark names them on a disk: lake.tables.TABLE
NAMESPACE_SETTING = f"spark.sql.catalog.{CATALOGUE}.default-namespace"
DATABASE_FILE = "catalog.db"
MARK = "spark_app."
_FIND = """
    SELECT metadata_location FROM iceberg_tables
    WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?
"""
_SCHEME = "file:"


@dataclass(frozen=True)
class Snapshot:
    """A version of a lake table: its id, when it was committed (UTC), and Iceberg's own summary of
    it, in which our marks say the run, its delivery and its ledger."""

    snapshot_id: int
    committed_at: datetime
    summary: Mapping[str, str]

    @property
    def run_id(self) -> str:
        """The run that made it; empty where somebody else did."""
        return self.mark("run_id")

    @property
    def rows_count(self) -> int:
        """How many rows the table has."""
        return int(self.summary.get("total-records", 0))

    @property
    def bytes_count(self) -> int:
        """How large its data files are together."""
        return int(self.summary.get("total-files-size", 0))

    def mark(self, name: str) -> str:
        """What a run wrote of its commit; empty where it did not."""
        return self.summary.get(f"{MARK}{name}", "")

    @property
    def marks(self) -> dict[str, str]:
        """All that a run wrote of its commit."""
        return {k.removeprefix(MARK): v for k, v in self.summary.items() if k.startswith(MARK)}


@dataclass(frozen=True)
class Change:
    """What a run or command published: its version, and how many rows it added and removed.
    `is_undone`: what readers see does not follow from it, as the table was rolled back."""

    version: Snapshot
    added_count: int
    removed_count: int
    is_undone: bool = False

    def with_commit(self, summary: Mapping[str, str]) -> "Change":
        """Together with the rows of one more commit of the same run; files that were only put
        together hold the same rows as before."""
        if summary.get("operation") == "replace":
            return self
        added = self.added_count + int(summary.get("added-records", 0))
        removed = self.removed_count + int(summary.get("deleted-records", 0))
        return replace(self, added_count=added, removed_count=removed)


def namespace_of(lake: Paths) -> str:
    """The namespace of a lake's tables: in S3 the lake's own Glue database."""
    return glue.database_of(lake.root) if is_s3(lake.root) else NAMESPACE


def current(table: str, lake: Paths) -> Snapshot | None:
    """The version of a lake table that readers see; null before the first one.

    Raises:
        Unusable: the lake was copied or moved, or somebody else wrote the version.
    """
    metadata = _metadata(table, lake)
    if metadata is None:
        return None
    main = metadata.get("refs", {}).get("main")
    if main is None:
        return None
    found = _snapshot(metadata, int(main["snapshot-id"]))
    if not found.run_id:
        raise Unusable(
            f"the newest version of the lake table {table} was not published by this application; "
            "roll it back with the tool that wrote it"
        )
    return found


def history(table: str, lake: Paths) -> list[Change]:
    """What was published of a lake table, the newest last, as far as it is kept.

    Raises:
        Unusable: the lake was copied or moved.
    """
    metadata = _metadata(table, lake)
    if metadata is None or "main" not in metadata.get("refs", {}):
        return []
    known = {int(one["snapshot-id"]): one for one in metadata["snapshots"]}
    main = int(metadata["refs"]["main"]["snapshot-id"])
    seen = list(_back_from(main, known))
    heads = [at for at in known if at == main or _snapshot(metadata, at).run_id]
    changes = [
        reduce(
            Change.with_commit,
            (_snapshot(metadata, one).summary for one in _commits(at, metadata, known)),
            Change(_snapshot(metadata, at), 0, 0, at not in seen),
        )
        for at in heads
    ]
    return sorted(changes, key=lambda change: change.version.committed_at)


def version_of(table: str, lake: Paths, run_id: str) -> Snapshot | None:
    """The newest version with the content that a run published; null where none is kept."""
    versions = [change.version for change in history(table, lake)]
    return next((one for one in reversed(versions) if one.run_id == run_id), None)


def _back_from(at: int | None, known: Mapping[int, Mapping[str, Any]]) -> Iterator[int]:
    """A snapshot and those that it follows from."""
    while at is not None and at in known:
        yield at
        at = known[at].get("parent-snapshot-id")


def _commits(
    head: int, metadata: Mapping[str, Any], known: Mapping[int, Mapping[str, Any]]
) -> Iterator[int]:
    """The snapshots of the run whose last one is `head`."""
    line = _back_from(head, known)
    yield next(line)
    yield from takewhile(lambda at: not _snapshot(metadata, at).run_id, line)


def _metadata(table: str, lake: Paths) -> dict[str, Any] | None:
    location = location_of(table, lake)
    if location is None:
        return None
    path, here = location.removeprefix(_SCHEME), lake.lake_table(table)
    if not path.startswith(f"{here}/"):
        raise Unusable(
            f"the lake table {table} was made elsewhere ({path}), but this lake has it at {here}; "
            "Iceberg keeps whole paths, so move the lake back or `relocate` it"
        )
    content = lake.store.fetch(path)
    if content is None:
        raise Unusable(
            f"{path}, the metadata of the lake table {table}, is gone; put the folder {here} back "
            "as it was"
        )
    return dict(json.loads(content[0]))


def location_of(table: str, lake: Paths) -> str | None:
    """Where the table's metadata lies; null when the catalogue does not know the table."""
    if is_s3(lake.root):
        return glue.metadata_location(table, lake)
    path = lake.path(DATABASE_FILE)
    if lake.store.stat(path) is None:
        return None
    try:
        with closing(sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True)) as database:
            row = database.execute(_FIND, (CATALOGUE, NAMESPACE, table)).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise RunFailed(f"{path} cannot be read ({error}); run again") from error
    except sqlite3.DatabaseError as error:
        raise Unusable(f"{path} is no catalogue of a lake ({error}); put it back") from error
    return str(row[0]) if row else None


def _snapshot(metadata: Mapping[str, Any], snapshot_id: int) -> Snapshot:
    found = next(one for one in metadata["snapshots"] if one["snapshot-id"] == snapshot_id)
    at = datetime.fromtimestamp(found["timestamp-ms"] / 1000, UTC)
    return Snapshot(snapshot_id, at, dict(found["summary"]))
