"""What evaluators are still to be told about jobs that have ended: an attempt each time one is due."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipeline.domain.address import Origin
from pipeline.domain.job import JobStatus
from pipeline.domain.notification import DeliveryState, Notification, Trigger
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.feed import DUE, JobFeed
from pipeline.jobs.records import JobRecords
from pipeline.jobs.replies import SqlReplies
from pipeline.jobs.timers import Timer
from pipeline.ports import Clock, Notifier

CLAIM_SECONDS = 400.0
"""Longer than an attempt takes with its wait for a turn."""

_jobs = tables.jobs
_url = _jobs.c.brief["evaluation_url"].as_string()


class Outbox:
    """Tells, by hand and when it is time."""

    def __init__(
        self,
        database: Database,
        records: JobRecords,
        notifier: Notifier,
        *,
        replies: SqlReplies,
        feed: JobFeed,
        clock: Clock,
    ) -> None:
        self._database = database
        self._records = records
        self._notifier = notifier
        self._replies = replies
        self._feed = feed
        self._clock = clock

    def timer(self) -> Timer:
        """Tells what is due, but not before the answers about a job have been sent."""
        return Timer(
            self._database,
            self._feed,
            self._clock,
            _jobs.c.next_attempt_at,
            self.tell_due,
            claim_seconds=CLAIM_SECONDS,
            is_ready=lambda: sa.not_(sa.exists().where(self._replies.held(_jobs.c.id))),
        )

    async def tell_due(self, job_id: str) -> None:
        """One attempt, of which the record says when the next one is."""
        query = sa.select(_url, _jobs.c.next_trigger).where(_jobs.c.id == job_id)
        row = await self._database.transact(lambda connection: connection.execute(query).one())
        await self._tell(job_id, row[0], Trigger(row.next_trigger or Trigger.SCHEDULED))

    async def tell_now(self, job_id: str, url: str) -> None:
        """One attempt by hand. What was given up stays given up when it fails."""
        await self._tell(job_id, url, Trigger.MANUAL)

    async def _tell(self, job_id: str, url: str, trigger: Trigger) -> None:
        job = await self._records.get(job_id)
        if job.publication is None:
            return
        state = await self._notifier.tell(job_id, url, Notification.of(job.key, job.publication), trigger)
        if state is DeliveryState.PENDING and job.notification is DeliveryState.DEAD_LETTER:
            state = DeliveryState.DEAD_LETTER
        await self._records.report_notification(job_id, state)

    async def retry_dead_letters(
        self, *, email: str | None = None, since: datetime | None = None, origin: Origin | None = None
    ) -> int:
        """Let dead letters be due now, and return how many; ``since`` is when their jobs were received."""
        dead = [_jobs.c.notification == DeliveryState.DEAD_LETTER, _jobs.c.status == JobStatus.SUCCEEDED]
        if email is not None:
            dead.append(_jobs.c.email == email)
        if since is not None:
            dead.append(_jobs.c.received_at >= since)
        due: dict[str, Any] = {"notification": DeliveryState.PENDING, "next_attempt_at": self._clock.now()}

        def work(connection: sa.Connection) -> int:
            rows = connection.execute(sa.select(_jobs.c.id, _url).where(*dead)).all()
            chosen = [job_id for job_id, url in rows if origin is None or Origin.of(url) == origin]
            again = _jobs.update().where(*dead, _jobs.c.id == sa.bindparam("job_id"))
            if chosen:
                values = due | {"next_trigger": Trigger.MANUAL}
                connection.execute(again.values(values), [{"job_id": job_id} for job_id in chosen])
            return len(chosen)

        count = await self._database.transact(work)
        self._feed.publish(DUE)
        return count
