"""Files on a disk: listing, whole reads, atomic writes. Only `lake.py` uses this."""

import errno
import glob
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

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
    except OSError as error:
        raise _unreadable(path, error) from error
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
        paths = [path for match in _matches(expanded) for path in _visible_files(match)]
    else:
        raise Unusable(f"source {pattern} does not exist; name a file, a folder or a glob")
    if not paths:
        raise Unusable(f"source {pattern} matches no file; check the folder or the glob")
    for path in paths:
        _require_readable(path)
    return [found for path in dict.fromkeys(paths) if (found := stat(path))]


def read(path: str) -> bytes | None:
    """The whole content, or null when there is no such file."""
    try:
        return Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error) from error


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
    except OSError as error:
        raise _unreadable(path, error) from error


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


def literal(path: str) -> str:
    """The path with what Hadoop would take for a glob escaped."""
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", path)


def _unreadable(path: str, error: OSError) -> Unusable:
    why = error.strerror or str(error)
    return Unusable(f"cannot read {path} ({why}); choose another lake or fix it")


def _matches(pattern: str) -> Iterator[str]:
    """What a glob names; nothing in hidden folders, unless the part before the glob is one."""
    fixed = pattern
    while glob.has_magic(fixed):
        fixed = os.path.dirname(fixed)
    for match in sorted(glob.glob(pattern, recursive=True)):
        parts = os.path.relpath(match, fixed).split(os.sep)
        if not any(part.startswith(_HIDDEN) for part in parts):
            yield match


def _visible_files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return
    seen: set[str] = set()
    for folder, subfolders, names in os.walk(path, onerror=_refuse, followlinks=True):
        seen.add(os.path.realpath(folder))
        subfolders[:] = [
            name
            for name in sorted(subfolders)
            if not name.startswith(_HIDDEN)
            and os.path.realpath(os.path.join(folder, name)) not in seen
        ]
        yield from (os.path.join(folder, n) for n in sorted(names) if not n.startswith(_HIDDEN))


def _refuse(error: OSError) -> NoReturn:
    raise Unusable(
        f"source folder {error.filename} cannot be read ({error.strerror}); check its permissions"
    ) from error


def _require_readable(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        name = os.fsencode(path).decode(errors="backslashreplace")
        raise Unusable(f"source file {name} has a name that is not UTF-8; rename it") from error
    if not os.path.isfile(path):
        raise Unusable(f"source file {path} is no regular file; take it away")
    if not os.access(path, os.R_OK):
        raise Unusable(f"source file {path} cannot be read; check its permissions")
