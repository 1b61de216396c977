"""The browser's process: hostile pages, what a killed browser leaves, and what it gets of ours."""

import asyncio
import time
from pathlib import Path

import pytest

from pipeline.verification.browser import process as browser_process
from pipeline.verification.browser.process import ChromiumProcess
from pipeline.verification.browser.sealed_browser import BrowserFailed, SealedBrowser
from tests.cases import cases
from tests.integration.browser_rig import BROWSER, RIGHT, descendants, look, needs_browser, outcomes, own_browser

CASES = cases("hostile-pages")

pytestmark = needs_browser


def running_process(browser: SealedBrowser) -> ChromiumProcess:
    """The browser's process, which is nobody's business but that of tests that do what the system may do to it."""
    looks = browser._looks  # noqa: SLF001
    assert looks
    assert looks._pool  # noqa: SLF001
    assert looks._pool._current  # noqa: SLF001
    return looks._pool._current  # noqa: SLF001


def read_environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").exists()


LOOP = "<title>x</title><script>for (;;);</script>"
HOSTILE = dict(CASES["hostile"])


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_page_frees_its_place_and_harms_nobody(html: str) -> None:
    async with own_browser(apps_at_once=1) as browser:
        hostile = asyncio.create_task(look(browser, html, "document.title === 'never'"))
        after = await asyncio.wait_for(look(browser, RIGHT, "document.title === 'Sales ünï'"), 30)
        seen = await hostile
    assert outcomes(seen) == ["fail"]
    assert "page-dies" in {finding.rule for finding in seen.findings}
    assert outcomes(after) == ["pass"]


async def test_an_app_beside_a_hostile_one_is_unharmed(browser: SealedBrowser) -> None:
    hostile = asyncio.create_task(look(browser, HOSTILE["buffer bomb"]))
    beside = await look(browser, RIGHT, "document.querySelector('#late').textContent === 'here'")
    assert outcomes(beside) == ["pass"], beside.verdicts
    await hostile


@pytest.mark.parametrize("html", CASES["ill_mannered"])
async def test_other_bad_manners_end_in_a_verdict(browser: SealedBrowser, html: str) -> None:
    seen = await look(browser, html, "document.title === 'never'")
    assert outcomes(seen)[0] != "pass"


async def test_a_browser_that_was_killed_is_replaced_and_the_app_looked_at_again(browser: SealedBrowser) -> None:
    slow = "<title>x</title><script>setTimeout(() => document.title = 'done', 2500)</script>"
    looking = asyncio.create_task(look(browser, slow, "document.title === 'done'"))
    await asyncio.sleep(1)
    running_process(browser).kill()
    assert outcomes(await looking) == ["pass"]


async def test_the_browser_is_replaced_after_some_apps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_process, "RECYCLE_AFTER", 2)
    used = set()
    async with own_browser() as browser:
        for _ in range(3):
            await look(browser, "<title>x</title>", "true")
            used.add(running_process(browser).pid)
    assert len(used) == 2


def test_looks_from_several_event_loops_share_one_browser(browser: SealedBrowser) -> None:
    for _ in range(2):
        assert outcomes(asyncio.run(look(browser, RIGHT, "true"))) == ["pass"]


@pytest.mark.parametrize("html", ["<title>x</title>", LOOP])
async def test_closing_leaves_no_process_behind(html: str) -> None:
    assert BROWSER
    before = descendants()
    browser = SealedBrowser(BROWSER)
    looking = asyncio.create_task(look(browser, html, "true"))
    if html != LOOP:
        await looking
    while len(started := descendants() - before) < 3:
        assert not looking.done() or html != LOOP
        await asyncio.sleep(0.1)
    await browser.close()
    if html == LOOP:
        with pytest.raises(asyncio.CancelledError):
            await looking
    ends = time.monotonic() + 5
    while any(map(is_alive, started)) and time.monotonic() < ends:
        await asyncio.sleep(0.1)
    assert [pid for pid in started if is_alive(pid)] == []


async def test_the_browser_gets_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_API_KEY", "sk-canary-0123456789")
    async with own_browser() as browser:
        await look(browser, "<title>x</title>")
        environment = read_environment(running_process(browser).pid)
    assert b"sk-canary" not in environment
    assert b"HOME=" in environment


async def test_a_browser_that_does_not_start_says_so(tmp_path: Path) -> None:
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    browser = SealedBrowser(program)
    with pytest.raises(BrowserFailed, match="did not start"):
        await look(browser, RIGHT)
    await browser.close()
