"""What every store can do; the disk's and S3's own modules say how."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from spark_app.errors import RunFailed

READERS = 16  # parts of files that are read at once


class StoredFile(NamedTuple):
    """A file and the version of its content that was seen (a disk's: its time and size; S3's: its
    ETag). `is_archived`: S3 hands it out only after it was restored."""

    path: str
    size_bytes: int
    version: str
    is_archived: bool = False


def changed_while_read(path: str) -> RunFailed:
    """The error of a run whose input is no longer the version that was pinned."""
    return RunFailed(
        f"{path} changed while it was read; nothing was published, run again when the delivery is "
        "complete"
    )


class Lock(Protocol):
    """A lock that this process holds. `died` is the run id of a holder that ended without
    giving it back, or null."""

    @property
    def died(self) -> str | None: ...

    def require(self) -> None:
        """Raise unless the lock is still ours.

        Raises:
            RunFailed: somebody took it.
        """


class Store(Protocol):
    """Files by path or URI. Every method turns the store's errors into `AppError`s.

    `hint_reads` is how many parts of files a run may read for a hint that is not worth waiting for.
    """

    hint_reads: int

    def absolute(self, path: str) -> str:
        """The whole path of what a user wrote, without a slash at the end."""

    def canonical(self, path: str) -> str:
        """The one spelling of a path: absolute, links resolved."""

    def join(self, root: str, *parts: str) -> str:
        """A path below `root`."""

    def stat(self, path: str) -> StoredFile | None:
        """The file at `path` as it is now, or null when there is none."""

    def find(self, pattern: str) -> list[StoredFile]:
        """Files that a path, folder (with its subfolders) or glob names, without hidden ones
        (see `names`), sorted.

        Raises:
            Unusable: nothing is there, or it cannot be read.
        """

    def changed(self, pinned: Sequence[StoredFile]) -> StoredFile | None:
        """The first of these files that is no longer the version that was seen, or null."""

    def open(self, file: StoredFile) -> Any:
        """What pyarrow can open to read parts of a file."""

    def fetch(self, path: str) -> tuple[bytes, str] | None:
        """The whole content and its version, or null when there is no such file."""

    def write(self, path: str, content: bytes, scratch: str) -> None:
        """Replace `path` in one step: a reader sees the old file or the new one, whole.

        A disk makes the new content complete and durable in the folder `scratch` first.
        """

    def replace(self, path: str, content: bytes, expected: str | None, scratch: str) -> bool:
        """`write`, unless the file is no longer of the version `expected` (null: absent).

        False when it is another one. On a disk that is sure only under the lock of the caller.
        """

    def make_folder(self, path: str) -> None:
        """Make a folder with its parents; existing ones are fine."""

    def delete_folder(self, path: str) -> None:
        """Delete a folder with all that it holds, if it is there."""

    def delete(self, paths: Sequence[str]) -> None:
        """Delete files; those that are not there are fine."""

    def children(self, path: str) -> list[str]:
        """The names in a folder, sorted; none when it does not exist."""

    def local_file(self, path: str) -> AbstractContextManager[str]:
        """A file on this machine to write on in the block; afterwards it stands at `path`."""

    def hurry(self) -> None:
        """Try only shortly from now on: what is left to do is not worth waiting for."""

    def locked(
        self, path: str, run_id: str, now: datetime, log: Callable[[str], None]
    ) -> AbstractContextManager[Lock]:
        """Hold the lock at `path` for the time of the block.

        Raises:
            RunFailed: somebody else holds it; the text says which run, and since when.
        """
