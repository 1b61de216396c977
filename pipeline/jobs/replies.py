"""Answers to those who posted briefs, as far as they have not been sent: no callback goes out before them."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.feed import DUE, JobFeed
from pipeline.ports import Clock

HOLD_SECONDS = 15.0
"""An answer holds callbacks back for so long, unless it is renewed: whoever was to give it may have died."""

RENEW_SECONDS = 5.0

_table = tables.replies


class SqlReplies:
    """One row for each answer that is still to be sent, by whatever process."""

    def __init__(self, database: Database, feed: JobFeed, clock: Clock) -> None:
        self._database = database
        self._feed = feed
        self._clock = clock

    def hold(self, connection: sa.Connection, job_id: str, reply: str) -> None:
        """Let callbacks of the job wait for the answer ``reply``, from the caller's transaction on."""
        connection.execute(_table.insert().values(id=reply, job_id=job_id, until=self._until()))

    async def renew(self, reply: str) -> None:
        """It is still to come."""
        statement = _table.update().where(_table.c.id == reply).values(until=self._until())
        await self._database.transact(lambda connection: connection.execute(statement))

    async def release(self, reply: str) -> None:
        """It has been sent, or nobody waits for it any more."""
        statement = _table.delete().where(_table.c.id == reply)
        await self._database.transact(lambda connection: connection.execute(statement))
        self._feed.publish(DUE)

    async def forget(self) -> None:
        """Those of a process that has ended, where there is but one."""
        await self._database.transact(lambda connection: connection.execute(_table.delete()))

    def held(self, job_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        """The condition for rows that hold callbacks of the job back now."""
        return sa.and_(_table.c.job_id == job_id, _table.c.until > self._clock.now())

    def _until(self) -> datetime:
        return self._clock.now() + timedelta(seconds=HOLD_SECONDS)
