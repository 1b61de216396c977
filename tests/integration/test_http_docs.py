"""GET /docs as people and programs see it: Swagger UI in a real browser, and Markdown."""

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, async_playwright

from pipeline.web.app import create_app
from pipeline.web.pages.manual import pages
from tests.fakes.jobs import SECRET, MemoryServices
from tests.fakes.served import served
from tests.integration.http_rig import Client

CHROMIUM = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
FILES = ["page.css", "swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "reference.js"]


@pytest.fixture
def client() -> Client:
    return Client(MemoryServices())


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async with served(create_app(MemoryServices())) as address:
        yield address


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False)
        yield await browser.new_page()
        await browser.close()


async def test_the_page_shows_every_operation_and_asks_nobody_else(client: Client, address: str, page: Page) -> None:
    problems: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{address}/docs")
    await page.wait_for_selector(".opblock")
    shown = await page.locator(".opblock-summary-path").evaluate_all("all => all.map(one => one.dataset.path)")
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert sorted(shown) == sorted(path for path, methods in paths.items() for _ in methods)
    assert problems == []
    assert all(url.startswith((f"{address}/", "data:")) for url in asked)


@pytest.mark.parametrize("width", [390, 1280])
async def test_written_pages_fit_and_ask_nobody_else(address: str, page: Page, width: int) -> None:
    problems: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    await page.set_viewport_size({"width": width, "height": 900})
    for name in pages():
        await page.goto(f"{address}/docs/{name}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert problems == []
    assert all(url.startswith((f"{address}/", "data:")) for url in asked)


async def test_a_request_tried_out_carries_the_secret_that_was_given(address: str, page: Page) -> None:
    await page.goto(f"{address}/docs")
    await page.click("button.authorize")
    await page.locator(".auth-container input").first.fill(SECRET)
    await page.locator(".auth-container button.authorize").first.click()
    await page.locator(".btn-done").first.click()
    listing = page.locator(".opblock", has=page.locator('[data-path="/jobs"]'))
    await listing.locator(".opblock-summary-control").click()
    async with page.expect_response(f"{address}/jobs?**") as answered:
        await listing.locator("button.execute").click()
    assert (await answered.value).status == 200


@pytest.mark.parametrize("accept", ["text/html", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"])
async def test_a_browser_gets_a_page(client: Client, accept: str) -> None:
    response = await client.get("/docs", headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["vary"] == "Accept"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": "text/plain"}])
async def test_everybody_else_gets_markdown(client: Client, headers: dict[str, str]) -> None:
    response = await client.get("/docs", headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["vary"] == "Accept"
    assert response.text.startswith("# ")
    assert "### POST /create-space" in response.text


@pytest.mark.parametrize("name", FILES)
async def test_files_of_the_page_are_sent_again_only_when_they_changed(client: Client, name: str) -> None:
    first = await client.get(f"/docs/{name}")
    assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
    again = await client.get(f"/docs/{name}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await client.head(f"/docs/{name}")).headers == first.headers


@pytest.mark.parametrize("name", ["missing.js", "..%2Freference.py", "%2e%2e%2freference.py", "%00"])
async def test_no_other_file_is_served(client: Client, name: str) -> None:
    response = await client.get(f"/docs/{name}")
    assert (response.status_code, response.json()["ok"]) == (404, False)
