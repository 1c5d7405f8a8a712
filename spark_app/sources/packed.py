"""Files packed by gzip: what they hold, whether they are whole, and how large they may become."""

import gzip
import io
import zlib
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from spark_app.errors import DELIVER_AGAIN
from spark_app.lake.store import READERS, Store, StoredFile

PACKED = ".gz"
USUAL_RATIO = 8
POSSIBLE_RATIO = 1032  # gzip packs no closer
DAMAGES = (EOFError, zlib.error, gzip.BadGzipFile)
_MOST_RATIO, _BOMB_BYTES = 200, 64 * 2**20  # text becomes 5 to 50 times as large
_PART_BYTES, _FETCH_BYTES = 2**20, 2**22


def unpacked(file: StoredFile, store: Store) -> Generator[bytes, None, None]:
    """What a file holds, part by part: of all that was packed into it, one behind the other.

    Raises:
        EOFError: the file is cut off.
        zlib.error, gzip.BadGzipFile: it is damaged.
    """
    with (
        closing(opened_file(file, store)) as opened,
        io.BufferedReader(opened, _FETCH_BYTES) as fetched,
        gzip.GzipFile(fileobj=fetched) as content,
    ):
        while part := content.read(_PART_BYTES):
            yield part


def most_unpacked_bytes(file: StoredFile) -> int:
    """How large a file may become; what becomes larger is no text."""
    return max(_BOMB_BYTES, _MOST_RATIO * file.size_bytes)


def damaged(files: Sequence[StoredFile], store: Store) -> dict[str, str]:
    """The packed files that are cut off or broken, by path, and why; each is read to its end."""
    packed = [file for file in files if file.path.endswith(PACKED)]
    with ThreadPoolExecutor(READERS) as pool:
        found = zip(packed, pool.map(lambda file: _damage(file, store), packed), strict=True)
        return {file.path: f"{file.path} is {why}; {DELIVER_AGAIN}" for file, why in found if why}


def _damage(file: StoredFile, store: Store) -> str | None:
    try:
        for _ in unpacked(file, store):
            pass
    except EOFError:
        return "cut off inside of gzip"
    except DAMAGES:
        return "damaged inside of gzip"
    return None


def opened_file(file: StoredFile, store: Store) -> Any:
    """A file whose bytes can be read from anywhere; to be closed."""
    opened = store.open(file)
    return open(opened, "rb") if isinstance(opened, str) else opened
