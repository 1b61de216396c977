"""Who may do what to whom in a browser: pages that models wrote are strangers to those of the service."""

from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi.responses import PlainTextResponse, RedirectResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.settings import Settings

PREVIEWS = "/preview/"
NO_FRAMES = "frame-ancestors 'none'"
SANDBOX = "sandbox allow-scripts allow-forms allow-modals allow-popups allow-downloads allow-pointer-lock"
"""An origin that nothing else has: no cookies, no storage, nobody else's pages."""


class Origins:
    """ASGI middleware: previews on PREVIEW_ORIGIN and nothing else there, and the headers that keep pages apart.

    To browsers, ports of one host are one site, with the same cookies: where previews share the host, they are
    sandboxed, which costs them their storage.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._address = settings.preview_address
        self._port = settings.preview_port
        own, previews = urlsplit(settings.own_address), urlsplit(self._address)
        self._host = previews.netloc.lower() if previews.netloc != own.netloc else None  # None: no origin of their own
        self._is_sandboxed = previews.hostname == own.hostname

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_preview = scope["path"].startswith(PREVIEWS)
        app = self._app
        if self._host and self._is_theirs(scope) != is_preview:
            app = self._elsewhere(scope) if is_preview else PlainTextResponse("Not found\n", HTTPStatus.NOT_FOUND)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
                if not is_preview:
                    policy = headers.get("Content-Security-Policy", NO_FRAMES)
                    headers["Content-Security-Policy"] = policy if NO_FRAMES in policy else f"{policy}; {NO_FRAMES}"
                    headers["Cross-Origin-Opener-Policy"] = "same-origin"
                    headers["Origin-Agent-Cluster"] = "?1"
                elif self._is_sandboxed:
                    headers["Content-Security-Policy"] = SANDBOX
            await send(message)

        await app(scope, receive, send_with_headers)

    def _is_theirs(self, scope: Scope) -> bool:
        """Whether a request came to the previews' port or, where they have none, by their name."""
        if self._port:
            return bool(scope["server"] and scope["server"][1] == self._port)
        return Headers(scope=scope).get("host", "").lower() == self._host

    def _elsewhere(self, scope: Scope) -> ASGIApp:
        query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
        return RedirectResponse(f"{self._address}{path}{query}", HTTPStatus.TEMPORARY_REDIRECT)
