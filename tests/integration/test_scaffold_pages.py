"""Pages of the scaffold in a real browser: every check of the sample briefs, both rounds, and what may go wrong."""

import asyncio
import json
import mimetypes
import shutil
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright

from pipeline.domain.brief import Attachment, Brief, Check
from pipeline.domain.files import AppFiles
from pipeline.generation.scaffold import ScaffoldGenerator
from tests.builders import make_attachment, make_brief, make_files, make_order

pytestmark = pytest.mark.asyncio(loop_scope="module")

SITE = "https://ada.example/app/"
BRIEFS = sorted((Path(__file__).parents[1] / "data" / "briefs").glob("scaffold-*.json"))
PATIENCE_SECONDS = 10
ACCOUNT = {"login": "octocat", "created_at": "2011-01-25T18:44:36Z"}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)


@dataclass
class Visit:
    """A page as a visitor sees it, and everything that went wrong in it."""

    page: Page
    problems: list[str] = field(default_factory=list)

    async def check(self, script: str) -> bool:
        """Whether ``script`` becomes true within the patience that an evaluator has."""
        for _ in range(PATIENCE_SECONDS * 20):
            try:
                if await self.page.evaluate("script => Boolean(new Function(`return (${script})`)())", script):
                    return True
            except Exception as error:
                if "Target" in str(error):
                    raise
            await asyncio.sleep(0.05)
        return False

    async def text(self, selector: str) -> str:
        return await self.page.inner_text(selector)


class Visitors:
    """Opens apps at a made-up address; nothing leaves this machine."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    async def leave(self) -> None:
        """Close everything that was opened."""
        for context in self._contexts:
            await context.close()

    async def open(
        self, files: AppFiles, path: str = "", *, elsewhere: Mapping[str, str] | None = None, before: str = ""
    ) -> Visit:
        """Open ``path`` of an app that consists of ``files``.

        Args:
            files: what the host serves.
            path: with query and hash.
            elsewhere: start of a foreign address -> body; all other addresses cannot be reached.
            before: script that runs in the page before its own.
        """
        context = await self._browser.new_context(service_workers="block")
        self._contexts.append(context)
        visit = Visit(await context.new_page())

        async def serve(route: Route) -> None:
            address = route.request.url
            body = next((body for start, body in (elsewhere or {}).items() if address.startswith(start)), None)
            if address.startswith(SITE):
                await _serve_file(route, files, visit)
            elif body is not None:
                await route.fulfill(body=body, headers={"access-control-allow-origin": "*"})
            else:
                await route.abort("internetdisconnected")

        await context.route("**/*", serve)
        visit.page.on("pageerror", lambda error: visit.problems.append(f"error: {error}"))
        visit.page.on("console", lambda message: _note(visit, message.type, message.text, message.location["url"]))
        if before:
            await context.add_init_script(before)
        await visit.page.goto(SITE + path, wait_until="domcontentloaded")
        return visit


async def _serve_file(route: Route, files: AppFiles, visit: Visit) -> None:
    path = unquote(urlsplit(route.request.url).path.removeprefix("/app/")) or "index.html"
    if path in files:
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        await route.fulfill(body=files[path], content_type=kind)
        return
    visit.problems.append(f"missing file: {path}")
    await route.fulfill(status=404, body="")


def _note(visit: Visit, kind: str, text: str, address: str) -> None:
    """An unreachable library or service is the network's fault, and the browser says so by itself."""
    if kind in {"error", "warning"} and (address.startswith(SITE) or "ERR_INTERNET_DISCONNECTED" not in text):
        visit.problems.append(f"{kind}: {text}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def visitors(browser: Browser) -> AsyncIterator[Visitors]:
    visitors = Visitors(browser)
    yield visitors
    await visitors.leave()


def brief_of(request: Mapping[str, Any]) -> Brief:
    checks = [check["js"] if isinstance(check, dict) else check for check in request["checks"]]
    return make_brief(
        email=request["email"],
        task=request["task"],
        round=request["round"],
        nonce=request["nonce"],
        text=request["brief"],
        checks=tuple(
            Check.from_script(text) if isinstance(given, dict) else Check.from_text(text)
            for text, given in zip(checks, request["checks"], strict=True)
        ),
        attachments=tuple(attachment_of(each) for each in request["attachments"]),
    )


def attachment_of(item: Mapping[str, str]) -> Attachment:
    kind, _, data = item["url"].removeprefix("data:").partition(",")
    content = b64decode(data) if kind.endswith(";base64") else unquote_to_bytes(data)
    return Attachment(item["name"], kind.partition(";")[0], content)


async def build(brief: Brief, base: AppFiles | None = None, earlier: tuple[Check, ...] = ()) -> AppFiles:
    order = make_order(brief=brief, base=base, earlier_checks=tuple(check.text for check in earlier))
    return (await ScaffoldGenerator().generate(order, lambda _: None)).files


def rounds() -> list[Any]:
    """(brief of round 1, brief of round 2 or None) for every sample."""
    cases = []
    for path in BRIEFS:
        request = json.loads(path.read_text("utf-8"))
        first = brief_of(request)
        cases.append(pytest.param(first, None, id=path.stem))
        for number, later in enumerate(request["later"], start=1):
            cases.append(pytest.param(first, brief_of(later), id=f"{path.stem}-later-{number}"))
    return cases


def scripts_of(*briefs: Brief) -> list[str]:
    return [check.script for brief in briefs for check in brief.checks if check.script is not None]


@pytest.mark.parametrize(("first", "second"), rounds())
async def test_every_check_of_the_sample_briefs_holds(visitors: Visitors, first: Brief, second: Brief | None) -> None:
    files = await build(first)
    if second is not None:
        files = await build(second, files, first.checks)
    account = {"https://api.github.com/users/": json.dumps(ACCOUNT)}
    for brief in (first, *([second] if second else [])):
        visit = await visitors.open(files, elsewhere=account)
        failed = [script for script in scripts_of(brief) if not await visit.check(script)]
        assert failed == []
        assert visit.problems == []


async def test_a_file_that_cannot_be_read_is_reported_in_the_page(visitors: Visitors) -> None:
    attachments = (
        make_attachment(name="broken.json", media_type="application/json", content=b'{"a":'),
        make_attachment(name="quiz.json", media_type="", content=b'[{"q": 1, "options": [null], "answer": {}}]'),
        make_attachment(name="table.csv", content=b'"never closed\n1,2'),
    )
    visit = await visitors.open(await build(make_brief(text="Show the files.", attachments=attachments)))
    assert await visit.check("document.querySelector('main').innerText.includes('broken.json could not be read')")
    assert await visit.check("!!document.querySelector('fieldset') && !!document.querySelector('table')")
    assert visit.problems == []


MARKDOWN = make_brief(
    text="Render notes.md with marked in #output. A document given with ?url= comes first; #label says which one.",
    attachments=(make_attachment(name="notes.md", content=b"# Home\n"),),
)


async def test_a_document_from_the_address_comes_first(visitors: Visitors) -> None:
    address = "https://other.example/a.md"
    visit = await visitors.open(await build(MARKDOWN), f"?url={address}", elsewhere={address: "# Away\n"})
    assert await visit.check("document.querySelector('#output h1').textContent === 'Away'")
    assert await visit.text("#label") == address
    assert visit.problems == []


@pytest.mark.parametrize("address", ["https://other.example/a.md", "javascript:alert(1)", "ftp://a/b"])
async def test_the_attachment_is_shown_when_the_address_gives_nothing(visitors: Visitors, address: str) -> None:
    visit = await visitors.open(await build(MARKDOWN), f"?url={address}")
    assert await visit.check("document.querySelector('#output h1')?.textContent === 'Home'")
    assert await visit.text("#label") == "notes.md"
    assert "could not be loaded" in await visit.text("[data-messages]")
    assert visit.problems == []


async def test_an_image_from_the_address_comes_first_and_falls_back(visitors: Visitors) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="3"/>'
    sample = make_attachment(name="sample.svg", media_type="image/svg+xml", content=svg.replace("7", "5").encode())
    files = await build(make_brief(text="Show the image at ?url=https://.../a.svg.", attachments=(sample,)))
    address = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    visit = await visitors.open(files, f"?url={address}")
    assert await visit.check("document.querySelector('img').naturalWidth === 7")
    visit = await visitors.open(files, "?url=https://other.example/none.png")
    assert await visit.check("document.querySelector('img').naturalWidth === 5")
    assert visit.problems == []


async def test_markup_in_a_document_cannot_run(visitors: Visitors) -> None:
    text = (
        "# Safe\n\n<img src='data:image/png;base64,AA' onerror='window.pwned=1'>\n<script>window.pwned=1</script>\n"
        "[go](javascript:window.pwned=1) <form action='https://evil.example/'><button>x</button></form>\n"
    )
    marked = "window.marked = { parse: (text) => text };"
    address = "https://other.example/a.md"
    for library in ({}, {"https://cdn.jsdelivr.net/npm/marked": marked}):
        files = await build(MARKDOWN)
        visit = await visitors.open(files, f"?url={address}", elsewhere={address: text, **library})
        assert await visit.check("document.querySelector('#output').textContent.includes('Safe')")
        await visit.page.wait_for_load_state("load")
        assert await visit.page.evaluate("window.pwned") is None
        assert (
            await visit.page.evaluate("document.querySelectorAll('#output :is(script, form, [onerror])').length") == 0
        )
        assert await visit.page.evaluate("[...document.querySelectorAll('#output a')].some(a => a.href)") is False


async def test_libraries_take_over_when_they_arrive(visitors: Visitors) -> None:
    marked = "window.marked = { parse: () => '<h2>by marked</h2><pre><code>x</code></pre>' };"
    colours = "window.hljs = { highlightElement: (e) => { e.dataset.highlighted = 'yes'; e.className = 'hljs'; } };"
    cdn = {
        "https://cdn.jsdelivr.net/npm/marked": marked,
        "https://cdnjs.cloudflare.com/ajax/libs/highlight.js": colours,
    }
    brief = make_brief(text=MARKDOWN.text + " Use highlight.js.", attachments=MARKDOWN.attachments)
    visit = await visitors.open(await build(brief), elsewhere=cdn)
    assert await visit.check("document.querySelector('#output h2').textContent === 'by marked'")
    assert await visit.check("document.querySelector('#output code').className === 'hljs'")
    assert visit.problems == []


async def test_a_chart_library_draws_on_the_canvas(visitors: Visitors) -> None:
    chart = (
        "window.Chart = class { constructor(c, o) { window.drawn = o.data.datasets[0].data; } static getChart() {} };"
    )
    brief = make_brief(text="Draw sales by region on canvas#chart with Chart.js.", attachments=(make_attachment(),))
    visit = await visitors.open(await build(brief), elsewhere={"https://cdn.jsdelivr.net/npm/chart.js": chart})
    assert await visit.check("window.drawn.join() === '42'")
    assert visit.problems == []


CATALOGUE = make_brief(
    text="Show tools.json as cards (.tool) with a search box #search. Keep the text in the address as #q=...",
    attachments=(make_attachment(name="tools.json", content=b'[{"name": "Saw"}, {"name": "Plane & co"}]'),),
)


async def test_a_search_is_restored_from_a_shared_link(visitors: Visitors) -> None:
    files = await build(CATALOGUE)
    visit = await visitors.open(files, "#q=plane%20%26%20co")
    assert await visit.check("document.querySelectorAll('.tool').length === 1")
    assert await visit.page.input_value("#search") == "plane & co"
    await visit.page.fill("#search", "saw")
    assert await visit.check("location.hash === '#q=saw' && document.querySelector('.tool h3').textContent === 'Saw'")
    await visit.page.fill("#search", "")
    assert await visit.check("location.hash === '' && document.querySelectorAll('.tool').length === 2")
    assert visit.problems == []


async def test_the_page_works_in_a_browser_that_refuses_storage(visitors: Visitors) -> None:
    refuse = (
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    text = "Visits in #visits, a toggle #theme, an input #new-item, a button #add-item and a list #item-list."
    visit = await visitors.open(await build(make_brief(text=text)), before=refuse)
    assert await visit.check("document.querySelector('#visits').textContent === '1'")
    await visit.page.fill("#new-item", "Tea")
    await visit.page.click("#add-item")
    assert await visit.text("#item-list span") == "Tea"
    before = await visit.page.evaluate("document.documentElement.dataset.theme")
    await visit.page.click("#theme")
    assert await visit.page.evaluate("document.documentElement.dataset.theme") != before
    assert visit.problems == []


async def test_the_chosen_theme_holds_on_every_page(visitors: Visitors) -> None:
    brief = make_brief(text="index.html and about.html. A dark mode toggle #theme sets data-theme on <html>.")
    visit = await visitors.open(await build(brief))
    await visit.page.click("#theme")
    theme = await visit.page.evaluate("document.documentElement.dataset.theme")
    await visit.page.click("nav a[href='about.html']")
    assert await visit.check("document.querySelector('h1').textContent === 'About'")
    assert await visit.page.evaluate("document.documentElement.dataset.theme") == theme
    assert visit.problems == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_sums_are_right_over_the_ways_in_which_people_write_numbers(visitors: Visitors, delimiter: str) -> None:
    cells = ["1,234.50", "$ 2", "(0.50)", "", "n/a", "3e0", "-€1", "12 %", "10", "10", "10", "10", "10", "10"]
    rows = [f'x{delimiter}"{cell}"' for cell in cells]
    content = "\ufeff" + "\r\n".join([f"name{delimiter}amount", *rows])
    brief = make_brief(text="The total is in #total.", attachments=(make_attachment(content=content.encode()),))
    visit = await visitors.open(await build(brief))
    assert await visit.check("document.querySelector('#total').textContent === '1310.00'")
    assert await visit.text("tfoot th:last-child") == "1310.00"


async def test_names_with_odd_characters_are_found(visitors: Visitors) -> None:
    names = ["a b.csv", "c#1.csv", "d%20.csv".replace("%", ""), "e/f&g.csv", "Zürich's.csv"]
    attachments = tuple(make_attachment(name=name) for name in names)
    visit = await visitors.open(await build(make_brief(text="Show them.", attachments=attachments)))
    assert await visit.check(f"document.querySelectorAll('tbody').length === {len(names)}")
    assert visit.problems == []


FOREIGN = make_files(
    {
        "index.html": (
            "<!doctype html><html><head><title>Theirs</title></head><body>\n<main>\n<h1>Theirs</h1>\n"
            '<p id="total-sales">-</p><input id="search">\n</main>\n'
            "<script>fetch('data.csv').then((r) => r.text()).then(() => {"
            " document.querySelector('#total-sales').textContent = '43.50 by them'; });</script>\n</body></html>\n"
        ),
        "data.csv": "region,sales\nNorth,40\nSouth,3.5\n",
        "README.md": "# Theirs\n",
    }
)


async def test_controls_added_to_a_page_by_another_hand_steer_its_figures(visitors: Visitors) -> None:
    brief = make_brief(
        round=2,
        text="Filter with a select #region-filter, update #total-sales and set data-region on it. Add #max-sales.",
        checks=(),
    )
    visit = await visitors.open(await build(brief, FOREIGN))
    assert await visit.check("document.querySelector('#region-filter').options.length === 3")
    assert await visit.check("document.querySelector('#total-sales').dataset.region === 'all'")
    assert await visit.text("#total-sales") == "43.50 by them"
    await visit.page.select_option("#region-filter", "South")
    assert await visit.text("#total-sales") == "3.50"
    assert await visit.text("#max-sales") == "3.50"
    assert await visit.page.evaluate("document.querySelector('#total-sales').dataset.region") == "South"
    assert visit.problems == []


async def test_controls_of_a_page_by_another_hand_steer_what_is_added(visitors: Visitors) -> None:
    brief = make_brief(round=2, text="Add #average-sales: of the rows that the text in #search leaves.", checks=())
    visit = await visitors.open(await build(brief, FOREIGN))
    assert await visit.check("document.querySelector('#average-sales').textContent === '21.75'")
    await visit.page.fill("#search", "north")
    assert await visit.text("#average-sales") == "40.00"
    assert visit.problems == []


async def test_nothing_scrolls_sideways_on_a_small_screen(visitors: Visitors) -> None:
    for path in BRIEFS:
        visit = await visitors.open(await build(brief_of(json.loads(path.read_text("utf-8")))))
        await visit.page.set_viewport_size({"width": 360, "height": 640})
        assert await visit.check("document.documentElement.scrollWidth <= 360"), path.stem
