"""One run at a time per job and lake in S3: an object that its holder makes and renews.

It is made on the condition that it is absent, and renewed on the condition that it is still ours.
A lock that was not renewed for long, by S3's own clock, belongs to a run that died.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from spark_app import aws
from spark_app.errors import AppError, RunFailed
from spark_app.lake.store.s3_conditional import delete_if, put_if
from spark_app.lake.store.s3_uri import split, unquoted

Client = Callable[[], Any]  # asked for each time: a store in a hurry has another one


@dataclass(frozen=True)
class Times:
    """After how many seconds without renewal a lock counts as dead, and what follows from it."""

    dead_seconds: float = 300

    @property
    def renew_seconds(self) -> float:
        """How often a holder renews."""
        return self.dead_seconds / 10

    @property
    def watch_seconds(self) -> float:
        """How long a second run watches for a renewal before it takes the holder for dead."""
        return self.dead_seconds / 5

    @property
    def poll_seconds(self) -> float:
        """How often a second run looks."""
        return self.dead_seconds / 60


@dataclass(frozen=True)
class LockState:
    """The lock object as it was seen: whose it is, and how old by S3's clock."""

    version: str
    age_seconds: float
    holder: dict[str, Any]

    def __str__(self) -> str:
        known = {"run_id": "unknown", "host": "unknown", "since": "unknown", **self.holder}
        return f"run {known['run_id']} (on {known['host']}, since {known['since']})"


class S3Lock:
    """A lock that this process holds; a thread renews it. `died` is the run id of a holder that
    ended without giving it back, or null."""

    def __init__(self, client: Client, path: str, times: Times, holder: dict[str, Any]) -> None:
        """Take what it needs; nothing is asked of S3 yet."""
        self.died: str | None = None
        self._client, self._path, self._times, self._holder = client, path, times, holder
        self._version, self._renewals = "", 0
        self._is_lost, self._busy = False, threading.Lock()
        self._over = threading.Event()
        self._renewing = threading.Thread(target=self._renew_on, name="lock", daemon=True)

    def take(self, expected: str | None) -> bool:
        """Make it ours, on the condition that it is absent or still the version `expected`."""
        version = self._put(expected)
        self._version = version or ""
        return version is not None

    def keep(self) -> None:
        """Renew it from now on."""
        self._renewing.start()

    def require(self) -> None:
        """Raise unless the lock is still ours; it is renewed to know.

        Raises:
            RunFailed: somebody took it.
        """
        self._renew()
        if self._is_lost:
            raise RunFailed(
                f"the lock {self._path} was taken over during the run; nothing was published, "
                "run again"
            )

    def give_back(self) -> None:
        """Stop renewing, and delete it when it is still ours."""
        self._over.set()
        self._renewing.join(timeout=self._times.renew_seconds)
        with suppress(AppError):  # it dies by itself
            if not self._is_lost:
                delete_if(self._client(), self._path, self._version)

    def _renew_on(self) -> None:
        while not self._over.wait(self._times.renew_seconds):
            with suppress(AppError):  # the next renewal may come through
                self._renew()

    def _renew(self) -> None:
        with self._busy:
            if self._is_lost:
                return
            self._renewals += 1
            version = self._put(self._version)
            self._is_lost, self._version = version is None, version or ""

    def _put(self, expected: str | None) -> str | None:
        return put_if(self._client(), self._path, self._content(), expected, self._is_ours)

    def _is_ours(self, content: bytes) -> bool:
        """Also an earlier renewal whose answer never came."""
        return bool(_parse(content).get("token") == self._holder["token"])

    def _content(self) -> bytes:
        return json.dumps({**self._holder, "renewals": self._renewals}).encode()


@contextmanager
def locked(
    client: Client, path: str, holder: dict[str, str], times: Times, log: Callable[[str], None]
) -> Iterator[S3Lock]:
    """Hold the lock for the time of the block; `holder` is what others are told.

    Raises:
        RunFailed: a live run holds it; the text says which, and since when.
    """
    lock = S3Lock(client, path, times, {**holder, "token": secrets.token_hex(8)})
    _take(lock, client, path, times, log)
    lock.keep()
    try:
        yield lock
    finally:
        lock.give_back()


def _take(
    lock: S3Lock, client: Client, path: str, times: Times, log: Callable[[str], None]
) -> None:
    while not lock.take(None):
        seen = _look(client, path)
        dead = _wait_for_death(client, path, seen, times, log) if seen else None
        if dead and lock.take(dead.version):
            lock.died = str(dead.holder.get("run_id", "unknown"))
            return


def _wait_for_death(
    client: Client, path: str, first: LockState, times: Times, log: Callable[[str], None]
) -> LockState | None:
    """The lock, when it is dead; null when it was given back meanwhile."""
    began, is_logged = time.monotonic(), False
    seen: LockState | None = first
    while seen and seen.age_seconds < times.dead_seconds:
        if seen.version != first.version:
            raise RunFailed(f"{seen} holds the lock {path}; wait until it has ended")
        if not is_logged and time.monotonic() - began > times.watch_seconds:
            is_logged = True
            left = times.dead_seconds - seen.age_seconds
            log(f"{seen} holds the lock {path} but is silent; taking it over in {left:.0f} s")
        time.sleep(times.poll_seconds)
        seen = _look(client, path)
    return seen


def _look(client: Client, path: str) -> LockState | None:
    """The lock as it is now; null when there is none."""
    bucket, key = split(path)
    with aws.explained(path):
        try:
            content, answer = aws.get_object(client(), Bucket=bucket, Key=key)
        except client().exceptions.NoSuchKey:
            return None
    now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    age = (now - answer["LastModified"]).total_seconds()
    return LockState(unquoted(answer["ETag"]), age, _parse(content))


def _parse(content: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(content))
    except ValueError:
        return {}
