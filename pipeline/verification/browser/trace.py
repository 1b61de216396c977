"""A second, recorded look at an app whose checks failed: Playwright's trace, for people to go through step by step."""

import asyncio
import io
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from playwright.async_api import BrowserContext, CDPSession, Error, Page

from pipeline.domain.verdict import Outcome, Verdict, Verification
from pipeline.verification.browser.checks import SYNCHRONOUS_SECONDS, USUAL_SECONDS, callable_form
from pipeline.verification.browser.look import LOAD_SECONDS, METHOD, first_to_end, sealed_context
from pipeline.verification.browser.network import SealedNetwork, settle
from pipeline.verification.browser.process import BrowserDied, ChromiumProcess
from pipeline.verification.inspection import Question
from pipeline.verification.problems import shown

MAX_TRACE = 4 * 1024 * 1024
MOST_TRACED = 10  # checks
STEPS_SECONDS = 8.0
TRACE_SECONDS = 14.0

_STACKS = "trace.stacks"  # where in our own code each step was asked for


async def with_trace(process: ChromiumProcess, network: SealedNetwork, seen: Verification) -> Verification:
    """``seen`` with a trace of its failed checks, or with the reason why there is none; unchanged if none failed."""
    failed = [v for v in seen.verdicts if v.outcome is Outcome.FAIL and v.method == METHOD][:MOST_TRACED]
    if not failed:
        return seen
    if any(finding.rule == "page-dies" for finding in seen.findings):
        return replace(seen, no_trace="the page dies: it was not opened once more to be recorded")
    try:
        async with asyncio.timeout(TRACE_SECONDS):
            trace = await _recorded(process, network, failed)
    except (BrowserDied, Error, TimeoutError, OSError) as error:
        return replace(seen, no_trace=f"it could not be recorded ({type(error).__name__})")
    if len(trace) > MAX_TRACE:
        return replace(seen, no_trace=f"it was dropped: it took more than {MAX_TRACE // 1024**2} MiB")
    return replace(seen, recording=trace)


async def _recorded(process: ChromiumProcess, network: SealedNetwork, failed: Sequence[Verdict]) -> bytes:
    async with sealed_context(process, network) as context:
        await context.tracing.start(screenshots=True, snapshots=True)
        with suppress(TimeoutError):  # what was recorded until then is kept
            async with asyncio.timeout(STEPS_SECONDS):
                await first_to_end(process.guard_memory(), _steps(context, network, failed))
        with tempfile.TemporaryDirectory(prefix="trace-") as folder:
            file = Path(folder) / "trace.zip"
            await context.tracing.stop(path=file)
            return await asyncio.to_thread(_without_stacks, file)


async def _steps(context: BrowserContext, network: SealedNetwork, failed: Sequence[Verdict]) -> None:
    """Open the app as the look did, and ask each check once when it has come to rest."""
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    open_at = ""
    for check in (verdict.check for verdict in failed):
        address = network.app.address + (check.query if isinstance(check, Question) else "")
        with suppress(Error):  # the trace shows what went wrong, and goes on
            if address != open_at:
                open_at = address
                await page.goto(address, timeout=LOAD_SECONDS * 1000)
                await settle(network, quiet_seconds=0.2, at_most_seconds=USUAL_SECONDS)
            await context.tracing.group(shown(check.text))
            await _ask(page, devtools, check.script or "")
        with suppress(Error):
            await context.tracing.group_end()


async def _ask(page: Page, devtools: CDPSession, script: str) -> None:
    expression = await callable_form(devtools, script)
    try:
        async with asyncio.timeout(SYNCHRONOUS_SECONDS):
            await page.evaluate(expression)
    except TimeoutError:  # a script that never gives way would hold the page, and the browser with it
        async with asyncio.timeout(SYNCHRONOUS_SECONDS):
            await devtools.send("Runtime.terminateExecution")


def _without_stacks(file: Path) -> bytes:
    kept = io.BytesIO()
    with ZipFile(file) as trace, ZipFile(kept, "w", ZIP_DEFLATED) as archive:
        for entry in trace.infolist():
            if entry.filename != _STACKS:
                archive.writestr(entry, trace.read(entry), ZIP_DEFLATED)
    return kept.getvalue()
