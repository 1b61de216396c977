"""Acceptance tests, played in the sealed browser as a visitor would: each from a fresh page, with nothing kept."""

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import suppress

from playwright.async_api import BrowserContext, CDPSession, Dialog, Error, Locator, Page
from playwright.async_api import TimeoutError as NotInTime

from pipeline.domain.acceptance import AcceptanceTest, Action, Step
from pipeline.domain.verdict import Outcome, Trial
from pipeline.verification.browser.checks import PAUSE_SECONDS, USUAL_SECONDS, evaluate
from pipeline.verification.browser.look import LOAD_SECONDS, PageDied, first_to_end, sealed_context
from pipeline.verification.browser.network import SealedNetwork, settle
from pipeline.verification.browser.process import ChromiumProcess
from pipeline.verification.browser.record import MOST_LINE
from pipeline.verification.problems import shown

ALL_SECONDS = 40.0
VISIT_SECONDS = 15.0
STEP_SECONDS = 3.0
NO_TURN = "time was up before its turn"

_SEEN = """elements => elements.filter(e => e.checkVisibility({visibilityProperty: true})).map(e =>
  [e.innerText ?? e.textContent, ...[e, ...e.querySelectorAll("input, textarea, select")].map(f => f.value ?? "")]
    .join(" ").slice(0, 20000))"""
_WRONG_TEST = re.compile(
    r"SyntaxError|[Uu]nknown (?:key|engine)|Unexpected token|not a valid selector|Malformed|Invalid"
)


class _Failed(Exception):
    """A step did not come to what the test wants. The text says what there was."""


class _WrongTest(Exception):
    """A step says what no page can do."""


async def play(
    process: ChromiumProcess, network: Callable[[], SealedNetwork], tests: Sequence[AcceptanceTest]
) -> tuple[Trial, ...]:
    """Try all of ``tests`` that there is time for on the app that a ``network`` of each visit serves.

    Raises:
        BrowserDied: so it cannot be told.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + ALL_SECONDS
    trials = []
    for test in tests:
        seconds = min(VISIT_SECONDS, ends - loop.time())
        is_due = seconds > STEP_SECONDS
        visited = await _visit(process, network(), test, seconds) if is_due else (Outcome.NOT_VERIFIABLE, NO_TURN)
        trials.append(Trial(test, *visited))
    return tuple(trials)


async def _visit(
    process: ChromiumProcess, network: SealedNetwork, test: AcceptanceTest, seconds: float
) -> tuple[Outcome, str]:
    done: list[Step] = []
    async with sealed_context(process, network) as context:
        try:
            async with asyncio.timeout(seconds):
                await first_to_end(process.guard_memory(), _play(context, network, test, done))
        except _WrongTest as error:
            return Outcome.NOT_VERIFIABLE, f"the test cannot be played: {shown(str(error), MOST_LINE)}"
        except (_Failed, PageDied) as failure:
            reason = str(failure)
        except TimeoutError:
            reason = f"the visit took more than {seconds:.0f} seconds"
        except Error as error:
            reason = error.message.splitlines()[0]
        else:
            return Outcome.PASS, "all its steps"
        await process.see_that_it_lives()
    evidence = shown(f"step {len(done)} ({done[-1]}): {reason}" if done else reason, MOST_LINE)
    if "content" in network.lacking_parts:
        lacking = f"{evidence}; but the page asked {', '.join(network.lacking)}, out of reach while it was checked"
        return Outcome.NOT_VERIFIABLE, shown(lacking, 2 * MOST_LINE)
    return Outcome.FAIL, evidence


async def _play(context: BrowserContext, network: SealedNetwork, test: AcceptanceTest, done: list[Step]) -> None:
    page = await context.new_page()
    page.set_default_timeout(STEP_SECONDS * 1000)
    page.on("dialog", _accept)
    context.on("page", _close)
    devtools = await context.new_cdp_session(page)
    await _open(page, network, "")
    for step in test.steps:
        done.append(step)
        if step.action is Action.OPEN:
            await _open(page, network, step.value)
        elif step.action.looks:
            await _await(page, devtools, step)
        else:
            await _act(page, step)


async def _open(page: Page, network: SealedNetwork, query: str) -> None:
    address = network.app.address + query
    if page.url == address:
        await page.reload(timeout=LOAD_SECONDS * 1000)
    else:
        await page.goto(address, timeout=LOAD_SECONDS * 1000)
    await settle(network, quiet_seconds=0.05, at_most_seconds=USUAL_SECONDS)


async def _act(page: Page, step: Step) -> None:
    """Do what ``step`` says. Raises _Failed, _WrongTest."""
    element = page.locator(step.on or "body").locator("visible=true").first
    try:
        match step.action:
            case Action.CLICK:
                await element.click()
            case Action.FILL:
                await _fill(element, step.value)
            case Action.PRESS if step.on:
                await element.press(step.value)
            case Action.PRESS:
                await page.keyboard.press(step.value)
            case _:
                await asyncio.sleep(min(max(float(step.value), 0.0), STEP_SECONDS))
    except NotInTime as error:
        lines = [line.strip(" -") for line in error.message.splitlines()]
        hindrance = next((line for line in lines if "intercepts" in line or "not enabled" in line), "")
        raise _Failed(hindrance or f"nothing visible that can be used so matches {step.on}") from error
    except (Error, ValueError) as error:
        raise _of(error) from error


async def _fill(element: Locator, value: str) -> None:
    if await element.evaluate("e => e.localName") == "select":
        await element.select_option(value)
    else:
        await element.fill(value)


async def _await(page: Page, devtools: CDPSession, step: Step) -> None:
    """Look again and again until ``step`` holds. Raises _Failed, _WrongTest."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + STEP_SECONDS
    while True:
        holds, evidence = await (_script(devtools, step) if step.action is Action.SCRIPT else _shows(page, step))
        if holds:
            return
        if loop.time() >= ends:
            raise _Failed(evidence)
        await asyncio.sleep(PAUSE_SECONDS)


async def _script(devtools: CDPSession, step: Step) -> tuple[bool, str]:
    answer = await evaluate(devtools, step.value)
    if "SyntaxError" in answer.evidence:
        raise _WrongTest(answer.evidence)
    return bool(answer.holds), answer.evidence


async def _shows(page: Page, step: Step) -> tuple[bool, str]:
    try:
        texts: list[str] = await page.locator(step.on).evaluate_all(_SEEN)
    except Error as error:
        raise _of(error) from error
    matching = [text for text in texts if _plain(step.value) in _plain(text)]
    if step.action is Action.GONE:
        return not matching, f"it is still there: {matching[0] if matching else ''}"
    there = f"it shows “{' '.join(texts[0].split())}”" if texts else "nothing visible matches"
    return bool(matching), there


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _of(error: Error | ValueError) -> _Failed | _WrongTest:
    line = str(error).splitlines()[0]
    return _WrongTest(line) if isinstance(error, ValueError) or _WRONG_TEST.search(str(error)) else _Failed(line)


async def _accept(dialog: Dialog) -> None:
    with suppress(Error):
        await dialog.accept()


async def _close(popup: Page) -> None:
    with suppress(Error):
        await popup.close()
