"""Request bodies: how large they may be and how long they may take."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.web.errors import error_response

T = TypeVar("T")

BODY_SECONDS = 120
"""For the whole body: a client that sends a byte now and then must not hold a connection for ever."""

HEAVY_BYTES = 256 * 1024
"""Bodies beyond this are parsed in a thread, so that other requests go on meanwhile."""

_LONGEST_LENGTH = 18
_JSON = re.compile(r"(application|text)/json|application/[!#$&^_.+a-z0-9-]+\+json")


class BodyLimit:
    """ASGI middleware that refuses bodies of more than ``max_bytes`` with 413.

    What Content-Length declares is judged before anything is read; what really arrives is counted, so that chunked
    bodies and wrong declarations end the same way. (FastAPI's ``max_body_size`` finds them too, but answers a
    declared length in plain text.) What is left of a refused body is read and thrown away by the server, so that its
    sender gets to see the refusal.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, elsewhere: Mapping[str, int]) -> None:
        """``elsewhere`` are paths with another limit."""
        self._app = app
        self._max_bytes = max_bytes
        self._elsewhere = elsewhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._elsewhere.get(scope["path"].rstrip("/"), self._max_bytes)
        text = f"the request is larger than {most} bytes"
        if _is_more_than(most, Headers(scope=scope).get("content-length", "")):
            await error_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)
            return message

        await self._app(scope, counted, send)


def _is_more_than(most: int, declared: str) -> bool:
    digits = declared.lstrip("0") if declared.isascii() and declared.isdigit() else ""
    return len(digits) > _LONGEST_LENGTH or int(digits or "0") > most


async def read_body(request: Request) -> bytes:
    """Read the whole body; see ``in_time``."""
    return await in_time(request.body())


async def in_time(reading: Awaitable[T]) -> T:
    """What ``reading`` a body gives, in at most ``BODY_SECONDS``; HTTPException 408 when it takes longer."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await reading
    except TimeoutError as error:
        text, close = "the request did not arrive in time", {"Connection": "close"}
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, text, close) from error


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
