"""Pages of the generator without a model, in a real browser: checks of briefs that its code does not know."""

import json
import mimetypes
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from pipeline.domain.brief import Attachment, Brief, Check
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Outcome, Verification
from pipeline.generation.plain.generator import PlainGenerator
from pipeline.verification.browser.sealed_browser import SealedBrowser
from pipeline.verification.combined import BrowserVerifier
from pipeline.verification.static import StaticVerifier
from tests.builders import make_attachment, make_brief, make_order
from tests.integration.brief_samples import brief_of
from tests.integration.browser_rig import ADDRESS, BROWSER, needs_browser

pytestmark = [pytest.mark.asyncio(loop_scope="module"), needs_browser]

DATA = Path(__file__).parents[1] / "data"
BRIEFS = tomllib.loads((DATA / "plain-briefs.toml").read_text("utf-8"))["brief"]
SAMPLES = [json.loads(path.read_text("utf-8")) for path in sorted((DATA / "briefs").glob("scaffold-*.json"))]
SALES = make_attachment(name="sales.csv", content=b"region,amount\nNorth,12.5\nSouth,7.5\n")
TABLE = make_brief(
    text='Show sales.csv in table#sales and the total of its amount column in #total. Set the title to "Sales".',
    attachments=(SALES,),
    checks=(Check.from_script("document.title === 'Sales'"),),
)
BACKGROUNDS = "[document.body, document.documentElement].map(part => getComputedStyle(part).backgroundColor).join()"
PUBLISHED = b"<!doctype html><html><head><title>Old</title></head><body><main><p id='kept'>x</p></main></body></html>"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield running
        await running.close()


def check_of(given: str | dict[str, str]) -> Check:
    return Check.from_script(given["js"]) if isinstance(given, dict) else Check.from_text(given)


def told_brief(told: dict[str, Any], number: int, name: str) -> Brief:
    attachments = tuple(
        Attachment(path, mimetypes.guess_type(path)[0] or "", text.encode())
        for path, text in told.get("attachments", {}).items()
    )
    checks = tuple(map(check_of, told["checks"]))
    return make_brief(task=name, round=number, text=told["text"], checks=checks, attachments=attachments)


async def build(brief: Brief, base: AppFiles | None = None) -> AppFiles:
    return (await PlainGenerator().generate(make_order(brief=brief, base=base), lambda _: None)).files


async def verified(browser: SealedBrowser, brief: Brief, base: AppFiles | None = None) -> tuple[AppFiles, Verification]:
    files = await build(brief, base)
    return files, await BrowserVerifier(StaticVerifier(), browser).verify(files, brief, ADDRESS)


@pytest.mark.parametrize("told", BRIEFS, ids=lambda told: str(told["name"]))
async def test_briefs_of_many_kinds_are_met_as_far_as_rules_can(browser: SealedBrowser, told: dict[str, Any]) -> None:
    files, seen = await verified(browser, told_brief(told, 1, told["name"]))
    held, console = seen.count(Outcome.PASS), seen.console
    for later in told.get("later", []):
        _, seen = await verified(browser, told_brief(later, 2, told["name"]), files)
        held, console = held + seen.count(Outcome.PASS), (*console, *seen.console)
    assert held >= told["held"]
    assert [line for line in console if line.startswith("error")] == []


async def test_most_checks_of_older_samples_hold_and_none_breaks_a_page(browser: SealedBrowser) -> None:
    looks = [(await verified(browser, brief_of(request)))[1] for request in SAMPLES]
    passed = sum(seen.count(Outcome.PASS) for seen in looks)
    failed = sum(seen.count(Outcome.FAIL) for seen in looks)
    assert passed >= 3 * failed


async def test_the_same_brief_gives_the_same_bytes() -> None:
    assert await build(TABLE) == await build(TABLE)


async def test_no_attachment_and_no_word_of_the_brief_can_run(browser: SealedBrowser) -> None:
    hostile = brief_of(json.loads((DATA / "briefs" / "scaffold-hostile.json").read_text("utf-8")))
    _, seen = await verified(browser, hostile)
    assert [verdict.outcome for verdict in seen.verdicts if verdict.check.script == "!window.pwned"] == [Outcome.PASS]


async def opened(chromium: Browser, folder: Path, files: AppFiles, **context: Any) -> tuple[Page, list[str]]:
    """The page as whoever double-clicks it sees it, and what it complains of."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    page = await (await chromium.new_context(**context)).new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto((folder / "index.html").as_uri())
    return page, complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_a_page_from_disk_shows_its_data_on_any_screen(
    chromium: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    screen = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    page, complaints = await opened(chromium, tmp_path, await build(TABLE), **screen)
    await page.wait_for_function("document.querySelectorAll('#sales tbody tr').length === 2")
    assert float(await page.inner_text("#total")) == 20
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    assert complaints == []


async def test_dark_pages_are_dark(chromium: Browser, tmp_path: Path) -> None:
    files = await build(TABLE)
    shades = []
    for scheme in ("light", "dark"):
        page, _ = await opened(chromium, tmp_path, files, color_scheme=scheme)
        shades.append(await page.evaluate(BACKGROUNDS))
    assert shades[0] != shades[1]


async def test_a_revision_keeps_what_was_there(browser: SealedBrowser) -> None:
    base = AppFiles({"index.html": PUBLISHED, "own.js": b"1;"})
    checks = ("document.querySelector('#kept').textContent === 'x'", "document.querySelector('#note') !== null")
    brief = make_brief(
        round=2,
        text='Add a paragraph with the id "note".',
        checks=tuple(map(Check.from_script, checks)),
        attachments=(),
    )
    files, seen = await verified(browser, brief, base)
    assert [verdict.outcome for verdict in seen.verdicts] == [Outcome.PASS, Outcome.PASS]
    assert files["own.js"] == b"1;"


async def test_it_says_that_no_model_was_asked_and_what_it_could_not_do() -> None:
    order = make_order(
        brief=make_brief(text='Write a poem about the sea into #poem and add a button "Sing" with the id "sing".')
    )
    made = (await PlainGenerator().generate(order, lambda _: None)).made
    assert (made.generator, made.model, made.calls) == ("plain", None, ())
    assert any("sing" in note for note in made.notes)
    files = await build(order.brief)
    assert "without a language model" in (files.text("index.html") or "")
    assert "without a language model" in (files.text("README.md") or "")


async def test_files_that_the_brief_names_are_there_and_valid() -> None:
    files = await build(make_brief(text="Write notes.txt, data/info.json, drawing.svg and about.html.", attachments=()))
    json.loads(files["data/info.json"])
    assert {"notes.txt", "drawing.svg", "about.html"} <= files.keys()
    assert b"<svg" in files["drawing.svg"]
