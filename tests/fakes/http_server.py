"""What the servers on loopback share: they live as long as a block, and no thread or socket outlives it."""

import json
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

MAX_BODY = 256 * 1024 * 1024
SOCKET_SECONDS = 30
POLL_SECONDS = 0.02
STUCK_SECONDS = 30

T = TypeVar("T")


class Handler(BaseHTTPRequestHandler):
    """Reads requests of one connection and hands each to ``answer``.

    Attributes:
        fake: whose requests these are.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = SOCKET_SECONDS
    server: "_Listener"
    fake: Any

    def setup(self) -> None:
        super().setup()
        self.fake = self.server.fake

    def answer(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.answer()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that http.server looks for

    def headers_by_name(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def body(self) -> bytes:
        """Without its transfer coding."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY))
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def send_head(self, status: int, headers: dict[str, str]) -> None:
        """Status line and ``headers``, and the blank line after them."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


class LoopbackServer:
    """A server on loopback; a context manager.

    Attributes:
        port: where it listens.
        origin: scheme, host and port.
        connections: how many were accepted, whatever came of them.
    """

    def __init__(self, handler: type[Handler], host: str = "127.0.0.1", port: int = 0) -> None:
        self.connections = 0
        self._closing = threading.Event()
        self._http = _Listener((host, port), handler, self)
        self.port = int(self._http.server_address[1])
        self.origin = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(POLL_SECONDS,), daemon=True)

    @property
    def is_closing(self) -> bool:
        """Whether there is no use in going on with an answer."""
        return self._closing.is_set()

    def pause(self, seconds: float | None) -> bool:
        """Wait, or with None until the end; whether the server is closing."""
        return self._closing.wait(seconds)

    def secure(self, connection: socket.socket) -> socket.socket:
        """A connection that was accepted, with TLS around it if this server speaks that."""
        return connection

    def start(self) -> Self:
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop, cut every connection and wait for all threads."""
        self._closing.set()
        self._http.shutdown()
        self._http.cut()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def awaited(arrivals: list[T], changed: threading.Condition, count: int) -> list[T]:
    """All arrivals, once there are at least ``count``. Raises TimeoutError."""
    with changed:
        if not changed.wait_for(lambda: len(arrivals) >= count, STUCK_SECONDS):
            raise TimeoutError(f"only {len(arrivals)} of {count} came within {STUCK_SECONDS} seconds")
        return list(arrivals)


def journal(path: Path) -> Callable[[Any], None]:
    """Appends what arrives, a dataclass, to a file: one JSON line each."""

    def write(arrival: Any) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(arrival), default=lambda body: body.decode("utf-8", "replace")) + "\n")

    return write


class _Listener(ThreadingHTTPServer):
    daemon_threads = False  # they are waited for
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], handler: type[Handler], fake: LoopbackServer) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.fake = fake
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.settimeout(SOCKET_SECONDS)
        self.fake.connections += 1
        connection = self.fake.secure(connection)
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        """Wake the threads that wait for further requests."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        # The inherited method asks a name server for the host's full name, which nobody here needs.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go away whenever they like."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
