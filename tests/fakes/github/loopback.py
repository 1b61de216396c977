"""An HTTP/1.1 server on loopback that keeps connections open and stops at once."""

import itertools
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fakes.github.exchange import Request, Response

MAX_BODY = 256 * 1024 * 1024
SOCKET_SECONDS = 60

Respond = Callable[[Request, float], Response | None]


class LoopbackServer(ThreadingHTTPServer):
    """Closes what is open when it stops, so that no thread and no socket outlives the test.

    Args:
        respond: gives the answer to a request and its arrival in seconds since 1970; None = drop the connection.
    """

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self._connections: set[socket.socket] = set()
        self._request_ids = itertools.count(1)
        super().__init__(("127.0.0.1", 0), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wake the threads that wait for further requests."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def request_id(self) -> str:
        """Of one answer."""
        return f"FA4E:{next(self._request_ids):06X}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go away whenever they like."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Reads a request whole and sends its answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = SOCKET_SECONDS
    server: LoopbackServer

    def do_GET(self) -> None:
        arrived = time.time()
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self._body())
        response = self.server.respond(request, arrived)
        if response is None:
            self.close_connection = True
        else:
            self._send(response)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names in the base class

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY))
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _send(self, response: Response) -> None:
        headers = {
            "Server": "GitHub.com",
            "Date": formatdate(usegmt=True),
            "X-GitHub-Request-Id": self.server.request_id(),
            **response.headers,
        }
        if response.status != HTTPStatus.NO_CONTENT:
            headers["Content-Length"] = str(len(response.body))
        lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head if self.command == "HEAD" else head + response.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        pass
