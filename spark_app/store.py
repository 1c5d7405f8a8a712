"""Files on a disk: listing, whole reads, atomic writes. Only `lake.py` uses this."""

import errno
import glob
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from spark_app.errors import RunFailed, Unusable

_FULL = {errno.ENOSPC, errno.EDQUOT}
_HIDDEN = ("_", ".")


@dataclass(frozen=True)
class StoredFile:
    """A file and the version of its content that was seen (a disk's: its time and size)."""

    path: str
    size_bytes: int
    version: str


def stat(path: str) -> StoredFile | None:
    """The file at `path` as it is now, or null when there is none."""
    try:
        seen = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return StoredFile(path, seen.st_size, f"{seen.st_mtime_ns}-{seen.st_size}")


def find(pattern: str) -> list[StoredFile]:
    """Files that a path, folder (with its subfolders) or glob names, without hidden ones, sorted.

    Raises:
        Unusable: a plain path does not exist, nothing matches, or it cannot be read.
    """
    expanded = os.path.abspath(os.path.expanduser(pattern))
    if os.path.exists(expanded):
        paths = list(_visible_files(expanded))
    elif glob.has_magic(expanded):
        matches = [m for m in sorted(glob.glob(expanded, recursive=True)) if not _is_hidden(m)]
        paths = [path for match in matches for path in _visible_files(match)]
    else:
        raise Unusable(f"source {pattern} does not exist; name a file, a folder or a glob")
    if not paths:
        raise Unusable(f"source {pattern} matches no file; check the folder or the glob")
    for path in paths:
        if not os.access(path, os.R_OK):
            raise Unusable(f"source file {path} cannot be read; check its permissions")
    return [found for path in dict.fromkeys(paths) if (found := stat(path))]


def read(path: str) -> bytes | None:
    """The whole content, or null when there is no such file."""
    try:
        return Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def write(path: str, content: bytes, scratch: str) -> None:
    """Replace `path` in one step: a reader sees the old file or the new one, whole.

    The new content is made complete and durable in the folder `scratch` first.
    """
    with explained(path):
        temporary = Path(scratch) / f".{os.path.basename(path)}.{uuid.uuid4().hex[:8]}"
        Path(scratch).mkdir(parents=True, exist_ok=True)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def make_folder(path: str) -> None:
    """Make a folder with its parents; existing ones are fine."""
    with explained(path):
        Path(path).mkdir(parents=True, exist_ok=True)


def delete_folder(path: str) -> None:
    """Delete a folder with all that it holds, if it is there."""
    with explained(path):
        if os.path.isdir(path):
            shutil.rmtree(path)


def children(path: str) -> list[str]:
    """The names in a folder, sorted; none when it does not exist."""
    try:
        return sorted(os.listdir(path))
    except (FileNotFoundError, NotADirectoryError):
        return []


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn the operating system's errors into one line that says what to do.

    Raises:
        RunFailed: the disk is full.
        Unusable: the path cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise RunFailed(
                f"the disk is full, writing {path}; free some space and run again"
            ) from error
        why = error.strerror or str(error)
        raise Unusable(f"cannot write {path} ({why}); choose another lake or fix it") from error


def _is_hidden(path: str) -> bool:
    return os.path.basename(path).startswith(_HIDDEN)


def _visible_files(path: str) -> Iterator[str]:
    if os.path.isfile(path):
        if not _is_hidden(path):
            yield path
        return
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(_HIDDEN))
        yield from (os.path.join(folder, n) for n in sorted(names) if not n.startswith(_HIDDEN))
