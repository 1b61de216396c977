"""An evaluator on loopback that receives callbacks and answers by a script.

In a test::

    with EvaluatorServer([500, Step(429, headers={"Retry-After": "7"}), Step(drop=Drop.AFTER_READING)]) as evaluator:
        ...  # call evaluator.url; look at evaluator.requests

Each connection takes the next step of the script; when the script is used up the answer is 200. As a program it
prints its URL as the first line and appends every request to a journal::

    python -m tests.fakes.evaluator --port 0 --fail 3 --journal requests.jsonl
"""

import argparse
import gzip
import itertools
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.fakes.http_server import Handler, LoopbackServer, awaited, journal

SOCKET_SECONDS = 5


class Drop(StrEnum):
    """When the connection is closed without an answer."""

    BEFORE_READING = "before_reading"
    AFTER_READING = "after_reading"


@dataclass(frozen=True)
class Step:
    """What happens to one request.

    Attributes:
        delay: seconds before the answer begins.
        drip: seconds between single bytes of the body; None = sent at once.
        endless: the body is sent again and again.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"status": "ok"}'
    delay: float = 0.0
    drip: float | None = None
    endless: bool = False
    drop: Drop | None = None


def gzip_bomb(size: int = 50 * 1024 * 1024) -> Step:
    """An answer that would unpack to ``size`` zeros."""
    return Step(headers={"Content-Encoding": "gzip"}, body=gzip.compress(bytes(size)))


@dataclass(frozen=True)
class Received:
    """One request that was read.

    Attributes:
        json: what ``body`` says, or None when it is not JSON.
        at: seconds since 1970, when it had been read.
        status: that it is answered with, or None when the connection is dropped.
        server_name: that the client asked for in its TLS handshake, or None.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    json: Any
    at: float
    status: int | None
    server_name: str | None = None


class EvaluatorServer(LoopbackServer):
    """The receiver; a context manager.

    Args:
        script: a status or a Step per connection, in order.
        tls: makes it an https server.
        on_request: told of every request that was read, from the thread that serves it.

    Attributes:
        peak: the most requests that waited for their answers at one time.
    """

    def __init__(
        self,
        script: Iterable[int | Step] = (),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        on_request: Callable[[Received], None] | None = None,
    ) -> None:
        super().__init__(_Handler, host, port)
        self.requests: list[Received] = []
        self.peak = 0
        self._script = [Step(step) if isinstance(step, int) else step for step in script]
        self._waiting = 0
        self._changed = threading.Condition()
        self._tls = tls
        if tls:
            tls.sni_callback = _remember_server_name
            self.origin = self.origin.replace("http:", "https:")
        self._on_request = on_request

    @property
    def url(self) -> str:
        return f"{self.origin}/notify"

    def wait_for(self, count: int) -> list[Received]:
        return awaited(self.requests, self._changed, count)

    def next_step(self) -> Step:
        with self._changed:
            return self._script.pop(0) if self._script else Step()

    @contextmanager
    def waiting_for_answer(self, received: Received) -> Iterator[None]:
        """Remember a request and count it among those that wait."""
        with self._changed:
            self.requests.append(received)
            self._waiting += 1
            self.peak = max(self.peak, self._waiting)
            if self._on_request:
                self._on_request(received)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._waiting -= 1

    def secure(self, connection: socket.socket) -> socket.socket:
        """With TLS, if this is an https server; the handshake comes with the first read."""
        if self._tls is None:
            return connection
        return self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)


def _remember_server_name(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
    del context
    connection.asked_for = name  # type: ignore[attr-defined]  # the handshake's socket is the handler's own


class _Handler(Handler):
    timeout = SOCKET_SECONDS
    fake: EvaluatorServer

    def handle(self) -> None:
        self.step = self.fake.next_step()
        if self.step.drop is not Drop.BEFORE_READING:
            self.handle_one_request()

    def answer(self) -> None:
        with self.fake.waiting_for_answer(self._received(self.body())):
            is_closing = self.fake.pause(self.step.delay)
        if self.step.drop or is_closing:
            return
        length = {} if self.step.endless else {"Content-Length": str(len(self.step.body))}
        self.send_head(self.step.status, {**self.step.headers, "Connection": "close", **length})
        self._send_body()

    def _send_body(self) -> None:
        body = self.step.body
        pieces = [body] if self.step.drip is None else [bytes([byte]) for byte in body]
        for piece in itertools.cycle(pieces) if self.step.endless else pieces:
            self.wfile.write(piece)
            if self.fake.pause(self.step.drip or 0):
                return

    def _received(self, body: bytes) -> Received:
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        return Received(
            method=self.command,
            path=self.path,
            headers=self.headers_by_name(),
            body=body,
            json=document,
            at=time.time(),
            status=None if self.step.drop else self.step.status,
            server_name=getattr(self.connection, "asked_for", None),
        )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="An evaluator on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fail", type=int, default=0, help="how many requests to fail first")
    parser.add_argument("--status", type=int, default=500, help="what to fail them with")
    parser.add_argument("--journal", type=Path, help="file that gets every request as a JSON line")
    chosen = parser.parse_args(arguments)
    script = [chosen.status] * chosen.fail
    on_request = journal(chosen.journal) if chosen.journal else None
    server = EvaluatorServer(script, port=chosen.port, on_request=on_request)
    print(server.url, flush=True)
    try:
        server.start()._thread.join()  # noqa: SLF001 - the module's own class
    except KeyboardInterrupt:
        server.close()


if __name__ == "__main__":
    main()
