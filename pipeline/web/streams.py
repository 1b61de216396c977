"""Event streams: how many may be open at once, and how one is opened."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

from pipeline.domain.errors import Busy, PipelineError

MAX_STREAMS = 256
MAX_STREAMS_PER_CALLER = 32
RETRY_AFTER_SECONDS = 10

T = TypeVar("T")


class Streams:
    """Counts open streams, per caller and in total. Used from one event loop."""

    def __init__(self, most: int = MAX_STREAMS, most_per_caller: int = MAX_STREAMS_PER_CALLER) -> None:
        self._most = most
        self._most_per_caller = most_per_caller
        self._open: Counter[str] = Counter()

    @contextmanager
    def place(self, caller: str) -> Iterator[None]:
        """Hold one place while the stream lasts. Raises Busy when there is none left."""
        if self._open[caller] >= self._most_per_caller or self._open.total() >= self._most:
            raise Busy("too many event streams are open", retry_after_seconds=RETRY_AFTER_SECONDS)
        self._open[caller] += 1
        try:
            yield
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]  # callers come and go; what they leave must not add up


class OpenedStream(Generic[T]):
    """Items of which the first was already asked for, so that what goes wrong with it can still become a status."""

    def __init__(self, items: AsyncGenerator[T, None]) -> None:
        self._items = items
        self._next: asyncio.Future[T | None] = asyncio.ensure_future(anext(items, None))

    async def wait_for_first(self, seconds: float) -> None:
        """Return when there is an item, there is none, or ``seconds`` are over. Raises what ``items`` raise."""
        await asyncio.wait({self._next}, timeout=seconds)
        if self._next.done():
            self._next.result()

    async def read(self, seconds: float) -> AsyncIterator[T]:
        """Every item, for at most ``seconds``. Raises what ``items`` raise."""
        with suppress(TimeoutError):
            end = asyncio.get_running_loop().time() + seconds
            while (item := await self._until(end)) is not None:
                yield item
                self._next = asyncio.ensure_future(anext(self._items, None))

    async def close(self) -> None:
        """Let go of where they come from."""
        self._next.cancel()
        with suppress(asyncio.CancelledError, PipelineError):
            await self._next
        await self._items.aclose()

    async def _until(self, end: float) -> T | None:
        async with asyncio.timeout_at(end):
            return await self._next
