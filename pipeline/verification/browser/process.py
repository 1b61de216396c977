"""One running Chromium, without a network and without our environment; watched, and killed when it has to be."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from playwright.async_api import Browser, BrowserContext, CDPSession, Error, Playwright, async_playwright

from pipeline.verification.browser.launching import Launcher, reason

RECYCLE_AFTER = 50
"""Apps that one browser sees before it is replaced: what leaks goes with it."""

LAUNCH_SECONDS = 20.0
CLOSE_SECONDS = 3.0
MEMORY_LOOK_SECONDS = 0.25
MAX_PAGE_MEMORY = 768 * 1024 * 1024
MAX_BROWSER_MEMORY = 1536 * 1024 * 1024
_MAX_HEAP_MEBIBYTES = 256

# Measured against a listener on loopback: requests are answered by us, and what no interception sees (shared workers,
# preconnect, prefetch, redirects) ends at the resolver rule, which holds for addresses written as numbers as well.
# WebRTC resolves nothing: only its own policy stops its datagrams.
FLAGS = (
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--block-new-web-contents",
    f"--js-flags=--max-old-space-size={_MAX_HEAP_MEBIBYTES}",
)


class BrowserDied(Exception):
    """The browser could not be started, or ended while it was needed."""


@dataclass(slots=True)
class ChromiumProcess:
    """A browser and its processes: how many contexts were opened in it, and how many are open."""

    browser: Browser
    started: int = 0
    open: int = 0
    pid: int = 0
    _session: CDPSession | None = None
    _home: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    @classmethod
    async def launch(cls, playwright: Playwright, launcher: Launcher) -> Self:
        """Start one with an environment of its own that holds nothing of ours. Raises BrowserDied."""
        home = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        try:
            browser = await launcher.launch(
                playwright,
                args=list(FLAGS),
                env={"HOME": home.name, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"},
                timeout=LAUNCH_SECONDS * 1000,
            )
            process = cls(browser, _home=home)
            async with asyncio.timeout(LAUNCH_SECONDS):
                process._session = await browser.new_browser_cdp_session()
                process.pid = next(pid for kind, pid in await process._processes() if kind == "browser")
        except (Error, TimeoutError, OSError, StopIteration) as error:
            home.cleanup()
            raise BrowserDied(f"the browser did not start: {reason(error)}") from error
        except asyncio.CancelledError:
            home.cleanup()
            raise
        return process

    @property
    def is_usable(self) -> bool:
        """Whether it runs and has not seen too many apps."""
        return self.browser.is_connected() and self.started < RECYCLE_AFTER

    async def guard_memory(self) -> None:
        """Watch until cancelled; kill what grows too large. Raises BrowserDied when it was the browser, or that hangs.

        A page's process that is killed may belong to the app beside the one that is watched for: its own look is told
        of the crash, and nobody else's ends.
        """
        while True:
            await asyncio.sleep(MEMORY_LOOK_SECONDS)
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    processes = await self._processes()
            except (Error, TimeoutError) as error:
                self.kill()
                raise BrowserDied("the browser stopped answering") from error
            for kind, pid in processes:
                if kind == "renderer" and _memory(pid) > MAX_PAGE_MEMORY:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                if kind != "renderer" and _memory(pid) > MAX_BROWSER_MEMORY:
                    self.kill()
                    raise BrowserDied(f"the browser used more than {MAX_BROWSER_MEMORY // 1024**2} MiB of memory")

    async def see_that_it_lives(self) -> None:
        """Raises BrowserDied when it has ended, and its pages with it."""
        await asyncio.sleep(0.1)  # a page's end is told before its browser's
        if not self.browser.is_connected():
            raise BrowserDied("the browser ended")

    async def close_context(self, context: BrowserContext) -> None:
        """Close ``context``; a browser that cannot do that in time is killed."""
        await self._close_or_kill(context)

    async def close(self) -> None:
        """End it and whatever it started."""
        await self._close_or_kill(self.browser)
        if self._home:
            await asyncio.to_thread(self._home.cleanup)

    async def _close_or_kill(self, what: Browser | BrowserContext) -> None:
        try:
            with suppress(Error):  # it had ended before
                async with asyncio.timeout(CLOSE_SECONDS):
                    await what.close()
        except TimeoutError:
            self.kill()

    def kill(self) -> None:
        """End its whole process group at once: Playwright starts every browser in a group of its own."""
        with suppress(ProcessLookupError, PermissionError):
            group = os.getpgid(self.pid)
            if group != os.getpgrp():
                os.killpg(group, signal.SIGKILL)

    async def _processes(self) -> list[tuple[str, int]]:
        """Kind and id of each of its processes."""
        if self._session is None:
            return []
        said = await self._session.send("SystemInfo.getProcessInfo")
        return [(str(process["type"]), int(process["id"])) for process in said["processInfo"]]


class BrowserPool:
    """Playwright and the browser in use, started when first needed. Belongs to one event loop."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._starting = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._current: ChromiumProcess | None = None

    @asynccontextmanager
    async def browser(self, *, alone: bool) -> AsyncIterator[ChromiumProcess]:
        """The browser in use, or with ``alone`` one for this app only. Raises BrowserDied when none can be started."""
        process = await self._launch() if alone else await self._shared()
        process.started += 1
        process.open += 1
        try:
            yield process
        finally:
            process.open -= 1
            if process is not self._current and not process.open:
                await process.close()

    async def close(self) -> None:
        """End the browser in use, and Playwright's own process."""
        process, self._current = self._current, None
        if process:
            await process.close()
        await self._stop_playwright()

    async def _shared(self) -> ChromiumProcess:
        async with self._starting:
            if self._current is None or not self._current.is_usable:
                before, self._current = self._current, None
                if before and not before.open:
                    await before.close()
                self._current = await self._launch()
            return self._current

    async def _launch(self) -> ChromiumProcess:
        """Start a browser; when that fails, once more with a new Playwright, whose process may have died."""
        try:
            return await ChromiumProcess.launch(await self._running_playwright(), self._launcher)
        except BrowserDied:
            if self._current is None:
                await self._stop_playwright()
            return await ChromiumProcess.launch(await self._running_playwright(), self._launcher)

    async def _running_playwright(self) -> Playwright:
        if self._playwright is None:
            try:
                async with asyncio.timeout(LAUNCH_SECONDS):
                    self._playwright = await async_playwright().start()
            except (Error, TimeoutError, OSError) as error:
                raise BrowserDied(f"Playwright did not start: {reason(error)}") from error
        return self._playwright

    async def _stop_playwright(self) -> None:
        playwright, self._playwright = self._playwright, None
        if playwright:
            with suppress(Error, TimeoutError, OSError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await playwright.stop()


def _memory(pid: int) -> int:
    """Resident bytes of a process; 0 where the system does not tell, as anywhere but on Linux."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
