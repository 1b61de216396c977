"""The network of a published page, as far as a visitor's browser needs it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urljoin

from playwright.async_api import APIResponse, Error, Route

from pipeline.domain.address import UrlRule
from pipeline.domain.verdict import Severity
from pipeline.verification.browser.network import MOST_REQUESTS, SealedNetwork

MOST_REDIRECTS = 5
ANSWER_SECONDS = 10.0

_REDIRECTS = {301, 302, 303, 307, 308}
_NOT_FOUND = 404


@dataclass
class LiveNetwork(SealedNetwork):
    """Lets requests out to where ``rule`` lets them, and answers with just what came: status, headers and all.

    The browser itself stays without a network; Playwright's own process asks, so that every address is judged first.
    """

    rule: UrlRule | None = None  # None: nothing may be asked

    async def answer(self, route: Route) -> None:
        """Answer one request of the browser."""
        self._requests += 1
        self.documents += route.request.is_navigation_request()
        self.under_way += 1
        try:
            with suppress(Error):  # the page has gone in the meantime
                response = await self._fetched(route)
                await (route.abort("internetdisconnected") if response is None else route.fulfill(response=response))
        finally:
            self.under_way -= 1

    async def _fetched(self, route: Route) -> APIResponse | None:
        request, url = route.request, route.request.url
        if self._requests > MOST_REQUESTS:
            self._note(Severity.ERROR, "blocked-request", "still more", f"there were {MOST_REQUESTS} requests before")
            return None
        for _ in range(MOST_REDIRECTS):
            if self.rule is None or self.rule.problem(url):
                self.block(url, request.resource_type, "its address may not be asked while the page is checked")
                return None
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    response = await route.fetch(url=url, max_redirects=0, timeout=ANSWER_SECONDS * 1000)
            except (Error, TimeoutError):
                self.block(url, request.resource_type, "it gave no answer")
                return None
            if response.status not in _REDIRECTS or "location" not in response.headers:
                if response.status == _NOT_FOUND and not url.endswith("/favicon.ico"):
                    self._note(Severity.ERROR, "missing-file", url, "is not there")
                return response
            url = urljoin(url, response.headers["location"])
        self.block(url, request.resource_type, "it redirects again and again")
        return None
