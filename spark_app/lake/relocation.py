"""A lake on a disk that was copied or moved: Iceberg keeps whole paths, so its metadata is written
again with those of the new place, and the catalogue is told at last."""

import json
import os
import re
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from spark_app.errors import Unusable
from spark_app.lake.catalogue import CATALOGUE, DATABASE_FILE, NAMESPACE, location_of
from spark_app.lake.paths import Paths
from spark_app.lake.store.explained import explained

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SCHEMES = ("", "file:", "file://")
_MOVE = """
    UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?
    WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?
"""
Change = Callable[[Any], None]


@dataclass(frozen=True)
class Move:
    """A table that lies elsewhere than its catalogue says: in `here`, not in `there`."""

    table: str
    location: str
    there: str
    here: str

    def path(self, path: str) -> str:
        """Where a file of the table lies now.

        Raises:
            Unusable: it is none of its files.
        """
        scheme, found, rest = path.partition(f"{self.there}/")
        if not found or scheme not in _SCHEMES:
            raise Unusable(
                f"{path} is of the lake table {self.table}, but lay outside of it; copy the lake "
                "again from where it was made"
            )
        return f"{scheme}{self.here}/{rest}"

    def file(self, path: str) -> str:
        """The same, without a scheme before it."""
        return self.plain(self.path(path))

    def plain(self, moved: str) -> str:
        """A path of the new place without a scheme before it."""
        return moved[moved.index(self.here) :]


def move_of(table: str, lake: Paths) -> Move | None:
    """What has to be told of a table; null when its catalogue does not know it, or rightly."""
    location, here = location_of(table, lake), lake.lake_table(table)
    if location is None:
        return None
    there = re.sub(r"^(file:)?/+", "/", location.rpartition("/metadata/")[0])
    return None if there == here else Move(table, location, there, here)


def relocate(session: "SparkSession", move: Move, lake: Paths, change_id: str) -> None:
    """Write the metadata of all versions of a table with the paths of its new place, beside the old
    one, and move the catalogue to it in one step. The caller holds the table's lock.

    Raises:
        Unusable: a file of the metadata was not copied.
    """
    content = lake.store.fetch(move.file(move.location))
    if content is None:
        raise Unusable(f"{move.file(move.location)} is gone; copy the lake again, whole")
    metadata = json.loads(content[0])
    avro = _Avro(session, move, change_id)
    for snapshot in metadata["snapshots"]:
        snapshot["manifest-list"] = avro.manifest_list(snapshot["manifest-list"])
    log = [*metadata.get("metadata-log", []), {"timestamp-ms": metadata["last-updated-ms"]}]
    log[-1]["metadata-file"] = move.location
    metadata["metadata-log"] = [
        {**one, "metadata-file": move.path(one["metadata-file"])} for one in log
    ]
    metadata["location"] = move.here
    path = _next_name(move.path(move.location))
    lake.store.write(move.plain(path), json.dumps(metadata).encode(), lake.run(change_id))
    _tell(move, path, lake)


class _Avro:
    """Manifests and their lists, written again by Iceberg's own Avro; each once."""

    def __init__(self, session: "SparkSession", move: Move, change_id: str) -> None:
        """Take the table and what tells the new files from the old ones."""
        self._jvm, self._move, self._change_id = session._jvm, move, change_id
        self._manifests: dict[str, str] = {}

    @cached_property
    def _classes(self) -> Any:
        return self._jvm.org.apache.iceberg.shaded.org.apache.avro  # type: ignore[union-attr]

    def manifest_list(self, path: str) -> str:
        """Where a list of manifests lies, all of whose manifests are of the new place."""
        return self._rewritten(path, self._move_manifest)

    def _move_manifest(self, entry: Any) -> None:
        path = str(entry.get("manifest_path"))
        if path not in self._manifests:
            self._manifests[path] = self._rewritten(path, self._move_file)
        moved = self._manifests[path]
        entry.put("manifest_path", moved)
        size = os.path.getsize(self._move.plain(moved))
        entry.put("manifest_length", self._jvm.java.lang.Long.valueOf(size))  # type: ignore[union-attr]

    def _move_file(self, entry: Any) -> None:
        file = entry.get("data_file")
        file.put("file_path", self._move.path(str(file.get("file_path"))))

    def _rewritten(self, path: str, change: Change) -> str:
        """Where the changed records of a file lie."""
        folder, _, name = self._move.path(path).rpartition("/")
        moved = f"{folder}/moved-{self._change_id}-{name}"
        source, target = self._move.file(path), self._move.plain(moved)
        if not os.path.exists(source):
            raise Unusable(f"{source} is gone; copy the lake again, whole")
        self._copy(source, target, change)
        return moved

    def _copy(self, source: str, target: str, change: Change) -> None:
        java, avro = self._jvm.java.io, self._classes  # type: ignore[union-attr]
        reader = avro.file.DataFileReader(java.File(source), avro.generic.GenericDatumReader())
        writer = avro.file.DataFileWriter(avro.generic.GenericDatumWriter())
        for key in reader.getMetaKeys():
            if not key.startswith("avro."):
                writer.setMeta(key, reader.getMeta(key))
        writer.setCodec(avro.file.CodecFactory.fromString(reader.getMetaString("avro.codec")))
        writer.create(reader.getSchema(), java.File(target))
        while reader.hasNext():
            entry = reader.next()
            change(entry)
            writer.append(entry)
        writer.close()
        reader.close()


def _next_name(location: str) -> str:
    """The name of the metadata after this one, which Iceberg counts."""
    folder, _, name = location.rpartition("/")
    return f"{folder}/{int(name.partition('-')[0]) + 1:05d}-{uuid.uuid4()}.metadata.json"


def _tell(move: Move, path: str, lake: Paths) -> None:
    place = lake.path(DATABASE_FILE)
    known = (CATALOGUE, NAMESPACE, move.table, move.location)
    with explained(place), closing(sqlite3.connect(place)) as database, database:
        database.execute(_MOVE, (path, move.path(move.location), *known))
