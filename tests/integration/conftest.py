"""One sealed browser for all looks of a module."""

import asyncio
from collections.abc import Iterator

import pytest

from pipeline.verification.browser.sealed_browser import SealedBrowser
from tests.integration.browser_rig import BROWSER


@pytest.fixture(scope="module")
def browser() -> Iterator[SealedBrowser]:
    assert BROWSER
    shared = SealedBrowser(BROWSER)
    yield shared
    asyncio.run(shared.close())
