"""Which browser is it, and can it look at a page?"""

import asyncio
import os
import subprocess
import time

from pipeline.domain.brief import Check
from pipeline.domain.diagnosis import Diagnosis, failed, ok
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Outcome
from pipeline.verification.browser.sealed_browser import SealedBrowser

PAGE = AppFiles({"index.html": b"<!doctype html><title>doctor</title><p>Hello"})
CHECK = Check.from_text("js: document.title === 'doctor'")
ADDRESS = "https://doctor.invalid/"
VERSION_SECONDS = 5.0
LONGEST_VERSION = 80
SANDBOX = {True: "with its sandbox", False: "without a sandbox", None: "its sandbox is tried when it is first started"}


async def diagnose(browser: SealedBrowser) -> Diagnosis:
    """Start it, let it run a check on a small page, and end it. Raises BrowserFailed."""
    begun = time.monotonic()
    try:
        verdict = (await browser.look(PAGE, [CHECK], ADDRESS)).verdicts[0]
        took = time.monotonic() - begun
        what = f"{await asyncio.to_thread(version_of, browser)}, {SANDBOX[browser.has_sandbox]}"
    finally:
        await browser.close()
    if verdict.outcome is not Outcome.PASS:
        return failed(f"{what}: it started, but could not run a check: {verdict.evidence}", "set CHROMIUM to another")
    return ok(f"{what}; it ran a check in {took:.1f} s")


def version_of(browser: SealedBrowser) -> str:
    """What the program says of itself; its path when it does not, in time. Blocks: it is started for that."""
    environment = {"PATH": os.defpath, "HOME": os.devnull}
    try:
        done = subprocess.run(  # noqa: S603 - the program that CHROMIUM names, or that was found
            [browser.name, "--version"],
            capture_output=True,
            check=True,
            stdin=subprocess.DEVNULL,
            timeout=VERSION_SECONDS,
            env=environment,
        )
    except (OSError, subprocess.SubprocessError):
        return browser.name
    return " ".join(done.stdout.decode(errors="replace").split())[:LONGEST_VERSION] or browser.name
