"""Wakes whoever waits for a job, from whatever thread the news comes."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Bell:
    """Rings for one waiter, on the loop that the waiter runs on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiter. Safe from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._rung.set)
        except RuntimeError:  # the loop was closed: nobody waits any more
            return

    async def wait(self, seconds: float) -> bool:
        """Wait for a ring since the last wait, at most ``seconds``; return whether there was one."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True


class JobFeed:
    """The bells of all jobs. A missed ring costs time, never news: waiters look at the records after every wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bells: defaultdict[str, set[Bell]] = defaultdict(set)

    def ring(self, job_id: str) -> None:
        """Wake those who wait for ``job_id``. Safe from any thread."""
        with self._lock:
            bells = list(self._bells.get(job_id, ()))
        for bell in bells:
            bell.ring()

    @contextmanager
    def listen(self, job_id: str) -> Iterator[Bell]:
        """Hear every ring for ``job_id`` within the block."""
        bell = Bell()
        with self._lock:
            self._bells[job_id].add(bell)
        try:
            yield bell
        finally:
            with self._lock:
                self._bells[job_id].discard(bell)
                if not self._bells[job_id]:
                    del self._bells[job_id]
