"""Lets lines of batches into the queue, a bounded number at a time, so that others keep their share."""

import asyncio
import logging
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipeline.domain.errors import Busy, Conflict, FieldProblem, InvalidInput, KeyReused, NotFound, PipelineError
from pipeline.jobs import tables
from pipeline.jobs.batches.store import WAITING, WORKING, delete_batches, problems_to_json, settle
from pipeline.jobs.codec import brief_from_json
from pipeline.jobs.database import Database
from pipeline.jobs.feed import DUE, JobFeed
from pipeline.jobs.queue import JobQueue
from pipeline.jobs.stores import SqlBlobs
from pipeline.ports import Clock

REST_SECONDS = 5.0  # another process may have written, which wakes nobody here
PAUSE_SECONDS = 0.05  # between turns, however much happens

_batches, _lines = tables.batches, tables.batch_lines
_log = logging.getLogger(__name__)


class Feeder:
    """Keeps at most ``at_once`` lines of all batches in the queue or at work: first those of whoever has the fewest.

    A line is accepted as a request of its own would be, so that it makes no second job however often that happens: in
    two processes, or again after a crash.
    """

    def __init__(
        self, database: Database, jobs: JobQueue, blobs: SqlBlobs, feed: JobFeed, clock: Clock, *, at_once: int
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._blobs = blobs
        self._feed = feed
        self._clock = clock
        self._at_once = at_once
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self._loop = asyncio.create_task(self._run(self._clock.now()))

    async def stop(self, seconds: float) -> None:
        """Let nothing more in."""
        del seconds
        if self._loop:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)

    async def _run(self, begun_at: datetime) -> None:
        if self._database.is_sqlite:  # there was but one process to take batches in, and it has ended
            cut_off = sa.and_(_batches.c.key.is_(None), _batches.c.received_at < begun_at)
            await self._database.transact(lambda connection: delete_batches(connection, cut_off))
        with self._feed.subscribe(DUE) as news:
            while True:
                try:
                    await self._turn()
                except Busy:
                    pass
                except PipelineError as error:
                    _log.warning("a batch has to wait: %s", error, extra={"action": "batches.waiting"})
                await news.wait(REST_SECONDS)
                await self._clock.sleep(PAUSE_SECONDS)

    async def _turn(self) -> None:
        while True:
            for batch_id in await self._database.transact(settle):
                self._feed.publish(batch_id)
            line = await self._database.transact(self._next)
            if line is None:
                return
            await self._let_in(line)

    def _next(self, connection: sa.Connection) -> sa.Row[Any] | None:
        at_work = (
            sa.select(_lines.c.batch_id, sa.func.count())
            .join_from(_lines, _batches, _lines.c.batch_id == _batches.c.id)
            .where(_lines.c.state == WORKING, _batches.c.is_open)
            .group_by(_lines.c.batch_id)
        )
        count = {row[0]: row[1] for row in connection.execute(at_work)}
        if sum(count.values()) >= self._at_once:
            return None
        waits = sa.and_(_lines.c.batch_id == _batches.c.id, _lines.c.state == WAITING)
        first = sa.select(sa.func.min(_lines.c.number)).where(waits).scalar_subquery().label("number")
        rows = connection.execute(sa.select(_batches, first).where(_batches.c.is_open)).all()
        of_owner = {row.owner: 0 for row in rows}
        for row in rows:
            of_owner[row.owner] += count.get(row.id, 0)
        waiting = [row for row in rows if row.number is not None]
        if not waiting:
            return None
        chosen = min(waiting, key=lambda row: (of_owner[row.owner], count.get(row.id, 0), row.received_at))
        line = sa.select(_lines).where(_lines.c.batch_id == chosen.id, _lines.c.number == chosen.number)
        return connection.execute(line).one()

    async def _let_in(self, line: sa.Row[Any]) -> None:
        """Accept the request of a line that is new, or run the job of one that failed again."""
        moved: dict[str, Any] = {"state": WORKING}
        try:
            if line.brief is None:
                await self._jobs.retry(line.job_id)
            else:
                contents = await self._blobs.get_all([entry["digest"] for entry in line.brief["attachments"]])
                job, _ = await self._jobs.accept(brief_from_json(line.brief, contents))
                moved |= {"job_id": job.id, "brief": None}
        except Conflict:
            pass  # it was run again by hand, or by another process
        except InvalidInput as error:
            moved["problems"] = problems_to_json(error.problems)
        except (KeyReused, NotFound) as error:
            moved["problems"] = problems_to_json(
                [FieldProblem("nonce" if isinstance(error, KeyReused) else "body", str(error))]
            )
        own = sa.and_(_lines.c.batch_id == line.batch_id, _lines.c.number == line.number, _lines.c.state == WAITING)
        await self._database.transact(lambda connection: connection.execute(_lines.update().where(own).values(moved)))
