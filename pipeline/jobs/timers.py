"""Work whose time is written in a column of the jobs: it waits in the database, and holds nothing."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa

from pipeline.domain.errors import PipelineError
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.feed import DUE, JobFeed
from pipeline.ports import Clock

AT_ONCE = 16
"""In one lane."""

IN_ALL = 256
LEAST_JUMP = timedelta(seconds=1)  # of a clock that was set back: what is less comes of reading two clocks
REST_SECONDS = 1.0  # while something waits for a place, or for what it is ready by
LONGEST_REST_SECONDS = 10.0  # another process may have written an earlier time, which wakes nobody here

Handle = Callable[[str], Awaitable[None]]
"""Does what is due for a job, and writes when there is more to do: None in the column = never."""

ONE_LANE = sa.literal("")

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


async def forget_claims(database: Database) -> None:
    """Those of a process that has ended, where there is but one."""
    claimed = _jobs.update().where(_jobs.c.claimed_until.is_not(None)).values(claimed_until=None)
    await database.transact(lambda connection: connection.execute(claimed))


class Timer:
    """Handles jobs when the time in ``column`` has come and ``is_ready`` holds.

    A job is handled by one process at a time, and by one timer: by the first that claims it for ``claim_seconds``,
    which ``handle`` must not take longer than. When that process dies, another takes it up after those seconds.

    Of each ``lane`` there are ``AT_ONCE`` at work here at most: what hangs in one delays no other. In a lane repeats
    come last, and before them and among them the owners take turns.
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
        lane: sa.ColumnElement[str] = ONE_LANE,
        is_repeat: sa.ColumnElement[bool] = sa.false(),  # noqa: B008 - it never changes
    ) -> None:
        self._database = database
        self._feed = feed
        self._clock = clock
        self._column = column
        self._handle = handle
        self._claim = timedelta(seconds=claim_seconds)
        self._is_ready = is_ready
        self._lane = lane
        self._is_repeat = is_repeat
        self._running: dict[asyncio.Task[None], tuple[str, str]] = {}  # and lane and owner of each
        self._loop: asyncio.Task[None] | None = None
        self._boot = self._booted_at()

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
                    running = tuple(self._running.values())  # which changes while the database's thread reads
                    claim = partial(self._claimed, running=running)
                    for job_id, lane, owner in await self._database.transact(claim):
                        task = asyncio.create_task(self._handled(job_id))
                        self._running[task] = lane, owner
                        task.add_done_callback(self._ended)
                    rest = await self._database.transact(self._rest)
                except PipelineError as error:
                    _log.warning("what is due cannot be looked up: %s", error, extra={"action": "timers.look"})
                await news.wait(rest)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._feed.publish(DUE)
        if not task.cancelled() and (error := task.exception()):
            _log.error("what was due failed in a way nobody foresaw", exc_info=error, extra={"action": "timers.bug"})

    async def _handled(self, job_id: str) -> None:
        done = _jobs.update().where(_jobs.c.id == job_id).values(claimed_until=None)
        try:
            await self._handle(job_id)
            await self._database.transact(lambda connection: connection.execute(done))
        except PipelineError as error:  # taken up again when the claim is over
            _log.warning("what was due failed: %s", error, extra={"action": "timers.failed", "job_id": job_id})

    def _claimed(self, connection: sa.Connection, running: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
        """Jobs to handle now beside those that are ``running``, each with its lane and its owner."""
        if (places := IN_ALL - len(running)) <= 0:
            return []
        now, boot = self._clock.now(), self._booted_at()
        back, self._boot = self._boot - boot, boot
        if back > LEAST_JUMP:
            self._wait_no_longer(connection, back)
        is_due = sa.and_(self._column <= now, sa.func.coalesce(_jobs.c.claimed_until, self._column) <= now)
        claim = _jobs.update().where(is_due).values(claimed_until=now + self._claim)
        due = connection.execute(self._in_turn(is_due, running).limit(places)).all()
        return [
            (row.id, row.lane, row.email)
            for row in due
            if connection.execute(claim.where(_jobs.c.id == row.id)).rowcount
        ]

    def _booted_at(self) -> datetime:
        """By the wall clock as it is now: what changes when somebody sets it."""
        return self._clock.now() - timedelta(seconds=self._clock.monotonic())

    def _wait_no_longer(self, connection: sa.Connection, back: timedelta) -> None:
        """The clock was set back: what waits does so for as long as it was to."""
        waiting = sa.select(_jobs.c.id, self._column.label("at")).where(self._column > self._clock.now())
        for row in connection.execute(waiting).all():
            own = _jobs.update().where(_jobs.c.id == row.id)
            connection.execute(own.values({self._column: row.at - back}))

    def _in_turn(self, is_due: sa.ColumnElement[bool], running: Sequence[tuple[str, str]]) -> sa.Select[Any]:
        """What is due and ready and has a place in its lane; what goes first comes first."""
        of_lane, of_owner = (Counter(place[n] for place in running) for n in (0, 1))
        order: tuple[sa.ColumnElement[Any], ...] = (self._is_repeat, self._column)
        number = sa.func.row_number().over(partition_by=(self._lane, _jobs.c.email), order_by=order)
        turn = number + _count_of(_jobs.c.email, of_owner)
        columns = (self._lane.label("lane"), self._is_repeat.label("is_repeat"), self._column.label("at"))
        query = sa.select(_jobs.c.id, _jobs.c.email, *columns, turn.label("turn"))
        due = query.where(is_due, self._is_ready()).subquery()
        order = (due.c.is_repeat, due.c.turn, due.c.at)
        place = sa.func.row_number().over(partition_by=due.c.lane, order_by=order) + _count_of(due.c.lane, of_lane)
        placed = sa.select(due, place.label("place")).subquery()
        in_order = (placed.c.is_repeat, placed.c.turn, placed.c.at)
        return sa.select(placed).where(placed.c.place <= AT_ONCE).order_by(*in_order)

    def _rest(self, connection: sa.Connection) -> float:
        """Seconds until something is due. What is due already waits for a place or is not ready: that is told."""
        claimed = _jobs.c.claimed_until
        at = sa.case((claimed > self._column, claimed), else_=self._column)
        first = connection.execute(sa.select(sa.func.min(at)).where(self._column.is_not(None))).scalar_one()
        seconds = (first - self._clock.now()).total_seconds() if first else LONGEST_REST_SECONDS
        return min(seconds, LONGEST_REST_SECONDS) if seconds > 0 else REST_SECONDS


def _count_of(name: sa.ColumnElement[str], running: Mapping[str, int]) -> sa.ColumnElement[int]:
    """How many of ``name`` are at work."""
    return sa.case(dict(running), value=name, else_=0) if running else sa.literal(0)
