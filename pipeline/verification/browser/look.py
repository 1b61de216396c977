"""One look at an app: open it, run its checks, take a picture, look again as on a phone."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Dialog, Error, Page

from pipeline.domain.brief import Check
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Finding, Outcome, Severity, Verdict, Verification
from pipeline.verification.addresses import ServedApp
from pipeline.verification.browser.checks import NO_TURN, SILENT, USUAL_SECONDS, run_scripts, seconds_for
from pipeline.verification.browser.excuses import excuses
from pipeline.verification.browser.network import SealedNetwork, settle
from pipeline.verification.browser.process import LAUNCH_SECONDS, BrowserDied, ChromiumProcess
from pipeline.verification.browser.questions import (
    STILL,
    asked_in,
    is_quiet,
    noise_in,
    plain_evidence,
    query_of,
    scripted,
)
from pipeline.verification.browser.record import MOST_LINE, PageRecord
from pipeline.verification.browser.survey import OVERFLOW, ids_in, survey, survey_findings
from pipeline.verification.inspection import Question
from pipeline.verification.problems import shown

METHOD = "browser"
DESKTOP = (1280, 800)
PHONE = (375, 812)
LOAD_SECONDS = 8.0
LOOK_SECONDS = 60.0
PICTURE_SECONDS = 5.0
SURVEY_SECONDS = 10.0
SILENT_SECONDS = 4.0  # a page that does not answer for so long hangs
MOST_DOCUMENTS = 50
MOST_LATE = 2  # checks that are judged once more on a fresh page
MAX_SCREENSHOT = 1024 * 1024
MOST_TEXT = 20_000

_TEXT = "document.body ? document.body.innerText.slice(0, %d) : ''"


class PageDied(Exception):
    """The page took too much. The text says of what."""


class PageCrashed(PageDied):
    """Its process ended, or the browser could not go on. Of a browser that others use this may be their doing."""


async def look_at(
    process: ChromiumProcess, network: Callable[[], SealedNetwork], checks: Sequence[Check], earlier: Sequence[Check]
) -> Verification:
    """Open the app that a ``network`` of each page's own serves, and judge ``checks``. Raises BrowserDied.

    Checks of ``earlier`` rounds are judged after them, with nothing left of what those clicked and typed. Checks in
    prose get no verdict, but questions that they were put as do.
    """
    record, questions = PageRecord(network(), ids_in(checks)), scripted(checks)
    death = await _visit(process, record, questions, with_picture=True)
    look = _look_of(record, questions, death)
    if old := scripted(earlier):
        record = PageRecord(network())
        death = death or await _visit(process, record, old, with_picture=False)
        look = replace(look, earlier=_look_of(record, old, death).verdicts)
    return look


async def _visit(
    process: ChromiumProcess, record: PageRecord, questions: Sequence[Check], *, with_picture: bool
) -> str:
    """Open the app in a context of its own and keep what is seen; what it died of, or nothing."""
    async with sealed_context(process, record.network) as context:
        death = await _death_in(_look(context, record, questions, with_picture=with_picture), process)
        await process.see_that_it_lives()
    return death


async def _death_in(looking: Coroutine[Any, Any, None], process: ChromiumProcess) -> str:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await first_to_end(process.guard_memory(), looking)
    except PageDied as death:
        problem = death
    except Error as error:
        problem = PageCrashed(f"the browser could not go on with the page: {shown(error.message, MOST_LINE)}")
    except TimeoutError:
        problem = PageDied(f"the page took more than {LOOK_SECONDS:g} seconds")
    else:
        return ""
    if isinstance(problem, PageCrashed) and not process.alone:
        raise BrowserDied(str(problem)) from problem
    return str(problem)


def look_at_killer(checks: Sequence[Check], earlier: Sequence[Check], reason: str) -> Verification:
    """What is said about an app that killed a browser of its own. ``reason``: how that browser ended."""
    record = PageRecord(SealedNetwork(ServedApp(AppFiles({}), "https://app.invalid/"), None))
    death = f"the page cannot be open: {reason}"
    look = _look_of(record, scripted(checks), death)
    return replace(look, earlier=_look_of(record, scripted(earlier), death).verdicts)


def _look_of(record: PageRecord, checks: Iterable[Check], death: str) -> Verification:
    verdicts = tuple(_verdict(check, record, death) for check in checks)
    died = (Finding(Severity.ERROR, "page-dies", death, "index.html"),) if death else ()
    findings = (*died, *record.findings, *record.network.findings)
    return Verification(verdicts, findings, tuple(record.console), picture=record.screenshot, text=record.text)


@asynccontextmanager
async def sealed_context(process: ChromiumProcess, network: SealedNetwork) -> AsyncIterator[BrowserContext]:
    """A context of the app's own, whose only network is ``network``. Raises BrowserDied."""
    try:
        async with asyncio.timeout(LAUNCH_SECONDS):
            context = await process.browser.new_context(
                viewport={"width": DESKTOP[0], "height": DESKTOP[1]},
                service_workers="block",
                accept_downloads=False,
                permissions=[],
                locale="en-US",
            )
            await context.route("**/*", network.answer)
    except (Error, TimeoutError) as error:
        process.kill()
        raise BrowserDied("the browser opened no page") from error
    try:
        yield context
    finally:
        await process.close_context(context)


async def _look(context: BrowserContext, record: PageRecord, questions: Sequence[Check], *, with_picture: bool) -> None:
    address = record.network.app.address
    for query in dict.fromkeys(["", *map(query_of, questions)]):
        asked = [check for check in questions if query_of(check) == query]
        is_pictured = with_picture and not query
        if asked or is_pictured:
            async with _open_page(context, record) as (page, devtools):
                work = _run(page, devtools, record, asked, address + query)
                await first_to_end(_fails_when_restless(devtools, record), work)
                if is_pictured:
                    await _picture(page, devtools, record, asked)


async def _picture(page: Page, devtools: CDPSession, record: PageRecord, questions: Sequence[Check]) -> None:
    """Survey the page, keep its text and a screenshot, then look at it as on a phone.

    A page that never rests cannot be pictured: its checks were answered. One that floods its console is not surveyed:
    the browser has enough to do with it.
    """
    with suppress(TimeoutError, Error):
        async with asyncio.timeout(SURVEY_SECONDS):
            is_broken = any(finding.severity is Severity.ERROR for finding in record.findings)
            seen = {} if record.is_flooded else await survey(devtools, record.ids, is_broken=is_broken)
        async with asyncio.timeout(PICTURE_SECONDS):
            record.text = _readable(await _value(devtools, _TEXT % MOST_TEXT))
            record.screenshot = await _screenshot(devtools)
            await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
            seen["overflow"] = await _value(devtools, OVERFLOW)
        failed = [asked_in(check) for check in questions if not record.answers.get(check, NO_TURN).holds]
        network = record.network
        record.findings.extend(survey_findings(seen, failed, network.lacking_parts, network.app.files))


async def _run(page: Page, devtools: CDPSession, record: PageRecord, questions: Sequence[Check], address: str) -> None:
    await _open(page, record, address)
    noise = await noise_in(record) if any(is_quiet(check) for check in questions) else None
    # Questions of ours look at the page as it is opened, and scripts may click.
    questions = sorted(questions, key=lambda check: not isinstance(check, Question))
    at_once = sum(isinstance(check, Question) for check in questions)
    scripts = [check.script or "" for check in questions]
    is_still = await _value(devtools, STILL) == "still"
    seconds = seconds_for(questions)
    answers = await run_scripts(devtools, scripts, seconds, at_once=at_once, is_still=is_still)
    late = [number for number, answer in enumerate(answers) if answer.holds and answer.is_late]
    for number in late[:MOST_LATE]:
        # Whether it holds by itself shows on a fresh page, where no later script has clicked anything.
        await _open(page, record, address)
        answers[number] = (await run_scripts(devtools, scripts[: number + 1], seconds))[number]
    record.answers.update(zip(questions, answers, strict=True))
    record.answers.update((check, noise) for check in questions if noise and is_quiet(check))


async def _open(page: Page, record: PageRecord, address: str) -> None:
    try:
        await page.goto(address, wait_until="load", timeout=LOAD_SECONDS * 1000)
    except Error as error:
        if page.is_closed():
            raise PageDied("the page closed itself") from error
        message = f"the page did not finish loading: {shown(error.message.splitlines()[0], MOST_LINE)}"
        record.findings.append(Finding(Severity.WARNING, "slow-load", message, "index.html"))
    await settle(record.network, quiet_seconds=0.05, at_most_seconds=USUAL_SECONDS)


@asynccontextmanager
async def _open_page(context: BrowserContext, record: PageRecord) -> AsyncIterator[tuple[Page, CDPSession]]:
    page = await context.new_page()
    page.on("crash", lambda _: record.crash.set())
    page.on("console", record.console_line)
    page.on("pageerror", record.page_error)
    page.on("dialog", _dismiss)
    page.on("websocket", lambda socket: record.network.block(socket.url, "websocket"))
    context.on("page", _close)
    try:
        yield page, await context.new_cdp_session(page)
    finally:
        context.remove_listener("page", _close)


async def _dismiss(dialog: Dialog) -> None:
    with suppress(Error):
        await dialog.dismiss()


async def _close(popup: Page) -> None:
    with suppress(Error):
        await popup.close()


async def _fails_when_restless(devtools: CDPSession, record: PageRecord) -> None:
    """Ask the page for a sign of life again and again. Raises PageDied when none comes, or it is never at rest."""
    while True:
        if record.network.documents > MOST_DOCUMENTS:
            raise PageDied(f"the page opened more than {MOST_DOCUMENTS} addresses one after another")
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                await first_to_end(record.crash.wait(), _sign_of_life(devtools))
        except TimeoutError:
            raise PageDied(f"the page hangs: it did not answer for {SILENT_SECONDS:g} seconds") from None
        if record.crash.is_set():
            raise PageCrashed("the page crashed: it used up its memory, or the browser could not bear it")


async def _sign_of_life(devtools: CDPSession) -> None:
    with suppress(Error):  # an error is an answer too: the page is on its way to another address
        await devtools.send("Runtime.evaluate", {"expression": "1"})
    await asyncio.sleep(0.2)


async def first_to_end(*works: Coroutine[Any, Any, object]) -> None:
    """Run all of ``works`` until one returns or raises, and end the others. Raises what that one raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _value(devtools: CDPSession, expression: str) -> str:
    """The text that ``expression`` gives; empty when it gives none."""
    with suppress(Error):
        said = await devtools.send("Runtime.evaluate", {"expression": expression, "returnByValue": True})
        value = said["result"].get("value")
        return value if isinstance(value, str) else ""
    return ""


async def _screenshot(devtools: CDPSession) -> bytes | None:
    """The desktop view, smaller when it would take more than MAX_SCREENSHOT bytes."""
    for scale in (1, 0.5, 0.25):
        clip = {"x": 0, "y": 0, "width": DESKTOP[0], "height": DESKTOP[1], "scale": scale}
        try:
            said = await devtools.send("Page.captureScreenshot", {"format": "png", "clip": clip})
        except Error:
            return None
        picture = base64.b64decode(said["data"])
        if len(picture) <= MAX_SCREENSHOT:
            return picture
    return None


def _readable(text: str) -> str:
    """``text`` as it is, but for characters that cannot be printed; at most MOST_TEXT of it."""
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text[:MOST_TEXT])


def _verdict(check: Check, record: PageRecord, death: str) -> Verdict:
    answer, is_prose = record.answers.get(check, NO_TURN), isinstance(check, Question)
    outcome, evidence = Outcome.FAIL, shown(plain_evidence(answer.evidence) if is_prose else answer.evidence, MOST_LINE)
    if answer.holds:
        outcome = Outcome.PASS
    elif death:
        evidence = death
    elif excuse := excuses(asked_in(check), record.network.lacking, record.network.app.files):
        outcome, evidence = Outcome.NOT_VERIFIABLE, f"{evidence}; but {shown(excuse, MOST_LINE)}"
    elif answer.holds is None or (is_prose and (answer.value == "null" or answer == SILENT)):
        outcome = Outcome.NOT_VERIFIABLE
    return Verdict(check, outcome, evidence, METHOD)
