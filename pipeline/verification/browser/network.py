"""What stands in for the network while an app is looked at: its own files, and libraries from well-known hosts."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import Error, Route

from pipeline.domain.media_types import content_type_of
from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.addresses import ServedApp
from pipeline.verification.browser.cdn import CdnFiles, CdnMissing, CdnUnavailable, is_for_everybody
from pipeline.verification.browser.excuses import parts
from pipeline.verification.problems import shown

MOST_OF_A_KIND = 10
MOST_REQUESTS = 2_000
MOST_CDN_FILES = 100
MOST_SHOWN = 200  # characters of an address

_UNHEARD = frozenset({"ping", "cspviolationreport"})
"""Kinds of requests whose answers no page ever sees: no check depends on them."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer to the browser: text/plain of nothing unless said otherwise."""

    status: int
    content: bytes = b""
    media_type: str = "text/plain; charset=utf-8"


@dataclass
class SealedNetwork:
    """Answers the requests of one app's pages and remembers what could not be had."""

    app: ServedApp  # the files, and where they will be served
    cdn: CdnFiles | None  # fetches libraries; None = they count as out of reach
    # hosts, and other things, that the page may need and that were out of reach from here: each with the kinds of
    # requests for it
    lacking: dict[str, set[str]] = field(default_factory=dict)
    documents: int = 0  # how often a page or a frame was opened
    under_way: int = 0  # requests not answered yet
    _problems: dict[tuple[str, str], Finding] = field(default_factory=dict)
    _requests: int = 0
    _cdn_files: int = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was asked for and not had: the first requests of each kind."""
        return tuple(self._problems.values())

    async def answer(self, route: Route) -> None:
        """Answer one request of the browser."""
        self._requests += 1
        self.under_way += 1
        try:
            reply = await self._reply(route)
            if reply is None:
                await route.abort("internetdisconnected")
                return
            await route.fulfill(
                status=reply.status,
                body=reply.content,
                headers={"content-type": reply.media_type, "access-control-allow-origin": "*"},
            )
        except Error:
            pass  # the page has gone in the meantime
        finally:
            self.under_way -= 1

    async def _reply(self, route: Route) -> _Reply | None:
        request = route.request
        self.documents += request.is_navigation_request()
        if self._requests > MOST_REQUESTS:
            self._note(Severity.ERROR, "blocked-request", "still more", f"there were {MOST_REQUESTS} requests before")
            return None
        if self._is_own(request.url):
            return self._own_file(request.url, request.method, request.resource_type)
        if self.cdn and request.method == "GET" and self.cdn.allows(request.url):
            return await self._library(request.url, request.resource_type)
        self.block(request.url, request.resource_type)
        return None

    def block(self, url: str, kind: str, reason: str = "there is no network while the page is checked") -> None:
        """Remember a request that was not let out."""
        if not is_for_everybody(url):
            self._note(Severity.ERROR, "blocked-request", url, "leads to the visitor's own machine or network")
            return
        self._note(Severity.WARNING, "blocked-request", url, reason)
        if kind not in _UNHEARD:
            self.lack(urlsplit(url).hostname or url, kind)

    def lack(self, what: str, kind: str) -> None:
        """Remember that the page asked for ``what`` in vain."""
        if what in self.lacking or len(self.lacking) < MOST_OF_A_KIND:
            self.lacking.setdefault(what, set()).add(kind)

    @property
    def lacking_parts(self) -> frozenset[str]:
        """What of the page may be missing for that: content, style."""
        return parts(kind for kinds in self.lacking.values() for kind in kinds)

    def _is_own(self, url: str) -> bool:
        asked, own = urlsplit(url), urlsplit(self.app.address)
        return (asked.scheme, asked.netloc) == (own.scheme, own.netloc)

    def _own_file(self, url: str, method: str, kind: str) -> _Reply:
        if method not in {"GET", "HEAD"}:
            self._note(Severity.ERROR, "missing-file", url, f"{method} is not answered by a host of static files")
            return _Reply(405)
        path = self.app.target(url, "")
        content = self.app.files.get(path) if path else None
        if path in self.app.made_in_ci:
            self.block(url, kind, "is made in CI, by a workflow of the app")
            return _Reply(404, b"Not made yet")
        if path is None or content is None:
            if not url.endswith("/favicon.ico"):
                reason = "is not in the app" if path else "is not below the app's address"
                self._note(Severity.ERROR, "missing-file", url, reason)
            return _Reply(404, b"Not found")
        return _Reply(200, content, content_type_of(path))

    async def _library(self, url: str, kind: str) -> _Reply | None:
        self._cdn_files += 1
        if self.cdn is None or self._cdn_files > MOST_CDN_FILES:
            self.block(url, kind, "its host was asked too often")
            return None
        try:
            file = await self.cdn.fetch(url)
        except CdnMissing:
            self._note(Severity.ERROR, "missing-file", url, "its host has no such file")
            return _Reply(404, b"Not found")
        except CdnUnavailable as problem:
            self.block(url, kind, f"its host gave nothing: {problem}")
            return None
        return _Reply(200, file.content, file.media_type)

    def _note(self, severity: Severity, rule: str, url: str, reason: str) -> None:
        asked = shown(url, MOST_SHOWN)
        if sum(kind == rule for kind, _ in self._problems) < MOST_OF_A_KIND:
            self._problems.setdefault((rule, asked), Finding(severity, rule, f"the page asks for {asked}: {reason}"))


async def settle(network: SealedNetwork, *, quiet_seconds: float, at_most_seconds: float) -> None:
    """Wait until no request has been under way for a moment."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + at_most_seconds
    quiet_since = loop.time()
    while loop.time() < ends and loop.time() - quiet_since < quiet_seconds:
        await asyncio.sleep(quiet_seconds / 5)
        if network.under_way:
            quiet_since = loop.time()
