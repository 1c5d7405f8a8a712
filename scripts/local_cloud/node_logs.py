"""A node's logs on their way to the log URI: gzipped, some time later, as EMR's."""

import gzip
import logging
import shutil
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_LOG = logging.getLogger(__name__)
NAMES = ("controller", "stderr", "stdout")


class NodeLogs:
    """Sends folders of logs to S3, each once, `delay_seconds` after its process ended.

    `client` makes an S3 client with the node's credentials; without `log_uri` nothing is sent.
    """

    def __init__(
        self, log_uri: str | None, delay_seconds: float, client: Callable[[], Any]
    ) -> None:
        self._uri, self._delay, self._client = log_uri, delay_seconds, client
        self._lock = threading.Lock()
        self._waiting: dict[Path, tuple[threading.Timer, str]] = {}

    def uri(self, path: str) -> str:
        """Where a file of the logs lies, in S3's own words; empty without a log URI."""
        return f"{self._root()}{path}" if self._uri else ""

    def _root(self) -> str:
        bucket_and_prefix = (self._uri or "").split("://", 1)[1]
        return f"s3://{bucket_and_prefix.rstrip('/')}/"

    def send_later(self, folder: Path, to: str) -> None:
        """Send a folder's logs to `to` below the log URI when it is time."""
        if not self._uri:
            return
        timer = threading.Timer(self._delay, self._send, [folder, to])
        timer.daemon = True
        with self._lock:
            self._waiting[folder] = (timer, to)
        timer.start()

    def send_rest(self) -> None:
        """Send now what still waits; the node is about to go."""
        with self._lock:
            rest = list(self._waiting.items())
        for folder, (timer, to) in rest:
            timer.cancel()
            self._send(folder, to)

    def _send(self, folder: Path, to: str) -> None:
        with self._lock:
            if self._waiting.pop(folder, None) is None:
                return
        try:
            self._put(folder, self.uri(to), NAMES)
        except Exception as error:
            # A bucket that is not there costs the logs, not the cluster.
            _LOG.warning("logs of %s were not sent: %s", folder.name, error)

    def _put(self, folder: Path, uri: str, names: Iterable[str]) -> None:
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        client = self._client()
        for name in names:
            if not (folder / name).is_file():
                continue
            packed = folder / f"{name}.gz"
            with (folder / name).open("rb") as plain, gzip.open(packed, "wb", 1) as file:
                shutil.copyfileobj(plain, file, 1 << 20)
            client.upload_file(str(packed), bucket, f"{prefix.rstrip('/')}/{name}.gz")
            packed.unlink()
