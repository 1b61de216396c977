"""What pages get from the network: files of the usual hosts, and nothing else.

Every known way out of the browser is driven at a listener on loopback: sealed, none arrives.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pipeline.verification.browser import cdn as cdn_module
from pipeline.verification.browser.cdn import CDN_HOSTS, CdnFile, CdnFiles, CdnMissing, CdnUnavailable, is_for_everybody
from pipeline.verification.browser.sealed_browser import SealedBrowser
from tests.builders import make_files
from tests.cases import cases
from tests.fakes.canary import Canary
from tests.fakes.cdn import CdnStandIn, cdn_files
from tests.integration.browser_rig import BROWSER, needs_browser, own_browser

CASES = cases("cdn")

HOST = "cdn.jsdelivr.net"
URL = f"https://{HOST}/npm/marked@12/marked.min.js"


@pytest.fixture
def stand_in() -> Iterator[CdnStandIn]:
    with CdnStandIn() as server:
        server.files["/npm/marked@12/marked.min.js"] = ("text/javascript", b"marked = 1")
        yield server


def make_cdn(folder: Path, server: CdnStandIn, max_cache: int = 10**6) -> CdnFiles:
    return cdn_files(folder, {HOST: server.url, "unpkg.com": server.url}, max_cache=max_cache)


def cached(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_file_is_fetched_from_its_host_once(tmp_path: Path, stand_in: CdnStandIn) -> None:
    cdn = make_cdn(tmp_path / "cache", stand_in)
    first, second = await cdn.fetch(URL), await cdn.fetch(f"{URL}#part")
    assert first == second == CdnFile("text/javascript", b"marked = 1")
    assert stand_in.requests == [f"{HOST}/npm/marked@12/marked.min.js"]


async def test_the_cache_outlives_the_process(tmp_path: Path, stand_in: CdnStandIn) -> None:
    await make_cdn(tmp_path, stand_in).fetch(URL)
    assert (await make_cdn(tmp_path, stand_in).fetch(URL)).content == b"marked = 1"
    assert len(stand_in.requests) == 1


async def test_an_old_copy_is_fetched_anew_and_kept_when_the_host_fails(tmp_path: Path, stand_in: CdnStandIn) -> None:
    cdn = make_cdn(tmp_path, stand_in)
    await cdn.fetch(URL)
    long_ago = time.time() - 30 * 24 * 3600
    for path in cached(tmp_path):
        os.utime(path, (long_ago, long_ago))
    stand_in.statuses["/npm/marked@12/marked.min.js"] = 503
    assert (await cdn.fetch(URL)).content == b"marked = 1"
    assert len(stand_in.requests) == 2


async def test_a_damaged_copy_is_fetched_anew(tmp_path: Path, stand_in: CdnStandIn) -> None:
    cdn = make_cdn(tmp_path, stand_in)
    await cdn.fetch(URL)
    for path in cached(tmp_path):
        path.write_bytes(path.read_bytes()[:-3])
    assert (await cdn.fetch(URL)).content == b"marked = 1"


async def test_the_oldest_copies_go_when_the_cache_is_full(tmp_path: Path, stand_in: CdnStandIn) -> None:
    cdn = make_cdn(tmp_path, stand_in, max_cache=5_000)
    for number in range(5):
        stand_in.files[f"/{number}.js"] = ("text/javascript", b"x" * 1_500)
        await cdn.fetch(f"https://{HOST}/{number}.js")
    assert sum(path.stat().st_size for path in cached(tmp_path)) <= 5_000
    await cdn.fetch(f"https://{HOST}/4.js")
    assert len(stand_in.requests) == 5


async def test_redirects_are_followed_within_the_list(tmp_path: Path, stand_in: CdnStandIn) -> None:
    stand_in.redirects["/marked"] = f"https://unpkg.com{URL.removeprefix(f'https://{HOST}')}"
    assert (await make_cdn(tmp_path, stand_in).fetch(f"https://{HOST}/marked")).content == b"marked = 1"
    assert stand_in.requests[-1].startswith("unpkg.com/")


async def test_redirects_lead_nowhere_else(tmp_path: Path, stand_in: CdnStandIn) -> None:
    with Canary() as canary:
        for target in (canary.url, "https://evil.example/", f"http://{HOST}/plain", f"https://{HOST}:8443/port"):
            stand_in.redirects["/marked"] = target
            with pytest.raises(CdnUnavailable, match="not allowed"):
                await make_cdn(tmp_path, stand_in).fetch(f"https://{HOST}/marked")
        assert canary.arrivals == []


async def test_endless_redirects_end(tmp_path: Path, stand_in: CdnStandIn) -> None:
    stand_in.redirects["/marked"] = "/marked"
    with pytest.raises(CdnUnavailable, match="too often"):
        await make_cdn(tmp_path, stand_in).fetch(f"https://{HOST}/marked")


async def test_a_missing_file_is_not_taken_for_a_missing_network(tmp_path: Path, stand_in: CdnStandIn) -> None:
    with pytest.raises(CdnMissing):
        await make_cdn(tmp_path, stand_in).fetch(f"https://{HOST}/none.js")


async def test_a_file_that_is_too_large_is_refused(tmp_path: Path, stand_in: CdnStandIn) -> None:
    stand_in.files["/big.js"] = ("text/javascript", b"x" * (cdn_module.MAX_FILE + 1))
    with pytest.raises(CdnUnavailable, match="larger"):
        await make_cdn(tmp_path, stand_in).fetch(f"https://{HOST}/big.js")
    assert cached(tmp_path) == []


async def test_a_host_that_is_down_is_unavailable(tmp_path: Path) -> None:
    with CdnStandIn() as server:
        down = server.url
    with pytest.raises(CdnUnavailable, match="could not connect"):
        await cdn_files(tmp_path, {HOST: down}).fetch(URL)


async def test_a_real_host_whose_name_leads_into_this_network_is_not_dialled(tmp_path: Path) -> None:
    cdn = cdn_files(tmp_path, {"localhost": "https://localhost"})
    with pytest.raises(CdnUnavailable, match="must be a public https address"):
        await cdn.fetch("https://localhost/x.js")


@pytest.mark.parametrize("url", [*CASES["foreign"], f"https://{HOST}/{'x' * 2048}"])
async def test_other_addresses_are_not_fetched(tmp_path: Path, url: str) -> None:
    cdn = cdn_files(tmp_path, CDN_HOSTS)
    assert not cdn.allows(url)
    with pytest.raises(CdnUnavailable, match="not an allowed address"):
        await cdn.fetch(url)


@pytest.mark.parametrize("url", [f"https://{host}/x" for host in CDN_HOSTS])
def test_the_usual_hosts_are_allowed(tmp_path: Path, url: str) -> None:
    assert cdn_files(tmp_path, CDN_HOSTS).allows(url)


@pytest.mark.parametrize(("url", "expected"), CASES["for_everybody"])
def test_what_nobody_else_can_reach_is_told_from_what_is_out_of_reach_here(url: str, *, expected: bool) -> None:
    assert is_for_everybody(url) is expected


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


@needs_browser
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


@needs_browser
@pytest.mark.parametrize("address", ["https://octo.github.io/app/", "http://127.0.0.1:8999/preview/app/"])
async def test_nothing_leaves_the_sealed_browser(canary: Canary, sealed: SealedBrowser, address: str) -> None:
    texts = pages(canary)
    apps = [make_files({**texts, "index.html": texts[f"{name}.html"]}) for name in ["all", *WAYS["alone"]]]
    looks = await asyncio.gather(*(sealed.look(app, [], address) for app in apps))
    await asyncio.sleep(1)
    assert canary.arrivals == []
    assert any(finding.rule == "blocked-request" for finding in looks[0].findings)
