"""What the daemon shows over HTTP: metrics, health and status; read only, loopback unless configured, bounded in bytes, time and threads."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from socketserver import TCPServer
from typing import Any, TypeAlias, cast

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from cdc.app.monitor.watch import State, Watch, stalled, summary
from cdc.model.errors import Misconfigured

REQUEST_BYTES = 8192
REQUEST_SECONDS = 5.0
CONNECTIONS = 32

Answer: TypeAlias = tuple[HTTPStatus, str, bytes]
"""Status, content type, body."""
Page: TypeAlias = Callable[[str], Answer]
"""The request's Accept header → its answer."""


def pages(registry: CollectorRegistry, watches: Sequence[Watch], masks: Callable[[str], str]) -> Mapping[str, Page]:
    """Return what there is to ask for."""

    def metrics(accept: str) -> Answer:
        encoder, content_type = choose_encoder(accept)
        return HTTPStatus.OK, content_type, encoder(registry)

    def healthz(_: str) -> Answer:
        stuck = [watch.pipeline for watch in watches if not watch.alive()]
        return _json(not stuck, {"alive": not stuck, "stuck": stuck})

    def readyz(_: str) -> Answer:
        ready = all(watch.state is State.STREAMING and not stalled(watch) for watch in watches)
        return _json(ready, {"ready": ready, "pipelines": {watch.pipeline: watch.state.value for watch in watches}})

    def status(_: str) -> Answer:
        code, content_type, body = _json(True, {"pipelines": {watch.pipeline: summary(watch) for watch in watches}})
        return code, content_type, masks(body.decode()).encode()

    return {"/metrics": metrics, "/healthz": healthz, "/readyz": readyz, "/status": status}


def _json(well: bool, body: object) -> Answer:
    code = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
    return code, "application/json", json.dumps(body, ensure_ascii=False).encode() + b"\n"


class Server(ThreadingHTTPServer):
    """Serves the pages on threads of its own. `request_queue_size` connections wait when all threads are taken."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 16

    def __init__(self, host: str, port: int, given: Mapping[str, Page]) -> None:
        self.pages = given
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise Misconfigured(
                f"can't listen on {host}:{port} for metrics: {error.strerror or error}",
                "Another daemon may use the port: give each process its own `metrics: {listen: …}`, in the service file or under the pipeline.",
            ) from error
        threading.Thread(target=self.serve_forever, args=(0.1,), name="http", daemon=True).start()

    def server_bind(self) -> None:
        """Bind, without the library's look-up of our own name in DNS."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    @property
    def address(self) -> str:
        host, port = self.socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def close(self) -> None:
        """Answer no more, and free the port."""
        self.shutdown()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002, the library's signature
        """A client that breaks off is no news; anything else is a fault of ours."""
        if not isinstance(error := sys.exception(), OSError):
            structlog.get_logger().error("a page can't be shown", error=type(error).__name__)


class _Handler(BaseHTTPRequestHandler):
    server_version, sys_version = "cdc", ""

    def setup(self) -> None:
        super().setup()
        self.rfile = BytesIO(_head(self.connection))

    def do_GET(self) -> None:
        page = cast(Server, self.server).pages.get(self.path.partition("?")[0])
        if page is None:
            self._answer((HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"There are /metrics, /healthz, /readyz and /status.\n"))
        else:
            self._answer(page(self.headers.get("Accept", "")))

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, answer: Answer) -> None:
        code, content_type, body = answer
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, the library's word
        """Scrapes are no news."""


def _head(connection: socket.socket) -> bytes:
    """Read a request's line and headers, within our bounds of bytes and time; what is too long or too slow comes back cut and is refused."""
    head, deadline = b"", time.monotonic() + REQUEST_SECONDS
    while b"\r\n\r\n" not in head and len(head) < REQUEST_BYTES and (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            got = connection.recv(REQUEST_BYTES - len(head))
        except TimeoutError:
            return b""
        if not got:
            break
        head += got
    connection.settimeout(REQUEST_SECONDS)
    return head if b"\r\n\r\n" in head else b""
