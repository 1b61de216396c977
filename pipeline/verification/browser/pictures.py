"""Pictures of parts of an app's page, for the app itself."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from playwright.async_api import BrowserContext, Error, Locator

from pipeline.verification.browser.checks import USUAL_SECONDS
from pipeline.verification.browser.look import LOAD_SECONDS, first_to_end, sealed_context
from pipeline.verification.browser.network import SealedNetwork, settle
from pipeline.verification.browser.process import ChromiumProcess

ALL_SECONDS = 30.0
SHOT_SECONDS = 2.0
PAUSE_SECONDS = 0.4
MOST_SHOTS = 10  # until two in a row are the same: charts grow
MAX_PICTURE = 4 * 1024 * 1024


async def take_pictures(
    process: ChromiumProcess, network: SealedNetwork, wanted: Mapping[str, str]
) -> dict[str, bytes]:
    """Open the app, wait until it rests, and take what ``wanted`` names: path -> CSS selector. Raises BrowserDied."""
    taken: dict[str, bytes] = {}
    async with sealed_context(process, network) as context:
        with suppress(Error, TimeoutError):
            async with asyncio.timeout(ALL_SECONDS):
                await first_to_end(process.guard_memory(), _take(context, network, wanted, taken))
    return taken


async def _take(
    context: BrowserContext, network: SealedNetwork, wanted: Mapping[str, str], taken: dict[str, bytes]
) -> None:
    page = await context.new_page()
    await page.goto(network.app.address, timeout=LOAD_SECONDS * 1000)
    await settle(network, quiet_seconds=0.2, at_most_seconds=USUAL_SECONDS)
    for path, selector in wanted.items():
        with suppress(Error):
            picture = await _at_rest(page.locator(f"css={selector}").first, path)
            if len(picture) <= MAX_PICTURE:
                taken[path] = picture


async def _at_rest(element: Locator, path: str) -> bytes:
    before = b""
    for _ in range(MOST_SHOTS):
        picture = await element.screenshot(
            type="png" if path.lower().endswith(".png") else "jpeg", timeout=SHOT_SECONDS * 1000
        )
        if picture == before:
            break
        before = picture
        await asyncio.sleep(PAUSE_SECONDS)
    return before
