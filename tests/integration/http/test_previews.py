"""GET /generated_repos…: previews of apps, with a workspace in memory."""

import pytest

from tests.cases import cases
from tests.fakes.jobs import MemoryServices
from tests.integration.http_rig import FOLDER, PAGE, Client

CASES = cases("http-addresses")


async def test_a_preview_is_public_and_looks_like_a_published_site(services: MemoryServices) -> None:
    async with Client(services) as client:
        page = await client.get(f"/preview/{FOLDER}/")
        assert (page.status_code, page.content) == (200, PAGE)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-cache"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "content-security-policy" not in page.headers
        assert (await client.get(f"/preview/{FOLDER}/index.html?url=x")).content == PAGE
        assert (await client.get(f"/preview/{FOLDER}/docs/")).content == b"<h1>Docs</h1>"
        assert (await client.get(f"/preview/{FOLDER}/caf%C3%A9%201.txt")).content == b"coffee"
        script = await client.get(f"/preview/{FOLDER}/app.js")
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"


async def test_a_preview_that_has_not_changed_is_not_sent_again(services: MemoryServices) -> None:
    async with Client(services) as client:
        etag = (await client.get(f"/preview/{FOLDER}/")).headers["etag"]
        for wanted in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            response = await client.get(f"/preview/{FOLDER}/", headers={"If-None-Match": wanted})
            assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", etag)
        for wanted in ('"other"', "", etag.strip('"')):
            response = await client.get(f"/preview/{FOLDER}/", headers={"If-None-Match": wanted})
            assert response.status_code == 200


async def test_the_head_of_a_preview_is_its_headers(services: MemoryServices) -> None:
    async with Client(services) as client:
        head, page = await client.head(f"/preview/{FOLDER}/"), await client.get(f"/preview/{FOLDER}/")
        assert (head.status_code, head.content, head.headers) == (200, b"", page.headers)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (FOLDER, f"{FOLDER}/"),
        (f"{FOLDER}?url=a%26b", f"{FOLDER}/?url=a%26b"),
        (f"{FOLDER}/docs", "docs/"),
        (f"{FOLDER}/docs?x=1", "docs/?x=1"),
    ],
)
async def test_a_folder_gets_its_slash_so_that_relative_links_hold(
    services: MemoryServices, path: str, location: str
) -> None:
    async with Client(services) as client:
        response = await client.get(f"/preview/{path}")
        assert (response.status_code, response.headers["location"]) == (307, location)


@pytest.mark.parametrize(
    "path",
    [*CASES["no_previews"], f"{FOLDER}/{'x' * 235}"],
)
async def test_what_is_not_there_is_said_in_plain_words(services: MemoryServices, path: str) -> None:
    async with Client(services) as client:
        response = await client.get(f"/preview/{path}")
        assert (response.status_code, response.headers["content-type"]) == (404, "text/plain; charset=utf-8")
        assert response.text.startswith("There is no such page here.")
