"""Where a service calls back: a small HTTP server of this process."""

import asyncio
import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socket import AF_INET, AF_INET6, socket
from socketserver import ThreadingTCPServer
from time import monotonic
from types import TracebackType
from typing import Any, Self

from pipeline.domain.brief import JobKey
from pipeline.domain.errors import Misconfigured

LARGEST_BODY = 64 * 1024
AT_ONCE = 64
SOCKET_SECONDS = 10.0
MOST_KEPT = 200  # callbacks of a round, and of those that fit none
MISFIT_SECONDS = 5.0  # that a service gets to correct a callback that is not right


@dataclass(frozen=True, slots=True)
class Callback:
    """One that came."""

    at: float  # on the monotonic clock
    status: int  # it was answered with
    media_type: str
    document: Any  # what its body says; None when that is no JSON


@dataclass(slots=True)
class Inbox:
    """The callbacks of a round. They are answered with 400 until it stands in the evaluator's table."""

    key: JobKey
    is_in_table: bool = False
    callbacks: list[Callback] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def accepted(self) -> list[Callback]:
        """Those that were answered with 200."""
        return [callback for callback in self.callbacks if callback.status == HTTPStatus.OK]

    async def first(self, until: float) -> Callback | None:
        """The first that was accepted; else, soon after it came or at ``until``, the last one that was not right."""
        while True:
            self.news.clear()
            if self.accepted:
                return self.accepted[0]
            wrong = [callback for callback in self.callbacks if not _is_for(callback.document, self.key)]
            ends = min([until, *(callback.at + MISFIT_SECONDS for callback in wrong)])
            if monotonic() >= ends:
                return wrong[-1] if wrong else None
            with suppress(TimeoutError):
                async with asyncio.timeout(ends - monotonic()):
                    await self.news.wait()


class Receiver:
    """Receives callbacks while its block runs, in threads of its own.

    Args:
        host, port: where it listens; port 0 takes a free one.

    Raises:
        Misconfigured: nothing can listen there.
    """

    def __init__(self, host: str, port: int) -> None:
        self._guard = threading.Lock()
        self._inboxes: list[Inbox] = []
        self.strays: list[Callback] = []
        try:
            self._server = _Server((host, port), self)
        except (OSError, OverflowError) as error:
            raise Misconfigured(f"callbacks cannot be received at {host}, port {port}: {error}") from error
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.server_address[1]}/callback"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="receiver", daemon=True)

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def expect(self, key: JobKey) -> Inbox:
        """Callbacks of this round may come from now on."""
        inbox = Inbox(key)
        with self._guard:
            self._inboxes.append(inbox)
        return inbox

    def receive(self, body: bytes, media_type: str) -> int:
        """Keep a callback; what it is answered with."""
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        with self._guard:
            inbox = self._inbox_for(document)
            is_right = inbox is not None and inbox.is_in_table and _is_for(document, inbox.key)
            status = HTTPStatus.OK if is_right else HTTPStatus.BAD_REQUEST
            kept = self.strays if inbox is None else inbox.callbacks
            if len(kept) < MOST_KEPT:
                kept.append(Callback(monotonic(), status, media_type, document))
        if inbox:
            self._loop.call_soon_threadsafe(inbox.news.set)
        return status

    def _inbox_for(self, document: object) -> Inbox | None:
        """By nonce; a callback without one that is known belongs to the only round that it may mean."""
        if not isinstance(document, dict):
            return None
        by_nonce = [inbox for inbox in self._inboxes if inbox.key.nonce == document.get("nonce")]
        alike = [
            inbox
            for inbox in self._inboxes
            if inbox.key.task == document.get("task") and inbox.key.round == document.get("round", inbox.key.round)
        ]
        found = by_nonce or alike
        return found[0] if len(found) == 1 else None


def _is_for(document: object, key: JobKey) -> bool:
    return isinstance(document, dict) and not wrong_echo(document, key)


def wrong_echo(document: Mapping[str, object], key: JobKey) -> list[str]:
    """Those of the four fields that tell which round is meant, that are not as they were sent."""
    sent = {"email": key.email, "task": key.task, "round": key.round, "nonce": key.nonce}
    told = {name: document.get(name) for name in sent}
    return [name for name, value in sent.items() if type(told[name]) is not type(value) or told[name] != value]


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.address_family = AF_INET6 if ":" in address[0] else AF_INET
        self.receiver = receiver
        self._places = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(timeout=SOCKET_SECONDS):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """Callers may go away whenever they like."""


class _Handler(BaseHTTPRequestHandler):
    timeout = SOCKET_SECONDS
    server: _Server

    def do_POST(self) -> None:
        """Any path is good: a proxy may stand in between."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self._answer(HTTPStatus.BAD_REQUEST, f"a body of at most {LARGEST_BODY} bytes, with its length, is needed")
            return
        body = self.rfile.read(int(length))
        status = self.server.receiver.receive(body, self.headers.get("Content-Type", ""))
        self._answer(status, "no such task was sent" if status != HTTPStatus.OK else "")

    def _answer(self, status: int, error: str) -> None:
        content = json.dumps({"error": error} if error else {"status": "ok"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Nothing is printed: what came is in the result."""
