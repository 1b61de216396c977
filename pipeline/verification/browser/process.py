"""One running Chromium, without a network and without our environment; watched, and killed when it has to be."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
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


class BrowserOverwhelmed(BrowserDied):
    """It was ended because what was open in it took too much."""


@dataclass(slots=True)
class ChromiumProcess:
    """A browser and its processes, Playwright's driver among them: so there is one thing to lose, and to replace.

    Attributes:
        alone: whether it was started for one app only.
        started, open: how many contexts were opened in it, and how many are open.
    """

    browser: Browser
    alone: bool = False
    started: int = 0
    open: int = 0
    pid: int = 0
    _session: CDPSession | None = None
    _belongings: AsyncExitStack = field(default_factory=AsyncExitStack, repr=False)

    @classmethod
    async def launch(cls, launcher: Launcher, *, alone: bool) -> Self:
        """Start one with an environment of its own that holds nothing of ours. Raises BrowserDied."""
        async with AsyncExitStack() as belongings:
            home = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
            belongings.push_async_callback(asyncio.to_thread, home.cleanup)
            try:
                playwright = await _start_playwright()
                belongings.push_async_callback(_stop_playwright, playwright)
                browser = await launcher.launch(
                    playwright,
                    args=list(FLAGS),
                    env={"HOME": home.name, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"},
                    timeout=LAUNCH_SECONDS * 1000,
                )
                process = cls(browser, alone)
                async with asyncio.timeout(LAUNCH_SECONDS):
                    process._session = await browser.new_browser_cdp_session()
                    process.pid = next(pid for kind, pid in await process._processes() if kind == "browser")
            except (Error, TimeoutError, OSError, StopIteration) as error:
                raise BrowserDied(f"the browser did not start: {reason(error)}") from error
            process._belongings = belongings.pop_all()
        return process

    async def is_usable(self) -> bool:
        """Whether it runs and has not seen too many apps."""
        with suppress(BrowserDied):
            await self.see_that_it_lives()
            return self.started < RECYCLE_AFTER
        return False

    async def guard_memory(self) -> None:
        """Watch until cancelled; kill what grows too large. Raises BrowserDied when it was the browser, or that hangs.

        A page's process that is killed may belong to the app beside the one that is watched for: its own look is told
        of the crash, and nobody else's ends.
        """
        while True:
            await asyncio.sleep(MEMORY_LOOK_SECONDS)
            for kind, pid in await self._processes():
                if kind == "renderer" and _memory(pid) > MAX_PAGE_MEMORY:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                if kind != "renderer" and _memory(pid) > MAX_BROWSER_MEMORY:
                    self.kill()
                    raise BrowserOverwhelmed(
                        f"the browser used more than {MAX_BROWSER_MEMORY // 1024**2} MiB of memory"
                    )

    async def see_that_it_lives(self) -> None:
        """Raises BrowserDied when it has ended, or does not answer."""
        await self._processes()

    async def close_context(self, context: BrowserContext) -> None:
        """Close ``context``; a browser that cannot do that in time is killed."""
        await self._close_or_kill(context)

    async def close(self) -> None:
        """End it and whatever it started."""
        await self._close_or_kill(self.browser)
        await self._belongings.aclose()

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
        """Kind and id of each of its processes. Raises BrowserDied without an answer."""
        if self._session is None:
            return []
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                said = await self._session.send("SystemInfo.getProcessInfo")
        except (Error, TimeoutError) as error:
            self.kill()
            raise BrowserDied(
                "the browser ended" if isinstance(error, Error) else "the browser stopped answering"
            ) from error
        return [(str(process["type"]), int(process["id"])) for process in said["processInfo"]]


class BrowserPool:
    """The browser in use, started when first needed. Belongs to one event loop."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._starting = asyncio.Lock()
        self._current: ChromiumProcess | None = None

    @asynccontextmanager
    async def browser(self, *, alone: bool) -> AsyncIterator[ChromiumProcess]:
        """The browser in use, or with ``alone`` one for this app only. Raises BrowserDied when none can be started."""
        process = await (ChromiumProcess.launch(self._launcher, alone=True) if alone else self._shared())
        process.started += 1
        process.open += 1
        try:
            yield process
        finally:
            process.open -= 1
            if process is not self._current and not process.open:
                await process.close()

    async def close(self) -> None:
        """End the browser in use."""
        process, self._current = self._current, None
        if process:
            await process.close()

    async def _shared(self) -> ChromiumProcess:
        async with self._starting:
            if self._current is None or not await self._current.is_usable():
                before, self._current = self._current, None
                if before and not before.open:
                    await before.close()
                self._current = await ChromiumProcess.launch(self._launcher, alone=False)
            return self._current


async def _start_playwright() -> Playwright:
    try:
        async with asyncio.timeout(LAUNCH_SECONDS):
            return await async_playwright().start()
    except Exception as error:  # Playwright raises just that when its process ends at its start
        raise BrowserDied(f"Playwright did not start: {reason(error)}") from error


async def _stop_playwright(playwright: Playwright) -> None:
    with suppress(Error, TimeoutError, OSError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await playwright.stop()


def _memory(pid: int) -> int:
    """Resident bytes of a process; 0 where the system does not tell, as anywhere but on Linux."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
