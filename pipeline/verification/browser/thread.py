"""A thread with an event loop of its own, for what belongs to one loop."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_log = logging.getLogger(__name__)


class _SessionLoop(asyncio.SelectorEventLoop):
    """Programs that are started on it get sessions of their own: signals to our process group are for us alone.

    A terminal's Ctrl-C is one. Playwright starts its driver, which ends with its standard input, on the loop in use.
    """

    async def subprocess_exec(self, *args: Any, **kwargs: Any) -> tuple[asyncio.SubprocessTransport, Any]:
        return await super().subprocess_exec(*args, **{**kwargs, "start_new_session": True})

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        _log.info("%s: %s", context["message"], context.get("exception"), extra={"action": "browser.loop"})


class LoopThread:
    """A thread that runs an event loop."""

    def __init__(self) -> None:
        self._loop = _SessionLoop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="browser", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run ``work`` there; cancelling what is returned cancels it."""
        return asyncio.run_coroutine_threadsafe(self._tracked(work), self._loop)

    async def stop(self, last_work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancel what still runs, do ``last_work`` and end the thread."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._end(last_work), self._loop))
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()

    async def _tracked(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        try:
            return await task
        finally:
            self._tasks.discard(task)

    async def _end(self, last_work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await last_work()
        await self._loop.shutdown_default_executor()
