"""Event streams: how one is opened."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Generic, TypeVar

from pipeline.domain.errors import PipelineError

T = TypeVar("T")


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
