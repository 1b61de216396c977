"""Request bodies: how large they may be, how long they may take, and how many large ones are held at once."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import Request
from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.domain.errors import Busy
from pipeline.web.errors import error_response

T = TypeVar("T")

GRACE_SECONDS = 10
SLOWEST_BYTES = 16 * 1024
"""A second, after the grace: a client that sends a byte now and then must not hold a connection for ever."""

HEAVY_BYTES = 256 * 1024
"""Bodies beyond this are read by turns, parsed in a thread, and only when their sender's secret was found."""

TURNS = {True: 2, False: 2}
"""How many heavy bodies are held at once, of senders who are known by then, and of strangers."""
TURN_SECONDS = 60
RETRY_AFTER_SECONDS = 10

_LONGEST_LENGTH = 18
_JSON = re.compile(r"(application|text)/json|application/[!#$&^_.+a-z0-9-]+\+json")
_MOST_SECRETS = 100
_SECRET = re.compile(rb'"secret"\s*+:\s*+("(?:[^"\\]|\\.){0,4096}+")', re.DOTALL)
_CLOSE = {"Connection": "close"}

IsKnown = Callable[[Headers, bytes], bool]
"""Whether the sender of these headers, whose body begins like that, holds a secret of ours."""


class BodyLimit:
    """ASGI middleware that refuses bodies of more than ``max_bytes`` with 413, and slow ones with 408.

    What Content-Length declares is judged before anything is read; what really arrives is counted, so that chunked
    bodies and wrong declarations end the same way. (FastAPI's ``max_body_size`` finds them too, but answers a
    declared length in plain text.) What is left of a refused body is read and thrown away by the server, so that its
    sender gets to see the refusal. Only time that we spend waiting for the sender is held against it.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, is_known: IsKnown, elsewhere: Mapping[str, int]) -> None:
        """``elsewhere`` are paths with another limit, whose bodies are not held as a whole and take no turn."""
        self._app = app
        self.max_bytes = max_bytes
        self.elsewhere = elsewhere
        self.is_known = is_known
        self.turns = {known: asyncio.Semaphore(most) for known, most in TURNS.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if "content-length" in headers and "transfer-encoding" in headers:  # RFC 9112, 6.1: may hide a second request
            text = "send Content-Length or Transfer-Encoding, not both"
            await error_response(HTTPStatus.BAD_REQUEST, text, headers=_CLOSE)(scope, receive, send)
            return
        body = scope["pipeline.body"] = _Body(self, scope["path"].rstrip("/"), headers, receive)
        if body.is_too_large(headers.get("content-length", "")):
            await error_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, body.refusal)(scope, receive, send)
            return
        try:
            await self._app(scope, body.receive, send)
        finally:
            body.end_turn()


class _Body:
    """One request's body as it arrives."""

    def __init__(self, limit: BodyLimit, path: str, headers: Headers, receive: Receive) -> None:
        self._limit = limit
        self._most = limit.elsewhere.get(path, limit.max_bytes)
        self._is_streamed = path in limit.elsewhere
        self._headers = headers
        self._receive = receive
        self._begins = b""  # its first HEAVY_BYTES
        self._received = 0
        self._waited = 0.0
        self._has_ended = False
        self._turn: asyncio.Semaphore | None = None

    async def receive(self) -> Message:
        """The next message.

        Raises:
            HTTPException: 408 or 413.
            Busy: it is heavy, and too many others are.
        """
        if self._has_ended:  # what comes now is that the client leaves
            return await self._receive()
        loop = asyncio.get_running_loop()
        began, left = loop.time(), GRACE_SECONDS + self._received / SLOWEST_BYTES - self._waited
        try:
            async with asyncio.timeout(max(left, 0)):
                message = await self._receive()
        except TimeoutError as error:
            text = "the request did not arrive in time"
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, text, _CLOSE) from error
        self._waited += loop.time() - began
        self._received += len(message.get("body", b""))
        self._has_ended = not message.get("more_body")
        if self._received > self._most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self.refusal)
        if self._turn is None and not self._is_streamed:
            self._begins += message.get("body", b"")
            if self._received > HEAVY_BYTES:
                await self._take_turn()
        return message

    async def _take_turn(self) -> None:
        turn = self._limit.turns[self._limit.is_known(self._headers, self._begins)]
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await turn.acquire()
        except TimeoutError as error:
            raise Busy("too many large requests at once", retry_after_seconds=RETRY_AFTER_SECONDS) from error
        self._turn, self._begins = turn, b""

    def end_turn(self) -> None:
        """Let the next heavy one come."""
        if self._turn:
            self._turn.release()
            self._turn = None

    def is_too_large(self, declared: str) -> bool:
        """Judge a Content-Length."""
        digits = declared.lstrip("0") if declared.isascii() and declared.isdigit() else ""
        return len(digits) > _LONGEST_LENGTH or int(digits or "0") > self._most

    @property
    def refusal(self) -> str:
        """Why it is too large."""
        return f"the request is larger than {self._most} bytes"


async def read_body(request: Request, max_bytes: int | None = None) -> bytearray:
    """Read the whole body, and keep no other copy of it; HTTPException 413 beyond ``max_bytes``."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if max_bytes is not None and len(body) > max_bytes:
            text = f"the request is larger than {max_bytes} bytes, the most that is taken here"
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)
    return body


def body_is_done(request: Request) -> None:
    """Say that nothing of the body is held any more, though the answer takes a while: the next heavy one may come."""
    if body := request.scope.get("pipeline.body"):
        body.end_turn()


def secrets_in(raw: bytes | bytearray) -> Iterator[bytes]:
    """Every string named ``secret`` in JSON that nobody has parsed yet; not more than ``_MOST_SECRETS`` are looked at.

    A search for fixed bytes: it costs next to nothing, whatever is sent.
    """
    at = -1
    for _ in range(_MOST_SECRETS):
        if (at := raw.find(b'"secret"', at + 1)) < 0:
            return
        if found := _SECRET.match(raw, at):
            try:
                yield from_json(found[1]).encode()
            except ValueError:
                continue


async def parse_aside(size: int, parse: Callable[..., T], *arguments: Any) -> T:
    """What ``parse`` makes of ``arguments``, which came in a body of ``size`` bytes: of a heavy one, in a thread."""
    return await asyncio.to_thread(parse, *arguments) if size > HEAVY_BYTES else parse(*arguments)


def require_json(headers: Headers) -> None:
    """Let any JSON content type pass, and none at all; HTTPException 415 for others."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type and not _JSON.fullmatch(media_type):
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON: Content-Type: application/json")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON as it is, without Content-Encoding")
