"""A proxy in front of an S3 server that fails as asked."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "date", "server"}


@dataclass(frozen=True)
class Asked:
    """A request as a rule sees it: the method, the path with its query, its number from 1, and the
    action that it asks of a service other than S3, such as `AWSGlue.UpdateTable`."""

    method: str
    path: str
    number: int
    action: str


@dataclass(frozen=True)
class Fault:
    """What happens to a request: it waits, then is refused with a status, cut off before it is
    served, or served and its answer lost."""

    status: int | None = None
    code: str = "ServiceUnavailable"
    is_cut: bool = False
    is_answer_lost: bool = False
    wait_seconds: float = 0.0


Rule = Callable[[Asked], Fault | None]


class FaultProxy:
    """Passes everything on to `target` but what `rule` lets fail; `failed` counts those."""

    def __init__(self, target: str) -> None:
        """Take the URL of the real server."""
        self.target = urlsplit(target).netloc
        self.rule: Rule = lambda asked: None
        self.asked: list[Asked] = []
        self.failed = 0
        self._guard = threading.Lock()

    def judge(self, method: str, path: str, action: str) -> Fault | None:
        """Note a request, and ask the rule."""
        with self._guard:
            asked = Asked(method, path, len(self.asked) + 1, action)
            self.asked.append(asked)
            fault = self.rule(asked)
            self.failed += fault is not None and fault != Fault(wait_seconds=fault.wait_seconds)
            return fault

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Its URL, for the time of the block."""
        proxy = self

        class Handler(_Handler):
            owner = proxy

        server = _Server(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: that a client went away is what many tests want."""


class _Handler(BaseHTTPRequestHandler):
    owner: FaultProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _serve(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
            self.wfile.flush()
        body = self._body()
        action = self.headers.get("X-Amz-Target", "")
        fault = self.owner.judge(self.command, self.path, action)
        if fault:
            time.sleep(fault.wait_seconds)
            if fault.is_cut:
                self._cut()
                return
            if fault.status:
                self._refuse(fault.status, fault.code)
                return
        status, headers, content = self._forward(body)
        if fault and fault.is_answer_lost:
            self._cut()
            return
        self._answer(status, headers, content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(self.owner.target, timeout=60)
        dropped = HOP | {"expect", "content-length"}
        headers = {k: v for k, v in self.headers.items() if k.lower() not in dropped}
        upstream.request(self.command, self.path, body or None, headers | _length(body))
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        return answer.status, answer.getheaders(), content

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP - {"date"} | {"content-length"}:
                self.send_header(name, value)
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        is_head = self.command == "HEAD"
        self.send_header("Content-Length", lengths[0] if is_head and lengths else f"{len(content)}")
        self.end_headers()
        if not is_head:
            self.wfile.write(content)

    def _refuse(self, status: int, code: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>asked to fail</Message></Error>"
        self._answer(status, [("Content-Type", "application/xml")], text.encode())

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _length(body: bytes) -> dict[str, str]:
    return {"Content-Length": str(len(body))}
