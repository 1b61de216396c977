"""A Space's log, from the library's blocking reader to an async iterator."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterable

from pipeline.domain.errors import HubError
from pipeline.domain.space import LogLine
from pipeline.spaces.answers import FAILURES, plain
from pipeline.spaces.client import CallLimit, within

LONGEST_LINE = 4_000
MOST_LINES = 50_000
LINES_AHEAD = 500
SILENCE_SECONDS = 30.0
"""The Hub sends signs of life in between; a reader that nobody waits for any more ends with the next of them."""

_END = None


async def log_lines(
    read: Callable[[], Iterable[str]], translate: Callable[[BaseException], HubError], seconds: float | None
) -> AsyncGenerator[LogLine, None]:
    """The lines that ``read`` gives, fit for a terminal, at most ``MOST_LINES``.

    Args:
        read: blocks while it is iterated. Has a thread of its own, because logs may be followed for hours, which would
            use up the threads that all calls share.
        translate: what ``read`` raises -> what is raised here.
        seconds: after which the log is taken for read; None = when the Hub ends it.
    """
    limit = CallLimit(seconds, SILENCE_SECONDS)
    bridge = _Bridge(asyncio.get_running_loop(), limit)
    threading.Thread(target=bridge.pump, args=(read,), name="space-log", daemon=True).start()
    try:
        while (item := await bridge.next()) is not _END:
            if isinstance(item, BaseException):
                raise translate(item) from item
            yield LogLine(item)
    finally:
        limit.abandon()


class _Bridge:
    """Hands lines from a thread to an event loop, at most ``LINES_AHEAD`` before they are wanted."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: CallLimit) -> None:
        self._loop = loop
        self._limit = limit
        self._lines: asyncio.Queue[str | BaseException | None] = asyncio.Queue()
        self._free = threading.Semaphore(LINES_AHEAD)

    async def next(self) -> str | BaseException | None:
        item = await self._lines.get()
        self._free.release()
        return item

    def pump(self, read: Callable[[], Iterable[str]]) -> None:
        end: BaseException | None = _END
        try:
            within(self._limit, lambda: self._pump_lines(read()))
        except FAILURES as error:
            end = _END if self._limit.is_over else error  # of a log that does not end, this much was asked for
        self._put(end)

    def _pump_lines(self, texts: Iterable[str]) -> None:
        count = 0
        for text in texts:
            for line in text.splitlines():
                count += 1
                if count > MOST_LINES:
                    self._put(f"… the log is longer than {MOST_LINES} lines")
                    return
                if not self._put(plain(line[:LONGEST_LINE])):
                    return

    def _put(self, item: str | BaseException | None) -> bool:
        """Whether anybody still waits."""
        while not self._free.acquire(timeout=1):
            if self._limit.is_abandoned:
                return False
        if self._limit.is_abandoned or self._loop.is_closed():
            return False
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, item)
        except RuntimeError:  # the loop was closed just now
            return False
        return True
