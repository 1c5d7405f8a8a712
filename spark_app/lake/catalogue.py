"""Which version of a lake table readers see: asked of its catalogue and metadata, without Spark."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
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

    def mark(self, name: str) -> str:
        """What a run wrote of its commit; empty where it did not."""
        return self.summary.get(f"{MARK}{name}", "")


@dataclass(frozen=True)
class Change:
    """What a run published: its version, and how many rows it added and removed."""

    version: Snapshot
    added_count: int
    removed_count: int

    def with_commit(self, summary: Mapping[str, str]) -> "Change":
        """Together with the rows of one more commit of the same run."""
        added = self.added_count + int(summary.get("added-records", 0))
        removed = self.removed_count + int(summary.get("deleted-records", 0))
        return Change(self.version, added, removed)


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
    """What runs published of a lake table, the newest last, as far as it is kept.

    Raises:
        Unusable: the lake was copied or moved.
    """
    metadata = _metadata(table, lake)
    if metadata is None or "main" not in metadata.get("refs", {}):
        return []
    known = {int(one["snapshot-id"]): one for one in metadata["snapshots"]}
    changes: list[Change] = []
    at: int | None = int(metadata["refs"]["main"]["snapshot-id"])
    while at in known:
        found, one = _snapshot(metadata, at), known[at]
        if found.run_id or not changes:
            changes.append(Change(found, 0, 0))
        changes[-1] = changes[-1].with_commit(found.summary)
        at = one.get("parent-snapshot-id")
    return changes[::-1]


def _metadata(table: str, lake: Paths) -> dict[str, Any] | None:
    location = _location(table, lake)
    if location is None:
        return None
    path, here = location.removeprefix(_SCHEME), lake.lake_table(table)
    if not path.startswith(f"{here}/"):
        raise Unusable(
            f"the lake table {table} was made elsewhere ({path}), but this lake has it at {here}; "
            "Iceberg keeps whole paths, so move the lake back"
        )
    content = lake.store.fetch(path)
    if content is None:
        raise Unusable(
            f"{path}, the metadata of the lake table {table}, is gone; put the folder {here} back "
            "as it was"
        )
    return dict(json.loads(content[0]))


def _location(table: str, lake: Paths) -> str | None:
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
