"""Every known way for a page to reach the network, driven at a listener on loopback: sealed, none arrives."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pipeline.verification.browser.sealed_browser import SealedBrowser, find_browser
from tests.builders import make_files
from tests.fakes.canary import Canary
from tests.fakes.cdn import CdnStandIn, cdn_files

BROWSER = find_browser(None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no browser on this machine")

# TO is where the canary listens. What a way does is told apart by the path it asks for.
IN_THE_PAGE = {
    "fetch": "<script>fetch('TO/fetch')</script>",
    "keepalive": "<script>fetch('TO/keepalive', {method: 'POST', body: 'x', keepalive: true})</script>",
    "xhr": "<script>x = new XMLHttpRequest(); x.open('GET', 'TO/xhr'); x.send()</script>",
    "img": "<img src='TO/img'>",
    "srcset": "<img srcset='TO/srcset 1x'>",
    "css": "<link rel='stylesheet' href='TO/css'>",
    "css-import": "<style>@import url('TO/css-import');</style>",
    "background": "<div style=\"background: url('TO/background')\">x</div>",
    "font": "<style>@font-face {font-family: f; src: url('TO/font')} p {font-family: f}</style><p>x</p>",
    "script": "<script src='TO/script'></script>",
    "module": "<script type='module' src='TO/module'></script>",
    "import": "<script>import('TO/import').catch(() => 0)</script>",
    "modulepreload": "<link rel='modulepreload' href='TO/modulepreload'>",
    "iframe": "<iframe src='TO/iframe'></iframe>",
    "srcdoc": "<iframe srcdoc=\"<img src='TO/srcdoc'>\"></iframe>",
    "form": "<iframe name='f'></iframe><form id='g' method='post' target='f' action='TO/form'></form>"
    "<script>g.submit()</script>",
    "beacon": "<script>navigator.sendBeacon('TO/beacon', 'x')</script>",
    "eventsource": "<script>new EventSource('TO/eventsource')</script>",
    "websocket": "<script>new WebSocket('WS/websocket')</script>",
    "worker": "<script>new Worker(URL.createObjectURL(new Blob([`fetch('TO/worker')`])))</script>",
    "worker-websocket": "<script>new Worker(URL.createObjectURL(new Blob([`new WebSocket('WS/worker-websocket')`])))"
    "</script>",
    "importscripts": "<script>new Worker(URL.createObjectURL(new Blob([`importScripts('TO/importscripts')`])))"
    "</script>",
    "sharedworker": "<script>new SharedWorker('shared.js')</script>",
    "serviceworker": "<script>navigator.serviceWorker.register('service.js')</script>",
    "prefetch": "<link rel='prefetch' href='TO/prefetch'>",
    "preload": "<link rel='preload' as='image' href='TO/preload'>",
    "speculation": "<script type='speculationrules'>"
    '{"prefetch": [{"source": "list", "urls": ["TO/speculation"]}]}</script>',
    "video": "<video src='TO/video' autoplay muted></video>",
    "audio": "<audio src='TO/audio' preload='auto'></audio>",
    "object": "<object data='TO/object'></object>",
    "embed": "<embed src='TO/embed'>",
    "svg": "<svg><image href='TO/svg'/></svg>",
    "icon": "<link rel='icon' href='TO/icon'>",
    "redirect": "<script>fetch('redirect', {mode: 'no-cors'}).catch(() => 0)</script>",
    "cdn-redirect": "<script src='https://cdn.jsdelivr.net/cdn-redirect'></script>",
    "dns-prefetch": "<link rel='dns-prefetch' href='//canary.localhost'>",
    "metadata": "<script>fetch('http://169.254.169.254/latest/meta-data/', {mode: 'no-cors'}).catch(() => 0)</script>",
}
DATAGRAM = {
    "udp": "<script>p = new RTCPeerConnection({iceServers: [{urls: 'stun:STUN'}]}); p.createDataChannel('x');"
    "p.createOffer().then(o => p.setLocalDescription(o))</script>"
}
ALONE = {
    "tcp": "<link rel='preconnect' href='TO'>",  # beside others its connection would be used by them
    "location": "<script>location = 'TO/location'</script>",
    "link": "<a id='a' href='TO/link'>x</a><script>a.click()</script>",
    "ping": "<a id='a' href='#' ping='TO/ping'>x</a><script>a.click()</script>",
    "download": "<a id='a' href='TO/download' download='x'>x</a><script>a.click()</script>",
    "blank": "<a id='a' href='TO/blank' target='_blank'>x</a><script>a.click()</script>",
    "open": "<script>open('TO/open')</script>",
    "refresh": "<meta http-equiv='refresh' content='0; url=TO/refresh'>",
    "top-form": "<form id='g' action='TO/top-form'></form><script>g.submit()</script>",
    "redirected": "<script>location = 'redirected'</script>",
}
WORKERS = {
    "shared.js": "fetch('TO/sharedworker')",
    "service.js": "fetch('TO/serviceworker'); addEventListener('install', () => fetch('TO/serviceworker'))",
}
# Driven all the same: they lead elsewhere than to the canary, or a headless browser does not always go that way.
NEVER_AT_THE_CANARY = {"cdn-redirect", "dns-prefetch", "metadata", "icon", "tcp"}


def pages(canary: Canary) -> dict[str, str]:
    """File name -> page or script, with the canary's address."""
    together = "".join((*IN_THE_PAGE.values(), *DATAGRAM.values()))
    texts = {"all.html": together, **{f"{name}.html": html for name, html in ALONE.items()}, **WORKERS}
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
    assert BROWSER
    with CdnStandIn() as stand_in:
        stand_in.redirects["/cdn-redirect"] = f"{canary.url}/cdn-redirect"
        cdn = cdn_files(tmp_path_factory.mktemp("cdn"), {"cdn.jsdelivr.net": stand_in.url})
        browser = SealedBrowser(BROWSER, cdn)
        yield browser
        await browser.close()


async def test_without_the_seal_the_ways_lead_out(canary: Canary, web_server: str) -> None:
    """Proves that the canary hears, and that the ways are ways."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=BROWSER, chromium_sandbox=False)
        for name in ["all", *ALONE]:
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(f"{web_server}/{name}.html", wait_until="commit")
            await asyncio.sleep(3 if name == "all" else 0.7)
            await context.close()
        await browser.close()
    arrived = {arrival.rstrip("?") for arrival in canary.arrivals}
    expected = (IN_THE_PAGE.keys() | DATAGRAM.keys() | ALONE.keys()) - NEVER_AT_THE_CANARY
    print(f"\n{len(arrived)} ways arrived; of the others: {sorted(expected - arrived)}")
    assert len(arrived & expected) >= 38
    assert arrived >= {"fetch", "sharedworker", "speculation", "redirect", "redirected", "websocket", "udp"}


@pytest.mark.parametrize("address", ["https://octo.github.io/app/", "http://127.0.0.1:8999/preview/app/"])
async def test_nothing_leaves_the_sealed_browser(canary: Canary, sealed: SealedBrowser, address: str) -> None:
    texts = pages(canary)
    apps = [make_files({**texts, "index.html": texts[f"{name}.html"]}) for name in ["all", *ALONE]]
    looks = await asyncio.gather(*(sealed.look(app, [], address) for app in apps))
    await asyncio.sleep(1)
    assert canary.arrivals == []
    assert any(finding.rule == "blocked-request" for finding in looks[0].findings)
