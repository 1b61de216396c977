"""The Hub on loopback."""

import re
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.hub.exchange import Answer, Fault, Hang, Refused, Request, decoded
from tests.fakes.hub.hub import TOKEN, Hub
from tests.fakes.hub.routes import route

MAX_BODY = 256 * 1024 * 1024
SOCKET_SECONDS = 30


@dataclass(frozen=True)
class Logged:
    """One request.

    Attributes:
        method: of HTTP.
        path: as sent, with the query.
        status: it was answered with; None = not at all.
        at: seconds since 1970, when it had been read.
        body: JSON document, list of NDJSON objects, or None when it is neither; secret values are in it.
        token: it carried, or None.
    """

    method: str
    path: str
    status: int | None
    at: float
    body: Any
    token: str | None


class FakeHub(Hub):
    """The Hub as a server; a context manager.

    Attributes:
        log: every request, in the order of their answers.
    """

    def __init__(
        self,
        *,
        owner: str = "deployer",
        token: str = TOKEN,
        others: Mapping[str, str] | None = None,
        organizations: Iterable[str] = (),
    ) -> None:
        super().__init__(owner=owner, token=token, others=others, organizations=organizations)
        self.log: list[Logged] = []
        self._faults: list[tuple[Fault, list[int]]] = []
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._http = _Listener(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self.origin = f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def endpoint(self) -> str:
        """For HF_ENDPOINT."""
        return self.origin

    def calls(self, method: str, pattern: str = "") -> list[Logged]:
        """The requests with that method (``*`` = any) whose path and query match the regular expression."""
        return [entry for entry in list(self.log) if method in {"*", entry.method} and re.search(pattern, entry.path)]

    def add_fault(self, fault: Fault) -> None:
        """Let it happen; the one that was added first comes first."""
        with self._lock:
            self._faults.append((fault, [0]))

    def respond(self, request: Request, target: str) -> Answer | None:
        """The answer with all faults, on record; None = close the connection."""
        at, fault = time.time(), self._take_fault(request.method, target)
        answer = None if fault and fault.when == "before" else self._answer(request)
        if fault:
            answer = fault.answer if isinstance(fault.answer, Answer) else None
        self._record(request, target, answer, at)
        if fault and isinstance(fault.answer, Hang):
            self._closing.wait(fault.answer.seconds)
        return answer

    def close(self) -> None:
        """Stop, cut every connection and wait for all threads."""
        self._closing.set()
        self._http.shutdown()
        self._http.cut()
        self._thread.join()
        self._http.server_close()

    @property
    def is_closing(self) -> bool:
        """Whether streams are to end."""
        return self._closing.is_set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            try:
                return route(self, request)
            except Refused as refused:
                return refused.answer
            except Exception as error:  # noqa: BLE001 - the real server, too, answers 500 when it fails over an input
                return Answer(500, {"error": f"Internal Error - {error!r}"})

    def _take_fault(self, method: str, target: str) -> Fault | None:
        with self._lock:
            for fault, used in self._faults:
                if fault.matches(method, target) and (fault.times is None or used[0] < fault.times):
                    used[0] += 1
                    return fault
        return None

    def _record(self, request: Request, target: str, answer: Answer | None, at: float) -> None:
        body = decoded(request.body, request.headers.get("content-type", "")) if request.body else None
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or None
        entry = Logged(request.method, target, answer.status if answer else None, at, body, token)
        with self._lock:
            self.log.append(entry)


class _Listener(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], hub: FakeHub) -> None:
        self.hub = hub
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        """End every connection, so that no thread waits for a next request."""
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        # The inherited method asks a name server for the host's full name, which nobody here needs.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients may leave early."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = SOCKET_SECONDS
    wbufsize = 65_536
    server: _Listener

    def _serve(self) -> None:
        hub, body = self.server.hub, self._body()
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            query=_first_values(parts.query),
            headers=headers,
            body=body,
            account=hub.accounts.get(headers.get("authorization", "").removeprefix("Bearer ")),
        )
        answer = hub.respond(request, self.path)
        if answer is None:
            self.close_connection = True
        elif answer.stream is not None:
            self._send_stream(answer)
        else:
            self._send(answer)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _send(self, answer: Answer) -> None:
        body = answer.body
        self._send_head(answer)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and answer.status != HTTPStatus.NO_CONTENT:
            self.wfile.write(body)

    def _send_stream(self, answer: Answer) -> None:
        self.close_connection = True
        self._send_head(answer)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        for piece in answer.stream or ():
            self.wfile.write(piece)
            self.wfile.flush()
            if self.server.hub.is_closing:
                return

    def _send_head(self, answer: Answer) -> None:
        self.send_response(answer.status)
        if answer.status != HTTPStatus.NO_CONTENT:
            kind = answer.media_type if answer.stream is not None else answer.body_type
            self.send_header("Content-Type", kind)
        for name, value in answer.headers.items():
            self.send_header(name, value.encode("latin-1", "replace").decode("latin-1"))

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


def _first_values(query: str) -> dict[str, str]:
    """One value per parameter; those of a repeated one are joined by commas, as ``expand`` wants it."""
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values
