"""The HTTP server: EMR's endpoint on 127.0.0.1."""

import contextlib
import logging
import re
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scripts.local_cloud import protocol
from scripts.local_cloud.actions import ACTIONS
from scripts.local_cloud.calls import Call
from scripts.local_cloud.cloud import Cloud
from scripts.local_cloud.protocol import Refused

_LOG = logging.getLogger(__name__)
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[a-z0-9-]+)/elasticmapreduce/aws4_request")
_LONGEST = 10 << 20
_WAIT_SECONDS = 60.0


class Server(ThreadingHTTPServer):
    """EMR for one cloud."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, cloud: Cloud, port: int = 0) -> None:
        self.cloud = cloud
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""
        _LOG.debug("connection of %s", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "EMR"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = _WAIT_SECONDS

    def log_message(self, format: str, *args: Any) -> None:
        _LOG.debug(format, *args)

    def do_POST(self) -> None:
        try:
            operation, call = self._call()
            answer = ACTIONS[operation](call)
            if self.server.cloud.faults.loses_answer(operation):
                self.close_connection = True
                return
            self._answer(200, protocol.encoded(answer), None)
        except Refused as error:
            self._refuse(error)
        except OSError as error:
            _LOG.debug("connection lost: %s", error)
            self.close_connection = True
        except Exception:
            _LOG.exception("request failed")
            self._refuse(Refused("InternalServerException", "Internal server error", 500))

    def _call(self) -> tuple[str, Call]:
        body = self._body()
        operation = protocol.operation_of(self.headers.get("X-Amz-Target"))
        scope = _SCOPE.search(self.headers.get("Authorization", ""))
        if scope is None:
            raise Refused(
                "MissingAuthenticationTokenException", "Missing Authentication Token", 403
            )
        self.server.cloud.faults.refuse(operation)
        if operation not in ACTIONS:
            raise Refused("UnknownOperationException", f"{operation} is not part of this cloud.")
        parameters = protocol.parameters_of(operation, body)
        return operation, Call(self.server.cloud, scope["region"], parameters)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            self.close_connection = True
            raise Refused("SerializationException", "The body has no length that can be read.")
        if int(length) > _LONGEST:
            self._drop(int(length))
            raise Refused("RequestEntityTooLargeException", "The body is too long.", 413)
        return self.rfile.read(int(length))

    def _drop(self, length: int) -> None:
        """Read what nobody wants: a client that still sends does not see the answer."""
        self.close_connection = True
        while length > 0 and (got := self.rfile.read(min(length, 1 << 20))):
            length -= len(got)

    def _refuse(self, error: Refused) -> None:
        self._answer(error.status, protocol.encoded(error.body()), error.code)

    def _answer(self, status: int, body: bytes, error_code: str | None) -> None:
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", protocol.CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
            if error_code:
                self.send_header("x-amzn-ErrorType", error_code)
            self.end_headers()
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class cannot read is answered in EMR's form too."""
        self.close_connection = True
        self._refuse(Refused("UnknownOperationException", message or "Bad request", int(code)))

    def _wrong_method(self) -> None:
        self.close_connection = True
        self._refuse(Refused("UnknownOperationException", f"{self.command} is not supported.", 404))

    do_GET = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = _wrong_method


@contextlib.contextmanager
def serving(cloud: Cloud, port: int = 0) -> Iterator[Server]:
    """A server that answers in the `with` block and ends its clusters after it."""
    with Server(cloud, port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            cloud.stop()
