"""Persons who asked to be forgotten: salted hashes of their ids, by dataset.

The list and its salt are one file of the lake, so that there is never one without the other.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_app.errors import RunFailed, Unusable
from spark_app.lake import parquet
from spark_app.lake.paths import Paths

if TYPE_CHECKING:
    from pyspark.sql import Column

_SALT, _COLUMN = b"spark_app.salt", "hash"
_SALT_BYTES = 32


@dataclass(frozen=True)
class Suppressed:
    """Who is forgotten of a dataset. Nothing tells an id from its hash without the salt."""

    salt: str
    hashes: frozenset[str]

    def with_ids(self, ids: Collection[str]) -> "Suppressed":
        """With more persons."""
        return Suppressed(self.salt, self.hashes | set(self._hashed(ids)))

    def holds(self, person: "Column") -> "Column":
        """Whether a column of text is the id of one of them; false where it is null."""
        from pyspark.sql import functions as F

        digest = F.sha2(F.concat(F.lit(self.salt), person), 256)
        return F.coalesce(digest.isin(*sorted(self.hashes)), F.lit(False))

    def _hashed(self, ids: Collection[str]) -> Iterator[str]:
        for one in ids:
            yield hashlib.sha256(f"{self.salt}{one}".encode()).hexdigest()


def read(dataset: str, lake: Paths) -> Suppressed:
    """Who is forgotten of a dataset.

    Raises:
        Unusable: the list is none.
    """
    return _read(dataset, lake)[0]


def add(dataset: str, lake: Paths, ids: Collection[str], scratch: str) -> Suppressed:
    """Put persons on the list of a dataset; the whole list. The caller holds the dataset's lock.

    Raises:
        RunFailed: somebody else changed the list meanwhile.
    """
    import pyarrow as pa

    before, version = _read(dataset, lake)
    after = before.with_ids(ids)
    if after == before:
        return before
    rows = pa.table({_COLUMN: pa.array(sorted(after.hashes), pa.string())})
    marked = rows.replace_schema_metadata({_SALT: after.salt.encode()})
    path = lake.suppressed(dataset)
    if not lake.store.replace(path, parquet.serialise(marked), version, scratch):
        raise RunFailed(f"{path} was changed by somebody else meanwhile; run again")
    return after


def _read(dataset: str, lake: Paths) -> tuple[Suppressed, str | None]:
    """The list and its version; an empty one with a new salt where nobody is forgotten yet."""
    path = lake.suppressed(dataset)
    found = lake.store.fetch(path)
    if found is None:
        return Suppressed(secrets.token_hex(_SALT_BYTES), frozenset()), None
    content, version = found
    salt = parquet.marks_of(content).get(_SALT)
    if salt is None:
        raise Unusable(f"{path} is no list of persons to be forgotten; put it back")
    return Suppressed(
        salt.decode(), frozenset(parquet.parse(content)[_COLUMN].to_pylist())
    ), version
