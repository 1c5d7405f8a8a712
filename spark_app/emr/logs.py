"""The logs that EMR uploads to S3, gzipped and minutes late."""

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from spark_app.errors import AppError
from spark_app.lake.store import Store
from spark_app.lake.store.s3_uri import SCHEME

WAIT_SECONDS = 420.0  # EMR promises them after five minutes
POLL_SECONDS = 5.0
TAIL_BYTES = 256 * 2**10


T = TypeVar("T")


@dataclass(frozen=True)
class StepLog:
    """What a step wrote. spark-submit puts both outputs of a Python application into its own
    stdout, and the JVM's into stderr: `output` is both, the application's last."""

    output: str
    controller: str = ""


@dataclass(frozen=True)
class Logs:
    """The logs of one cluster. `root` is where EMR puts them, null when it keeps none."""

    root: str | None
    store: Store
    log: Callable[[str], None]
    wait_seconds: float = WAIT_SECONDS

    def of_step(self, step_id: str, is_enough: Callable[[str], bool]) -> StepLog | None:
        """What a step wrote; null when it does not come.

        EMR uploads logs also while a step runs: what is not enough to tell why it failed may be
        the beginning only, and is read again as long as there is time.
        """
        return self._wait(
            lambda: self._step(f"steps/{step_id}"),
            f"steps/{step_id}/",
            lambda log: is_enough(log.output),
        )

    def of_bootstrap(self) -> str | None:
        """The end of what the failed bootstrap action wrote to stderr, or else to stdout."""
        return self._wait(self._bootstrap, "node/", lambda _: True)

    def place(self, part: str) -> str:
        """Where a part of the logs lies, for a person."""
        return f"{self.root}{part}" if self.root else "nowhere (the cluster has no log URI)"

    def _step(self, folder: str) -> StepLog | None:
        parts = [self._read(f"{folder}/{name}.gz") for name in ("stderr", "stdout")]
        if parts == [None, None]:
            return None
        controller = self._read(f"{folder}/controller.gz")
        return StepLog("\n".join(part or "" for part in parts), controller or "")

    def _bootstrap(self) -> str | None:
        """Of several nodes the last that says something; all run the same script."""
        found = None
        for node in self.store.children(f"{self.root}node"):
            folder = f"node/{node}/bootstrap-actions"
            for action in self.store.children(f"{self.root}{folder}"):
                for name in ("stdout", "stderr"):
                    found = self._read(f"{folder}/{action}/{name}.gz") or found
        return found

    def _read(self, name: str) -> str | None:
        found = self.store.fetch(f"{self.root}{name}")
        return None if found is None else _tail(found[0]).decode(errors="replace")

    def _wait(
        self, read: Callable[[], T | None], part: str, is_enough: Callable[[T], bool]
    ) -> T | None:
        """Read until it is there. Trouble with a log must not hide what is known already."""
        if self.root is None:
            return None
        until, is_logged = time.monotonic() + self.wait_seconds, False
        while True:
            try:
                found = read()
            except AppError as error:
                self.log(f"the logs cannot be read: {error}")
                return None
            if found is not None and is_enough(found):
                return found
            if time.monotonic() > until:
                self.log(f"the log did not come within {self.wait_seconds:.0f} s")
                return found
            if not is_logged:
                self.log(f"waiting for the log {self.place(part)} (EMR uploads it minutes late)")
            is_logged = True
            time.sleep(POLL_SECONDS)


def root_of(cluster: Mapping[str, Any]) -> str | None:
    """Where the logs of a cluster are, with a slash at the end; null when it keeps none."""
    uri = cluster.get("LogUri")
    if not uri:
        return None
    path = str(uri).partition("://")[2].rstrip("/")
    return f"{SCHEME}{path}/{cluster['Id']}/"


def _tail(content: bytes) -> bytes:
    """The end of a gzipped text; of one that was cut off, the end of what is there."""
    tail = b""
    while content:
        member = zlib.decompressobj(wbits=31)
        try:
            while content and not member.eof:
                tail = (tail + member.decompress(content, TAIL_BYTES))[-TAIL_BYTES:]
                content = member.unconsumed_tail
        except zlib.error:
            break
        content = member.unused_data
    return tail
