"""Work whose time is written in a column of the jobs: it waits in the database, and holds nothing."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from pipeline.domain.errors import PipelineError
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.feed import DUE, JobFeed
from pipeline.ports import Clock

AT_ONCE = 16
SHORTEST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 10.0  # another process may have written an earlier time, which wakes nobody here

Handle = Callable[[str], Awaitable[None]]
"""Does what is due for a job, and writes when there is more to do: None in the column = never."""

_jobs = tables.jobs
_log = logging.getLogger(__name__)


def always() -> sa.ColumnElement[bool]:
    """The condition of a timer that waits for its time alone."""
    return sa.true()


class Runs(Protocol):
    """What works beside the jobs, from the engine's start to its stop."""

    def start(self) -> None:
        """Begin, on the running loop."""

    async def stop(self, seconds: float) -> None:
        """Begin nothing more, and let what is under way end, for ``seconds`` at most."""


class Timer:
    """Handles jobs when the time in ``column`` has come and ``is_ready`` holds.

    A job is handled by one process at a time: the first that moves its time by ``claim_seconds``, which ``handle`` must
    not take longer than. When that process dies, another takes it up after those seconds.
    """

    def __init__(
        self,
        database: Database,
        feed: JobFeed,
        clock: Clock,
        column: sa.Column[Any],
        handle: Handle,
        *,
        claim_seconds: float,
        is_ready: Callable[[], sa.ColumnElement[bool]] = always,
    ) -> None:
        self._database = database
        self._feed = feed
        self._clock = clock
        self._column = column
        self._handle = handle
        self._claim = timedelta(seconds=claim_seconds)
        self._is_ready = is_ready
        self._running: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self._loop = asyncio.create_task(self._run())

    async def stop(self, seconds: float) -> None:
        """Begin nothing more, and let what is under way end, for ``seconds`` at most."""
        if self._loop:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self) -> None:
        with self._feed.subscribe(DUE) as news:
            while True:
                rest = LONGEST_REST_SECONDS
                try:
                    for job_id in await self._database.transact(self._claimed):
                        task = asyncio.create_task(self._handled(job_id))
                        self._running.add(task)
                        task.add_done_callback(self._ended)
                    rest = await self._database.transact(self._rest)
                except PipelineError as error:
                    _log.warning("what is due cannot be looked up: %s", error, extra={"action": "timers.look"})
                await news.wait(rest)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._feed.publish(DUE)
        if not task.cancelled() and (error := task.exception()):
            _log.error("what was due failed in a way nobody foresaw", exc_info=error, extra={"action": "timers.bug"})

    async def _handled(self, job_id: str) -> None:
        try:
            await self._handle(job_id)
        except PipelineError as error:  # taken up again when the claim is over
            _log.warning("what was due failed: %s", error, extra={"action": "timers.failed", "job_id": job_id})

    def _claimed(self, connection: sa.Connection) -> list[str]:
        now, column = self._clock.now(), self._column
        if (places := AT_ONCE - len(self._running)) <= 0:
            return []
        due = sa.select(_jobs.c.id, column).where(column <= now, self._is_ready()).order_by(column).limit(places)
        claimed = []
        for job_id, at in connection.execute(due).all():
            untouched = sa.and_(_jobs.c.id == job_id, column == at)
            if connection.execute(_jobs.update().where(untouched).values({column: now + self._claim})).rowcount:
                claimed.append(job_id)
        return claimed

    def _rest(self, connection: sa.Connection) -> float:
        """Seconds until something is due. What is due already waits for a place or is not ready: that is told."""
        first = connection.execute(sa.select(sa.func.min(self._column))).scalar_one()
        seconds = (first - self._clock.now()).total_seconds() if first else LONGEST_REST_SECONDS
        return min(max(seconds, SHORTEST_REST_SECONDS), LONGEST_REST_SECONDS)
