"""A browser that is lost in the middle of a look, by no fault of the page."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress

import pytest

from pipeline.domain.verdict import Outcome, Verification
from pipeline.verification.browser.sealed_browser import BrowserFailed, SealedBrowser
from pipeline.verification.combined import BrowserVerifier
from pipeline.verification.static import StaticVerifier
from tests.builders import make_brief, make_files
from tests.integration.browser_processes import SLOW_CHECK, Processes, open_page
from tests.integration.browser_rig import ADDRESS, look, needs_browser, outcomes, own_browser, scripts

pytestmark = needs_browser

PAGE = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>x</title>'
    "<main><h1>Hello</h1></main></html>"
)
VICTIMS: dict[str, Callable[[Processes], set[int]]] = {
    "the browser": lambda found: found.browser,
    "Playwright's driver": lambda found: found.driver,
    "its pages": lambda found: found.pages,
    "all of them": lambda found: found.all,
}
every_victim = pytest.mark.parametrize("victims", VICTIMS.values(), ids=VICTIMS)
browser_or_driver = pytest.mark.parametrize("victims", [*VICTIMS.values()][:2], ids=[*VICTIMS][:2])


@pytest.fixture
async def browser() -> AsyncIterator[SealedBrowser]:
    async with own_browser() as own:
        yield own


async def kill(victims: Callable[[Processes], set[int]], besides: Collection[int] = ()) -> set[int]:
    """Kill ``victims`` of a browser as soon as it has a page; the sessions that there were so far."""
    found = await asyncio.to_thread(open_page, os.getpid(), besides)
    for pid in victims(found):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return {*besides, found.session}


@every_victim
async def test_the_app_is_looked_at_again(browser: SealedBrowser, victims: Callable[..., set[int]]) -> None:
    looking = asyncio.create_task(look(browser, PAGE, SLOW_CHECK))
    await kill(victims)
    seen = await looking
    assert (outcomes(seen), seen.findings) == (["pass"], ())


@browser_or_driver
async def test_one_that_is_lost_between_two_looks_is_no_loss(
    browser: SealedBrowser, victims: Callable[..., set[int]]
) -> None:
    looking = asyncio.create_task(look(browser, PAGE, SLOW_CHECK))
    found = await asyncio.to_thread(open_page, os.getpid())
    await looking
    for pid in victims(found):
        os.kill(pid, signal.SIGKILL)
    looking = asyncio.create_task(look(browser, PAGE, SLOW_CHECK))
    await kill(victims, {found.session})
    assert outcomes(await looking) == ["pass"]


async def lose_it_twice(browser: SealedBrowser, victims: Callable[..., set[int]]) -> Verification:
    verifier = BrowserVerifier(StaticVerifier(), browser)
    brief = make_brief(checks=scripts(SLOW_CHECK))
    looking = asyncio.create_task(verifier.verify(make_files({"index.html": PAGE}), brief, ADDRESS))
    await kill(victims, await kill(victims))
    return await looking


@browser_or_driver
async def test_what_is_lost_twice_leaves_the_checks_open_and_says_why(
    browser: SealedBrowser, victims: Callable[..., set[int]]
) -> None:
    (verdict,) = (await lose_it_twice(browser, victims)).verdicts
    assert verdict.outcome is Outcome.NOT_VERIFIABLE
    assert verdict.evidence == "the browser failed: the browser ended (so ended the second look of two)"
    assert outcomes(await look(browser, PAGE, "true")) == ["pass"]


@browser_or_driver
async def test_what_is_lost_twice_while_the_service_stops_leaves_the_whole_stage_open(
    browser: SealedBrowser, victims: Callable[..., set[int]]
) -> None:
    browser.is_draining = True
    with pytest.raises(asyncio.CancelledError):
        await lose_it_twice(browser, victims)


async def test_a_page_that_crashes_its_browser_each_time_fails(browser: SealedBrowser) -> None:
    looking = asyncio.create_task(look(browser, PAGE, SLOW_CHECK))
    await kill(VICTIMS["its pages"], await kill(VICTIMS["its pages"]))
    seen = await looking
    assert outcomes(seen) == ["fail"]
    assert seen.findings[0].rule == "page-dies"


async def test_no_process_of_it_hears_what_our_terminal_or_process_group_is_told(browser: SealedBrowser) -> None:
    looking = asyncio.create_task(look(browser, PAGE, SLOW_CHECK))
    found = await asyncio.to_thread(open_page, os.getpid())
    assert found.driver
    assert os.getsid(0) not in {os.getsid(pid) for pid in found.driver | found.browser}
    await looking


async def test_a_driver_that_does_not_start_says_so(browser: SealedBrowser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", "/bin/false")
    with pytest.raises(BrowserFailed, match="Playwright did not start"):
        await look(browser, PAGE, "true")
    monkeypatch.undo()
    assert outcomes(await look(browser, PAGE, "true")) == ["pass"]
