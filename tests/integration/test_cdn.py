import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.verification.browser import cdn as cdn_module
from pipeline.verification.browser.cdn import CDN_HOSTS, CdnFile, CdnFiles, CdnMissing, CdnUnavailable, is_for_everybody
from tests.cases import cases
from tests.fakes.canary import Canary
from tests.fakes.cdn import CdnStandIn, cdn_files

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


@pytest.mark.parametrize(
    "url",
    [*CASES["foreign"], f"https://{HOST}/{'x' * 2048}"],
)
async def test_other_addresses_are_not_fetched(tmp_path: Path, url: str) -> None:
    cdn = cdn_files(tmp_path, CDN_HOSTS)
    assert not cdn.allows(url)
    with pytest.raises(CdnUnavailable, match="not an allowed address"):
        await cdn.fetch(url)


@pytest.mark.parametrize("url", [f"https://{host}/x" for host in CDN_HOSTS])
def test_the_usual_hosts_are_allowed(tmp_path: Path, url: str) -> None:
    assert cdn_files(tmp_path, CDN_HOSTS).allows(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    CASES["for_everybody"],
)
def test_what_nobody_else_can_reach_is_told_from_what_is_out_of_reach_here(url: str, *, expected: bool) -> None:
    assert is_for_everybody(url) is expected
