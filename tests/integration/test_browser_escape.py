"""Every known way for a page to reach the network, driven at a listener on loopback: sealed, none arrives."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pipeline.verification.browser.sealed_browser import SealedBrowser
from tests.builders import make_files
from tests.cases import cases
from tests.fakes.canary import Canary
from tests.fakes.cdn import CdnStandIn, cdn_files
from tests.integration.browser_rig import BROWSER, needs_browser, own_browser

pytestmark = needs_browser

WAYS = {kind: dict(ways) for kind, ways in cases("ways-out").items()}
# Driven all the same: they lead elsewhere than to the canary, or a headless browser does not always go that way.
NEVER_AT_THE_CANARY = {"cdn-redirect", "dns-prefetch", "metadata", "icon", "tcp"}


def pages(canary: Canary) -> dict[str, str]:
    """File name -> page or script, with the canary's address."""
    together = "".join((*WAYS["in_the_page"].values(), *WAYS["datagram"].values()))
    texts = {"all.html": together, **{f"{name}.html": html for name, html in WAYS["alone"].items()}, **WAYS["workers"]}
    to = {"TO": canary.url, "WS": canary.url.replace("http", "ws"), "STUN": canary.url.removeprefix("http://")}
    for word, value in to.items():
        texts = {name: text.replace(word, value) for name, text in texts.items()}
    return {
        name: f"<!doctype html><title>x</title>{text}" if name.endswith(".html") else text
        for name, text in texts.items()
    }


class _Handler(SimpleHTTPRequestHandler):
    canary_url = ""

    def do_GET(self) -> None:
        if self.path in {"/redirect", "/redirected"}:
            self.send_response(302)
            self.send_header("Location", f"{self.canary_url}{self.path}")
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        pass


@pytest.fixture
def canary() -> Iterator[Canary]:
    with Canary() as listener:
        yield listener


@pytest.fixture
def web_server(canary: Canary, tmp_path: Path) -> Iterator[str]:
    """An ordinary host of the same pages."""
    for name, text in pages(canary).items():
        (tmp_path / name).write_text(text)
    handler = type("Handler", (_Handler,), {"canary_url": canary.url})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(tmp_path)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
async def sealed(tmp_path_factory: pytest.TempPathFactory, canary: Canary) -> AsyncIterator[SealedBrowser]:
    with CdnStandIn() as stand_in:
        stand_in.redirects["/cdn-redirect"] = f"{canary.url}/cdn-redirect"
        cdn = cdn_files(tmp_path_factory.mktemp("cdn"), {"cdn.jsdelivr.net": stand_in.url})
        async with own_browser(cdn) as browser:
            yield browser


async def test_without_the_seal_the_ways_lead_out(canary: Canary, web_server: str) -> None:
    """Proves that the canary hears, and that the ways are ways."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=BROWSER, chromium_sandbox=False)
        for name in ["all", *WAYS["alone"]]:
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(f"{web_server}/{name}.html", wait_until="commit")
            await asyncio.sleep(3 if name == "all" else 0.7)
            await context.close()
        await browser.close()
    arrived = {arrival.rstrip("?") for arrival in canary.arrivals}
    expected = {way for kind, ways in WAYS.items() if kind != "workers" for way in ways} - NEVER_AT_THE_CANARY
    print(f"\n{len(arrived)} ways arrived; of the others: {sorted(expected - arrived)}")
    assert len(arrived & expected) >= 38
    assert arrived >= {"fetch", "sharedworker", "speculation", "redirect", "redirected", "websocket", "udp"}


@pytest.mark.parametrize("address", ["https://octo.github.io/app/", "http://127.0.0.1:8999/preview/app/"])
async def test_nothing_leaves_the_sealed_browser(canary: Canary, sealed: SealedBrowser, address: str) -> None:
    texts = pages(canary)
    apps = [make_files({**texts, "index.html": texts[f"{name}.html"]}) for name in ["all", *WAYS["alone"]]]
    looks = await asyncio.gather(*(sealed.look(app, [], address) for app in apps))
    await asyncio.sleep(1)
    assert canary.arrivals == []
    assert any(finding.rule == "blocked-request" for finding in looks[0].findings)
