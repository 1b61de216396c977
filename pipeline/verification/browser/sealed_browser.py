"""A sealed browser: apps are opened in it before anybody else sees them, and can reach nothing from there.

Playwright is optional and imported only once a browser is there to drive.
"""

import asyncio
import importlib.util
import logging
import os
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.domain.acceptance import AcceptanceTest
from pipeline.domain.address import UrlRule
from pipeline.domain.brief import Check
from pipeline.domain.errors import Misconfigured, PipelineError
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Trial, Verification
from pipeline.verification.addresses import ServedApp
from pipeline.verification.browser.cdn import CdnFiles
from pipeline.verification.browser.launching import Launcher, SandboxMode
from pipeline.verification.browser.thread import LoopThread
from pipeline.verification.files.workflows import made_in_ci

if TYPE_CHECKING:
    from pipeline.verification.browser.process import BrowserPool, ChromiumProcess

T = TypeVar("T")

_log = logging.getLogger(__name__)

APPS_AT_ONCE = 2
QUEUE_SECONDS = 120.0
OFF = "none"

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_PLAYWRIGHT_FOLDERS = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright", "/ms-playwright")
_PLAYWRIGHT_NAMES = ("headless_shell", "chrome-headless-shell", "chrome")


class BrowserFailed(PipelineError):
    """No look at the app was possible, for reasons that are not the app's."""

    code = "browser_failed"


def find_browser(setting: str | None) -> Path | None:
    """The browser that CHROMIUM names, else the first that is installed; None without one or without Playwright.

    ``setting`` is a path, a program's name, ``none`` for no browser, or None to look for one.

    Raises:
        Misconfigured: CHROMIUM names what cannot be run, or Playwright is not installed for it.
    """
    if setting and setting.strip().lower() == OFF:
        return None
    has_playwright = importlib.util.find_spec("playwright") is not None
    if setting:
        found = shutil.which(setting)
        if found is None:
            raise Misconfigured("CHROMIUM is not a program that can be run: set it to a browser's path, or to none")
        if not has_playwright:
            raise Misconfigured("CHROMIUM names a browser, but the Python package playwright is not installed")
        return Path(found)
    if not has_playwright:
        return None
    installed = next((path for name in _NAMES if (path := shutil.which(name))), None)
    return Path(installed) if installed else _browser_of_playwright()


def _browser_of_playwright() -> Path | None:
    """The newest browser that ``playwright install`` left in its usual folder."""
    for folder in _PLAYWRIGHT_FOLDERS:
        for name in _PLAYWRIGHT_NAMES:
            found = [
                path for path in Path(folder).expanduser().glob(f"chromium*-*/*/{name}") if os.access(path, os.X_OK)
            ]
            if found:
                return max(found, key=lambda path: path.stat().st_mtime)
    return None


class SealedBrowser:
    """Looks at apps, a few at once. Safe to use from any thread and event loop.

    The browser lives on a thread and an event loop of its own, started with the first look: Playwright's objects
    belong to one loop, while jobs and the closing of the service run on different ones. Without ``cdn``, libraries of
    pages count as out of reach. With a ``live`` rule apps are looked at where they are published, as visitors see them,
    and their pages may ask what that rule allows.

    Attributes:
        is_draining: set when the service is about to stop: whoever stops it may have ended the browser too.
    """

    is_draining = False

    def __init__(
        self,
        executable: Path,
        cdn: CdnFiles | None = None,
        *,
        apps_at_once: int = APPS_AT_ONCE,
        sandbox: SandboxMode = "auto",
        live: UrlRule | None = None,
    ) -> None:
        self.name = str(executable)
        self._launcher = Launcher(executable, sandbox)
        self._cdn = cdn
        self._apps_at_once = apps_at_once
        self._live = live
        self._guard = threading.Lock()
        self._looks: _Looks | None = None
        self._thread: LoopThread | None = None

    @property
    def version(self) -> str | None:
        """That of the browser; None until one was started."""
        return self._launcher.version

    @property
    def has_sandbox(self) -> bool | None:
        """Whether the browser has a sandbox of its own; None until one was started."""
        return self._launcher.sandbox

    @property
    def is_live(self) -> bool:
        """Whether it looks at what is published."""
        return self._live is not None

    async def look(
        self, files: AppFiles, checks: Sequence[Check], address: str, earlier: Sequence[Check] = ()
    ) -> Verification:
        """Open ``files`` as if they were served at ``address``, which ends with a slash, and judge ``checks``.

        Checks of ``earlier`` rounds are judged on pages of their own. Checks in prose that a browser cannot decide get
        no verdict.

        Raises:
            BrowserFailed: the browser was lost in both of two looks, or all places are taken for too long.
            CancelledError: the same while draining. So the stage stays open, and the next start looks again.
        """
        try:
            return await self._on_its_thread(lambda looks: looks.look(_served(files, address), checks, earlier))
        except BrowserFailed as error:
            if self.is_draining:
                raise asyncio.CancelledError(str(error)) from error
            raise

    async def take(self, files: AppFiles, address: str, wanted: Mapping[str, str]) -> Mapping[str, bytes]:
        """The Camera port: none are taken when the browser is lost, or busy for too long."""
        with suppress(BrowserFailed):
            return await self._on_its_thread(lambda looks: looks.take(_served(files, address), wanted))
        return {}

    async def play(self, files: AppFiles, address: str, tests: Sequence[AcceptanceTest]) -> tuple[Trial, ...]:
        """What becomes of ``tests``. Raises BrowserFailed."""
        return await self._on_its_thread(lambda looks: looks.play(_served(files, address), tests))

    async def _on_its_thread(self, work: "Callable[[_Looks], Coroutine[Any, Any, T]]") -> T:
        with self._guard:  # so that nothing is handed to a thread that is being ended
            if self._thread is None or self._looks is None:
                self._thread = LoopThread()
                self._looks = _Looks(self._launcher, self._cdn, self._apps_at_once, self._live)
            done = self._thread.submit(work(self._looks))
        return await asyncio.wrap_future(done)

    async def close(self) -> None:
        """End the browser and everything that was started for it. The next look starts it anew."""
        with self._guard:
            thread, looks = self._thread, self._looks
            self._thread = self._looks = None
        if thread and looks:
            await thread.stop(looks.close)


def _served(files: AppFiles, address: str) -> ServedApp:
    return ServedApp(files, address, made_in_ci(files))


class _Looks:
    """What SealedBrowser does on its own event loop."""

    def __init__(self, launcher: Launcher, cdn: CdnFiles | None, apps_at_once: int, live: UrlRule | None) -> None:
        self._launcher = launcher
        self._cdn = cdn
        self._live = live
        self._places = asyncio.Semaphore(apps_at_once)
        self._pool: BrowserPool | None = None

    async def look(self, app: ServedApp, checks: Sequence[Check], earlier: Sequence[Check]) -> Verification:
        async with self._place():
            return await self._look_twice_at_most(app, checks, earlier)

    async def take(self, app: ServedApp, wanted: Mapping[str, str]) -> Mapping[str, bytes]:
        from pipeline.verification.browser.network import SealedNetwork
        from pipeline.verification.browser.pictures import take_pictures

        async with self._shared_browser() as process:
            return await take_pictures(process, SealedNetwork(app, self._cdn), wanted)

    async def play(self, app: ServedApp, tests: Sequence[AcceptanceTest]) -> tuple[Trial, ...]:
        from pipeline.verification.browser.network import SealedNetwork
        from pipeline.verification.browser.visits import play

        async with self._shared_browser() as process:
            return await play(process, lambda: SealedNetwork(app, self._cdn), tests)

    @asynccontextmanager
    async def _shared_browser(self) -> "AsyncIterator[ChromiumProcess]":
        from pipeline.verification.browser.process import BrowserDied, BrowserPool

        self._pool = self._pool or BrowserPool(self._launcher)
        try:
            async with self._place(), self._pool.browser(alone=False) as process:
                yield process
        except BrowserDied as error:
            raise BrowserFailed(str(error)) from error

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise BrowserFailed(f"the browser was busy for {QUEUE_SECONDS:g} seconds") from None
        try:
            yield
        finally:
            self._places.release()

    async def _look_twice_at_most(
        self, app: ServedApp, checks: Sequence[Check], earlier: Sequence[Check]
    ) -> Verification:
        """Look; when the browser is lost, this need not be the app's doing: look again in one for this app alone."""
        from pipeline.verification.browser.live import LiveNetwork
        from pipeline.verification.browser.look import look_at, look_at_killer
        from pipeline.verification.browser.network import SealedNetwork
        from pipeline.verification.browser.process import BrowserDied, BrowserOverwhelmed, BrowserPool
        from pipeline.verification.browser.trace import with_trace

        def network() -> SealedNetwork:
            return LiveNetwork(app, None, rule=self._live) if self._live else SealedNetwork(app, self._cdn)

        async def looked(process: "ChromiumProcess") -> Verification:
            seen = await look_at(process, network, checks, earlier)
            return seen if self._live else await with_trace(process, network(), seen)

        self._pool = self._pool or BrowserPool(self._launcher)
        try:
            async with self._pool.browser(alone=False) as process:
                return await looked(process)
        except BrowserDied as error:
            _log.info("the app is looked at again: %s", error, extra={"action": "browser.lost"})
        try:
            async with self._pool.browser(alone=True) as process:
                return await looked(process)
        except BrowserOverwhelmed as error:
            return look_at_killer(checks, earlier, str(error))
        except BrowserDied as error:
            raise BrowserFailed(f"{error} (so ended the second look of two)") from error

    async def close(self) -> None:
        if self._pool:
            await self._pool.close()
