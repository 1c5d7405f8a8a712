"""Files packed by gzip: whether they are whole, and how large they become."""

import gzip
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from spark_app.lake.store import READERS, Store, StoredFile

PACKED = ".gz"
USUAL_RATIO = 8
MOST_RATIO, BOMB_BYTES = 200, 64 * 2**20  # text becomes 5 to 50 times as large
_POSSIBLE_RATIO = 1032  # gzip packs no closer: what says so is cut off
_PART_BYTES, _TRAILER_BYTES = 2**20, 4


def unpacked_bytes(file: StoredFile, store: Store) -> int:
    """How large a file becomes, as its last bytes say: of several parts the last, modulo 4 GiB."""
    with closing(opened_file(file, store)) as opened:
        opened.seek(max(file.size_bytes - _TRAILER_BYTES, 0))
        return int.from_bytes(opened.read(_TRAILER_BYTES), "little")


def text_bytes(file: StoredFile) -> int:
    """About how large the text of a file is, packed or not, without a look at it."""
    return file.size_bytes * (USUAL_RATIO if file.path.endswith(PACKED) else 1)


def is_bomb(file: StoredFile, unpacked: int) -> bool:
    """Whether a file becomes far larger than text does."""
    ratio = unpacked / max(file.size_bytes, 1)
    return unpacked > BOMB_BYTES and MOST_RATIO < ratio <= _POSSIBLE_RATIO


def damaged(files: Sequence[StoredFile], store: Store) -> dict[str, str]:
    """The packed files that are cut off or broken, by path, and why; each is read to its end."""
    packed = [file for file in files if file.path.endswith(PACKED)]
    with ThreadPoolExecutor(READERS) as pool:
        found = zip(packed, pool.map(lambda file: _damage(file, store), packed), strict=True)
        return {
            file.path: f"{file.path} is {why}; deliver it again or take it away"
            for file, why in found
            if why
        }


def _damage(file: StoredFile, store: Store) -> str | None:
    with closing(opened_file(file, store)) as opened, gzip.GzipFile(fileobj=opened) as unpacked:
        try:
            while unpacked.read(_PART_BYTES):
                pass
        except EOFError:
            return "cut off inside of gzip"
        except (zlib.error, gzip.BadGzipFile):
            return "damaged inside of gzip"
    return None


def opened_file(file: StoredFile, store: Store) -> Any:
    """A file whose bytes can be read from anywhere; to be closed."""
    opened = store.open(file)
    return open(opened, "rb") if isinstance(opened, str) else opened
