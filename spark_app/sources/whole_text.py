"""A delivered text file as a whole: how large its text is, and whether Spark can read its lines."""

from collections.abc import Iterable
from contextlib import closing

from spark_app.errors import DELIVER_AGAIN, Unusable
from spark_app.lake.store import Store, StoredFile
from spark_app.sources.long_lines import (
    HAS_LONG_LINE,
    MOST_LINE_BYTES,
    first_end,
    has_long_line,
    last_end,
)
from spark_app.sources.packed import (
    DAMAGES,
    PACKED,
    POSSIBLE_RATIO,
    USUAL_RATIO,
    most_unpacked_bytes,
    unpacked,
)


def text_bytes(file: StoredFile, store: Store) -> int:
    """How large the text of a file is; about so where it is packed and tiny, or damaged.

    A packed file is read to its end, unless it is too small to become a long line.

    Raises:
        Unusable: it has a line of more than `MOST_LINE_BYTES`, or becomes far larger than text.
    """
    if not file.path.endswith(PACKED):
        if has_long_line(file, store):
            raise _with_long_line(file)
        return file.size_bytes
    if file.size_bytes * POSSIBLE_RATIO <= MOST_LINE_BYTES:
        return file.size_bytes * USUAL_RATIO
    try:
        with closing(unpacked(file, store)) as parts:
            return _counted(file, parts)
    except DAMAGES:  # Spark ends there too, and what it says of that is explained
        return file.size_bytes * USUAL_RATIO


def _counted(file: StoredFile, parts: Iterable[bytes]) -> int:
    """The bytes of all parts; those of the last line so far are counted on the way."""
    size, line, most = 0, 0, most_unpacked_bytes(file)
    for part in parts:
        size += len(part)
        if line + first_end(part) > MOST_LINE_BYTES:
            raise _with_long_line(file)
        if size > most:
            raise Unusable(
                f"{file.path} becomes more than {most:,} bytes when it is unpacked; {DELIVER_AGAIN}"
            )
        end = last_end(part)
        line = line + len(part) if end is None else len(part) - end - 1
    return size


def _with_long_line(file: StoredFile) -> Unusable:
    return Unusable(f"{file.path} {HAS_LONG_LINE}; {DELIVER_AGAIN}")
