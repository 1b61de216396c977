"""The Hub on loopback."""

import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.http_server import Handler, LoopbackServer
from tests.fakes.hub.exchange import Answer, Fault, Hang, Refused, Request, decoded
from tests.fakes.hub.hub import Hub
from tests.fakes.hub.routes import route


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


class FakeHub(Hub, LoopbackServer):
    """The Hub as a server; a context manager.

    Attributes:
        log: every request, in the order of their answers.
    """

    def __init__(
        self, *, owner: str = "deployer", others: Mapping[str, str] | None = None, organizations: Iterable[str] = ()
    ) -> None:
        Hub.__init__(self, owner=owner, others=others, organizations=organizations)
        LoopbackServer.__init__(self, _Handler)
        self.log: list[Logged] = []
        self._faults: list[tuple[Fault, list[int]]] = []
        self._lock = threading.RLock()

    @property
    def endpoint(self) -> str:
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
            self.pause(fault.answer.seconds)
        return answer

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


class _Handler(Handler):
    wbufsize = 65_536
    fake: FakeHub

    def answer(self) -> None:
        parts = urlsplit(self.path)
        headers = self.headers_by_name()
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            query=_first_values(parts.query),
            headers=headers,
            body=self.body(),
            account=self.fake.accounts.get(headers.get("authorization", "").removeprefix("Bearer ")),
        )
        answer = self.fake.respond(request, self.path)
        if answer is None:
            self.close_connection = True
        elif answer.stream is not None:
            self._send_stream(answer)
        else:
            body = answer.body
            self.send_head(answer.status, {**_headers(answer, answer.body_type), "Content-Length": str(len(body))})
            if self.command != "HEAD" and answer.status != HTTPStatus.NO_CONTENT:
                self.wfile.write(body)

    def _send_stream(self, answer: Answer) -> None:
        self.close_connection = True
        self.send_head(answer.status, {**_headers(answer, answer.media_type), "Connection": "close"})
        self.wfile.flush()
        for piece in answer.stream or ():
            self.wfile.write(piece)
            self.wfile.flush()
            if self.fake.is_closing:
                return


def _headers(answer: Answer, media_type: str) -> dict[str, str]:
    usual = {} if answer.status == HTTPStatus.NO_CONTENT else {"Content-Type": media_type}
    named = {name: value.encode("latin-1", "replace").decode("latin-1") for name, value in answer.headers.items()}
    return usual | named


def _first_values(query: str) -> dict[str, str]:
    """One value per parameter; those of a repeated one are joined by commas, as ``expand`` wants it."""
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values
