"""Jobs that ended without success are taken up again: by the stage that failed, with what the others came to."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from pipeline.domain.errors import Busy, Conflict, NotFound
from pipeline.domain.job import EventKind, Failure, JobStatus
from pipeline.jobs import tables
from pipeline.jobs.codec import from_json
from pipeline.jobs.database import Database
from pipeline.jobs.feed import DUE, JobFeed
from pipeline.jobs.outcomes import forget_outcomes, outcomes_of, worth_keeping
from pipeline.jobs.queued import BUSY_RETRY_SECONDS, last_turn, require_room
from pipeline.jobs.shares import Shares
from pipeline.jobs.sharing import settle_followers
from pipeline.jobs.timeline import add_event
from pipeline.jobs.turns import one_at_a_time, whose_turn_it_is
from pipeline.ports import Clock

ENDED_BADLY = (JobStatus.FAILED, JobStatus.CANCELLED)

_jobs, _calls = tables.jobs, tables.model_calls


class Retries:
    """One transaction for each job: its row, the place in the queue, and what it begins with."""

    def __init__(
        self,
        database: Database,
        shares: Shares,
        feed: JobFeed,
        clock: Clock,
        *,
        deadline: timedelta,
        queue_limit: int,
    ) -> None:
        self._database = database
        self._shares = shares
        self._feed = feed
        self._clock = clock
        self._deadline = deadline
        self._queue_limit = queue_limit

    async def retry(self, job_id: str) -> None:
        """Let a job wait again; one that shares another's app together with that other one.

        Raises:
            NotFound: no such job.
            Conflict: it has not ended, or has succeeded.
            Busy: too many jobs are waiting, or the owner has no share left.
        """
        now = self._clock.now()

        def work(connection: sa.Connection) -> list[str]:
            one_at_a_time(connection, sa.select(_jobs.c.email).where(_jobs.c.id == job_id).scalar_subquery())
            row = _locked(connection, job_id)
            if row.status not in ENDED_BADLY:
                told = "has succeeded" if row.status == JobStatus.SUCCEEDED else f"has not ended: it is {row.status}"
                raise Conflict(f"job {job_id} {told}, so there is nothing to run again")
            require_room(connection, self._queue_limit)
            self._shares.require(connection, row.email, now)
            leader = _locked(connection, row.leader) if row.leader else row
            moved = [self._let_wait(connection, job_id, now)]
            if leader.status in ENDED_BADLY:
                if leader is not row:
                    moved.append(self._let_wait(connection, leader.id, now))
                failed_with_it = sa.and_(_jobs.c.leader == leader.id, _jobs.c.status == JobStatus.FAILED)
                others = connection.execute(sa.select(_jobs.c.id).where(failed_with_it)).scalars().all()
                moved += [self._let_wait(connection, other, now) for other in others]
                self._begin_with_what_is_done(connection, leader)
            return moved + settle_followers(connection, leader.id, now)

        for moved in (*await self._database.transact(work), DUE):
            self._feed.publish(moved)

    async def retry_failed(self, *, email: str | None = None, since: datetime | None = None) -> int:
        """The same for all that failed, oldest first; how many. Raises Busy, which says how many came in."""
        query = sa.select(_jobs.c.id).where(_jobs.c.status == JobStatus.FAILED).order_by(_jobs.c.seq)
        if email is not None:
            query = query.where(_jobs.c.email == email)
        if since is not None:
            query = query.where(_jobs.c.received_at >= since)
        count = 0
        for job_id in await self._database.transact(lambda connection: connection.execute(query).scalars().all()):
            try:
                await self.retry(job_id)
            except (Conflict, NotFound):  # together with the one whose app it shares, or somebody else was faster
                pass
            except Busy as full:
                told = f"{count} jobs are run again, then the queue was full: ask once more in a while"
                raise Busy(told, retry_after_seconds=BUSY_RETRY_SECONDS) from full
            count += 1
        return count

    def _let_wait(self, connection: sa.Connection, job_id: str, now: datetime) -> str:
        values: dict[str, Any] = {
            "status": JobStatus.WAITING,
            "failure": None,
            "finished_at": None,
            "retried_at": now,
            "deadline": now + self._deadline,
            "turn": last_turn(connection),
            "attempt": _jobs.c.attempt + 1,
        }
        connection.execute(_jobs.update().where(_jobs.c.id == job_id).values(values))
        add_event(connection, job_id, now, EventKind.STATUS, None, detail=f"{JobStatus.WAITING}: taken up again")
        return job_id

    def _begin_with_what_is_done(self, connection: sa.Connection, row: sa.Row[Any]) -> None:
        failure = from_json(Failure, row.failure) if row.failure else None
        kept = worth_keeping(outcomes_of(connection, row.id), JobStatus(row.status), failure)
        forget_outcomes(connection, row.id, kept)
        if failure:
            # The last answer led to nothing: it stays on the bill, but the question may be asked anew.
            last = sa.select(sa.func.max(_calls.c.id)).where(_calls.c.job_id == row.id).scalar_subquery()
            connection.execute(_calls.update().where(_calls.c.id == last).values(request_digest=""))
        self._shares.let_in(connection, whose_turn_it_is().where(_jobs.c.id == row.id))


def _locked(connection: sa.Connection, job_id: str) -> sa.Row[Any]:
    row = connection.execute(sa.select(_jobs).where(_jobs.c.id == job_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("no such job")
    return row
