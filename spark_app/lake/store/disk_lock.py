"""One run at a time per job and lake: the operating system's lock on `locks/<job>.json`."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from spark_app.errors import RunFailed
from spark_app.lake.store.explained import explained


@dataclass(frozen=True)
class DiskLock:
    """A lock that this process holds. `died` is the run id of a holder that ended without
    giving it back, or null."""

    path: str
    descriptor: int
    died: str | None

    def require(self) -> None:
        """Raise unless the file on disk is still the one that we locked.

        Raises:
            RunFailed: somebody took the lock file away.
        """
        try:
            is_ours = os.stat(self.path).st_ino == os.fstat(self.descriptor).st_ino
        except FileNotFoundError:
            is_ours = False
        if not is_ours:
            raise RunFailed(
                f"the lock {self.path} was taken away during the run; nothing was published, "
                "run again"
            )


@contextmanager
def locked(path: str, run_id: str, now: datetime) -> Iterator["DiskLock"]:
    """Hold the lock for the time of the block.

    The kernel gives the lock back when its holder dies, however it dies, so a lock that is
    still held means a live holder.

    Raises:
        RunFailed: another process holds the lock; the text says which run, and since when.
    """
    with explained(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        died = _take(path, descriptor)
        holder = {"run_id": run_id, "pid": os.getpid(), "since": now.isoformat()}
        _write(path, descriptor, holder)
        try:
            yield DiskLock(path, descriptor, died)
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _take(path: str, descriptor: int) -> str | None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = _read(descriptor)
        raise RunFailed(
            f"run {holder.get('run_id', 'unknown')} (process {holder.get('pid', 'unknown')}, since "
            f"{holder.get('since', 'unknown')}) holds the lock {path}; wait until it has ended"
        ) from error
    died = _read(descriptor).get("run_id")
    return str(died) if died else None


def _read(descriptor: int) -> dict[str, Any]:
    try:
        return dict(json.loads(os.pread(descriptor, 4096, 0) or b"{}"))
    except ValueError:
        return {}


def _write(path: str, descriptor: int, holder: dict[str, Any]) -> None:
    with explained(path):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
