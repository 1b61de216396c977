"""A line of the log for each request. What stands behind a question mark stays out: callers put secrets there."""

import logging
import time
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PROBES = {"/health", "/livez", "/readyz"}
"""What machines ask every few seconds is told at LOG_LEVEL=debug only."""

MAX_PATH = 300

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

        async def watched(message: Message) -> None:
            nonlocal status
            status = int(message.get("status", status))
            await send(message)

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
