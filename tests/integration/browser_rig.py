"""Looking at apps in the sealed browser: what the tests of it share."""

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pipeline.domain.brief import Check
from pipeline.domain.verdict import Verification
from pipeline.verification.browser.sealed_browser import SealedBrowser, find_browser
from tests.builders import make_files

BROWSER = find_browser(None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="there is no browser on this machine")
ADDRESS = "https://octo.github.io/app/"


@asynccontextmanager
async def own_browser(*arguments: Any, **options: Any) -> AsyncIterator[SealedBrowser]:
    """One of the test's own, closed at the end."""
    assert BROWSER
    browser = SealedBrowser(BROWSER, *arguments, **options)
    try:
        yield browser
    finally:
        await browser.close()


def scripts(*texts: str) -> list[Check]:
    return [Check.from_script(text) for text in texts]


async def look(browser: SealedBrowser, html: str, *checks: str, **files: str) -> Verification:
    return await browser.look(make_files({"index.html": html, **files}), scripts(*checks), ADDRESS)


def outcomes(seen: Verification) -> list[str]:
    return [verdict.outcome.value for verdict in seen.verdicts]


def sound(body: str) -> str:
    """A page on which nothing is wrong but what is wrong with ``body``."""
    return (
        f"<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>x</title>{body}</html>"
    )


RIGHT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sales ünï</title>
<link rel="stylesheet" href="style.css"></head><body>
<form id="form"><select id="region" aria-label="Region">
<option>all</option></select><button id="more" type="button">more</button></form>
<p id="total">41</p><p id="late"></p>
<script>
document.querySelector("#more").onclick = () => total.textContent = Number(total.textContent) + 1;
setTimeout(() => late.textContent = "here", 500);
fetch("data.csv").then(r => r.text()).then(text => document.body.dataset.rows = text.trim().split("\\n").length);
</script></body></html>"""


def descendants() -> set[int]:
    """This process, and those that it started, directly or not."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent, state in map(str.split, listed.splitlines()) if state[0] != "Z"}
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found
