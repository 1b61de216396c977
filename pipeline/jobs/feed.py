"""Wakes whoever waits for a job, from whatever thread the news comes."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

DUE = "due"
"""What those subscribe to who work off what is due, whatever job it is of."""


class WakeEvent:
    """An ``asyncio.Event`` of one waiter, on the loop that the waiter runs on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake the waiter. Safe from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:  # the loop was closed: nobody waits any more
            return

    async def wait(self, seconds: float) -> bool:
        """Wait until it is set, at most ``seconds``, and clear it; return whether it was."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class JobFeed:
    """The waiters of all jobs. A missed event costs time, never news: waiters look at the records after every wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: defaultdict[str, set[WakeEvent]] = defaultdict(set)

    def publish(self, job_id: str) -> None:
        """Wake those who wait for ``job_id``. Safe from any thread."""
        with self._lock:
            events = list(self._events.get(job_id, ()))
        for event in events:
            event.set()

    @contextmanager
    def subscribe(self, job_id: str) -> Iterator[WakeEvent]:
        """An event that is set whenever there is news of ``job_id`` within the block."""
        event = WakeEvent()
        with self._lock:
            self._events[job_id].add(event)
        try:
            yield event
        finally:
            with self._lock:
                self._events[job_id].discard(event)
                if not self._events[job_id]:
                    del self._events[job_id]
