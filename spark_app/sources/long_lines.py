"""Lines so long that reading them would end the process that reads: looked for before Spark does.

A look here and there is enough: a long line covers whole steps, and so a window without an end of
a line. Of files so large that their steps are longer, a rule judges what was read.
"""

from contextlib import closing
from typing import Any

from spark_app.lake.store import Store, StoredFile
from spark_app.sources.packed import opened_file

MOST_LINE_BYTES = 16 * 2**20
HAS_LONG_LINE = f"has a line of more than {MOST_LINE_BYTES // 2**20} MiB"
_STEP_BYTES, _MOST_STEPS = MOST_LINE_BYTES // 2, 256
_WINDOW_BYTES, _PART_BYTES = 2**16, 2**20


def has_long_line(file: StoredFile, store: Store) -> bool:
    """Whether a file that is not packed has a line of more than `MOST_LINE_BYTES`."""
    if file.size_bytes <= MOST_LINE_BYTES:
        return False
    step = max(_STEP_BYTES, file.size_bytes // _MOST_STEPS)
    with closing(opened_file(file, store)) as opened:
        windows = range(0, file.size_bytes, step)
        return any(_line_bytes(opened, at) > MOST_LINE_BYTES for at in windows)


def first_end(part: bytes) -> int:
    """Where the first end of a line stands, as Spark sees them; behind the part where none does."""
    ends = (part.find(b"\n"), part.find(b"\r"))
    return min((at for at in ends if at >= 0), default=len(part))


def last_end(part: bytes) -> int | None:
    """Where the last end of a line stands, or null."""
    at = max(part.rfind(b"\n"), part.rfind(b"\r"))
    return at if at >= 0 else None


def _line_bytes(opened: Any, at: int) -> int:
    """How long the line is that leads through a window, as far as it matters; 0 where one ends."""
    opened.seek(at)
    window = opened.read(_WINDOW_BYTES)
    if last_end(window) is not None:
        return 0
    return len(window) + _bytes_before(opened, at) + _bytes_from(opened, at + len(window))


def _bytes_from(opened: Any, at: int) -> int:
    """How many bytes stand before the next end of a line."""
    count = 0
    opened.seek(at)
    while count <= MOST_LINE_BYTES:
        part: bytes = opened.read(_PART_BYTES)
        if not part:
            break
        end = first_end(part)
        if end < len(part):
            return count + end
        count += len(part)
    return count


def _bytes_before(opened: Any, at: int) -> int:
    """How many bytes stand behind the last end of a line."""
    count = 0
    while count <= MOST_LINE_BYTES and at:
        start = max(at - _PART_BYTES, 0)
        opened.seek(start)
        part: bytes = opened.read(at - start)
        end = last_end(part)
        if end is not None:
            return count + len(part) - end - 1
        count, at = count + len(part), start
    return count
