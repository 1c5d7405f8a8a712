"""Files on a disk: listing, whole reads, atomic writes."""

import glob
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from spark_app.errors import NothingDelivered, Unusable
from spark_app.lake.store.base import Lock, StoredFile
from spark_app.lake.store.disk_lock import locked
from spark_app.lake.store.explained import explained
from spark_app.lake.store.names import alternatives, before_magic, has_magic, is_hidden

_FILE_URI = re.compile(r"^file:(//(localhost)?)?(?=/[^/])")


class Disk:
    """The disks of this machine; see `base.Store`."""

    hint_reads = 4096

    def absolute(self, path: str) -> str:
        return os.path.abspath(os.path.expanduser(_FILE_URI.sub("", path)))

    def canonical(self, path: str) -> str:
        return os.path.realpath(self.absolute(path))

    def join(self, root: str, *parts: str) -> str:
        return os.path.join(root, *parts)

    def stat(self, path: str) -> StoredFile | None:
        try:
            seen = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(path, error) from error
        return StoredFile(path, seen.st_size, f"{seen.st_mtime_ns}-{seen.st_size}")

    def find(self, pattern: str) -> list[StoredFile]:
        expanded = self.absolute(pattern)
        if os.path.exists(expanded):
            paths = list(_visible_files(expanded))
        elif has_magic(expanded):
            paths = [path for match in _matches(expanded) for path in _visible_files(match)]
        else:
            advice = "name a file, a folder or a glob"
            raise NothingDelivered(f"source {pattern} does not exist; {advice}")
        if not paths:
            raise NothingDelivered(
                f"source {pattern} matches no file; check the folder or the glob"
            )
        for path in paths:
            _require_readable(path)
        return [found for path in dict.fromkeys(paths) if (found := self.stat(path))]

    def changed(self, pinned: Sequence[StoredFile]) -> StoredFile | None:
        return next((file for file in pinned if self.stat(file.path) != file), None)

    def open(self, file: StoredFile) -> str:
        return file.path

    def fetch(self, path: str) -> tuple[bytes, str] | None:
        seen = self.stat(path)
        try:
            return (Path(path).read_bytes(), seen.version) if seen else None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(path, error) from error

    def write(self, path: str, content: bytes, scratch: str) -> None:
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

    def replace(self, path: str, content: bytes, expected: str | None, scratch: str) -> bool:
        seen = self.stat(path)
        if (seen.version if seen else None) != expected:
            return False
        self.write(path, content, scratch)
        return True

    def make_folder(self, path: str) -> None:
        with explained(path):
            Path(path).mkdir(parents=True, exist_ok=True)

    def delete_folder(self, path: str) -> None:
        with explained(path):
            if os.path.isdir(path):
                shutil.rmtree(path)

    def delete(self, paths: Sequence[str]) -> None:
        for path in paths:
            with explained(path):
                Path(path).unlink(missing_ok=True)

    def children(self, path: str) -> list[str]:
        try:
            return sorted(os.listdir(path))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _unreadable(path, error) from error

    @contextmanager
    def local_file(self, path: str) -> Iterator[str]:
        self.make_folder(os.path.dirname(path))
        yield path

    def hurry(self) -> None:
        """Nothing to do: a disk answers or it does not."""

    def locked(
        self, path: str, run_id: str, now: datetime, log: Callable[[str], None]
    ) -> AbstractContextManager[Lock]:
        return locked(path, run_id, now)


def _unreadable(path: str, error: OSError) -> Unusable:
    why = error.strerror or str(error)
    return Unusable(f"cannot read {path} ({why}); choose another lake or fix it")


def _matches(pattern: str) -> Iterator[str]:
    """What a glob names; nothing in hidden folders, unless the part before the glob is one."""
    fixed = os.path.dirname(before_magic(pattern))
    found = {match for one in alternatives(pattern) for match in glob.glob(one, recursive=True)}
    for match in sorted(found):
        if not any(map(is_hidden, os.path.relpath(match, fixed).split(os.sep))):
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
            if not is_hidden(name) and os.path.realpath(os.path.join(folder, name)) not in seen
        ]
        yield from (os.path.join(folder, name) for name in sorted(names) if not is_hidden(name))


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
