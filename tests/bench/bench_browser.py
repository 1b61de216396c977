"""What looking at an app costs: launch, a warm app, memory after fifty. Prints; asserts no time."""

import asyncio
import os
import re
import statistics
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.domain.brief import Check
from pipeline.verification.browser import look
from pipeline.verification.browser.launching import Launcher
from pipeline.verification.browser.process import ChromiumProcess
from pipeline.verification.browser.sealed_browser import SealedBrowser
from tests.builders import make_files
from tests.integration.browser_rig import ADDRESS, BROWSER, descendants, needs_browser

pytestmark = [pytest.mark.bench, needs_browser]

APPS = 50
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sales</title>
<link rel="stylesheet" href="style.css"></head><body><h1>Sales</h1><p id="total"></p><ul></ul><script src="app.js">
</script></body></html>"""
FILES = make_files(
    {
        "index.html": PAGE,
        "style.css": "body {font: 16px sans-serif}",
        "app.js": "fetch('data.csv').then(r => r.text()).then(t => total.textContent = t.split('\\n').length)",
        "data.csv": "region,sales\n" + "north,42\n" * 100,
    }
)
CHECKS = [
    Check.from_script("document.title === 'Sales'"),
    Check.from_script("!!document.querySelector('ul')"),
    Check.from_script("parseInt(document.querySelector('#total').textContent) === 102"),
]


def proportional_mebibytes() -> float:
    """PSS of all processes that this one has started: shared pages are counted once."""
    total = 0
    for pid in descendants() - {os.getpid()}:
        with suppress(OSError):  # it has ended in the meantime
            pss = re.search(r"^Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
            total += int(pss[1]) if pss else 0
    return total / 1024


def processor_seconds() -> float:
    """That all processes have used which this one has started, ended ones included, and it itself."""
    ticks = 0
    for pid in descendants():
        with suppress(OSError):
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


async def test_what_a_page_that_needs_nothing_costs_to_be_surveyed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert BROWSER
    browser = SealedBrowser(BROWSER)

    async def nothing(*_: object, **__: object) -> dict[str, object]:
        return {}

    seconds: dict[str, list[float]] = {"with": [], "without": []}
    await browser.look(FILES, CHECKS, ADDRESS)
    for _ in range(10):  # in turns, so that what else the machine does falls on both
        for name, spent in seconds.items():
            with monkeypatch.context() as patch:
                if name == "without":
                    patch.setattr(look, "survey", nothing)
                begun = processor_seconds()
                seen = await browser.look(FILES, CHECKS, ADDRESS)
                spent.append(processor_seconds() - begun)
            assert seen.findings == ()
    await browser.close()
    medians = {name: statistics.median(spent) for name, spent in seconds.items()}
    more = medians["with"] - medians["without"]
    print(
        f"\nprocessor time of a look: {medians['without']:.2f} s, surveyed {medians['with']:.2f} s: {more:.2f} s more"
    )


async def test_launch() -> None:
    assert BROWSER
    seconds = []
    for _ in range(10):
        begun = time.perf_counter()
        process = await ChromiumProcess.launch(Launcher(BROWSER), alone=True)
        seconds.append(time.perf_counter() - begun)
        await process.close()
    median, most = statistics.median(seconds) * 1000, max(seconds) * 1000
    print(f"\nlaunch, driver included: median {median:.0f} ms, most {most:.0f} ms")


async def test_warm_apps_and_memory() -> None:
    assert BROWSER
    browser = SealedBrowser(BROWSER)
    begun = time.perf_counter()
    await browser.look(FILES, CHECKS, ADDRESS)
    print(f"\nfirst app, from nothing: {(time.perf_counter() - begun) * 1000:.0f} ms")
    seconds = []
    for _ in range(APPS - 1):
        begun = time.perf_counter()
        seen = await browser.look(FILES, CHECKS, ADDRESS)
        seconds.append(time.perf_counter() - begun)
        assert seen.picture
        assert all(verdict.outcome == "pass" for verdict in seen.verdicts)
    seconds.sort()
    middle, nine_tenths = statistics.median(seconds), seconds[len(seconds) * 9 // 10]
    print(f"warm app, three checks and a screenshot: p50 {middle * 1000:.0f} ms, p90 {nine_tenths * 1000:.0f} ms")
    print(f"memory of browser and driver after {APPS} apps: {proportional_mebibytes():.0f} MiB (PSS)")
    begun = time.perf_counter()
    await asyncio.gather(*(browser.look(FILES, CHECKS, ADDRESS) for _ in range(8)))
    print(f"eight apps at once: {time.perf_counter() - begun:.2f} s")
    await browser.close()
