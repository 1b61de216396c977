"""A line of the log for each request: its id, whose secret it came with, and no query, where secrets stand."""

import logging
import re
import time
import uuid
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

PROBES = {"/health", "/livez", "/metrics", "/readyz"}
"""What machines ask every few seconds is told at LOG_LEVEL=debug only."""

MAX_PATH = 300
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_log = logging.getLogger(__name__)


class RequestLog:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Log one request when its answer has ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = int(HTTPStatus.INTERNAL_SERVER_ERROR)  # what is answered further out when nothing is from here
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        with bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, watched)
            finally:
                fields = {
                    "action": "http.request",
                    "method": scope["method"],
                    "path": scope["path"][:MAX_PATH],
                    "status": status,
                    "ms": round((time.perf_counter() - begun) * 1000, 1),
                    "client": scope["client"][0] if scope.get("client") else None,
                }
                _log.log(logging.DEBUG if scope["path"] in PROBES else logging.INFO, "request", extra=fields)
