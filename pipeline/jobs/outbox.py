"""What evaluators are still to be told: an attempt each time one is due, and by hand."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from pipeline.domain.address import Origin
from pipeline.domain.errors import NotFound
from pipeline.domain.job import EventKind, Job, JobStatus, Stage
from pipeline.domain.notification import (
    Delivery,
    DeliveryState,
    NextStep,
    Notification,
    Schedule,
    Trigger,
    next_step,
)
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.failpoint import Failpoint, Moment
from pipeline.jobs.feed import DUE, JobFeed
from pipeline.jobs.journal import log_telling
from pipeline.jobs.records import JobRecords
from pipeline.jobs.replies import HOLD_SECONDS, SqlReplies
from pipeline.jobs.stores import add_delivery
from pipeline.jobs.timeline import add_event
from pipeline.jobs.timers import Timer
from pipeline.ports import Clock, Notifier

CLAIM_SECONDS = 120.0
"""Longer than an attempt takes, with what is written before and after it."""

_jobs, _deliveries = tables.jobs, tables.deliveries
_url = _jobs.c.brief["evaluation_url"].as_string()


class Outbox:
    """Tells when it is time: quickly until a job's deadline, then slowly for ``retry_time``."""

    def __init__(
        self,
        database: Database,
        records: JobRecords,
        notifier: Notifier,
        *,
        replies: SqlReplies,
        feed: JobFeed,
        clock: Clock,
        failpoint: Failpoint,
        retry_time: timedelta,
    ) -> None:
        self._database = database
        self._records = records
        self._notifier = notifier
        self._replies = replies
        self._feed = feed
        self._clock = clock
        self._failpoint = failpoint
        self._retry_time = retry_time

    def timer(self) -> Timer:
        """Tells what is due, but not before the answers about a job have been sent."""
        return Timer(
            self._database,
            self._feed,
            self._clock,
            _jobs.c.next_attempt_at,
            self.tell_due,
            claim_seconds=CLAIM_SECONDS,
            is_ready=self._is_answered,
            lane=sa.func.coalesce(_jobs.c.receiver, ""),
            is_repeat=sa.exists().where(_deliveries.c.job_id == _jobs.c.id),
        )

    def _is_answered(self) -> sa.ColumnElement[bool]:
        """Or has been live for long: other answers may come without end."""
        long_ago = self._clock.now() - timedelta(seconds=HOLD_SECONDS)
        return sa.or_(sa.not_(sa.exists().where(self._replies.held(_jobs.c.id))), _jobs.c.live_at < long_ago)

    async def tell_due(self, job_id: str) -> None:
        """One attempt, of which the record says when the next one is; none where a success is on record."""
        query = sa.select(_url, _jobs.c.next_trigger).where(_jobs.c.id == job_id)
        url, trigger = await self._database.transact(lambda connection: connection.execute(query).one())
        job = await self._records.get(job_id)
        if any(next_step(delivery.status) is NextStep.DONE for delivery in job.deliveries):
            done = _jobs.update().where(_jobs.c.id == job_id)
            done = done.values(notification=DeliveryState.DELIVERED, next_attempt_at=None)
            await self._database.transact(lambda connection: connection.execute(done))
        elif job.next_attempt_at:  # else somebody has redelivered by hand meanwhile
            await self._tell(job, url, Trigger(trigger or Trigger.SCHEDULED))

    async def tell_now(self, job_id: str, url: str) -> None:
        """One attempt by hand. What was given up stays given up when it fails, and what was delivered delivered."""
        await self._tell(await self._records.get(job_id), url, Trigger.MANUAL)

    async def _tell(self, job: Job, url: str, trigger: Trigger) -> None:
        if job.publication is None:
            raise NotFound("this job has published nothing")
        self._failpoint.pass_by(Stage.NOTIFY, Moment.BEFORE)
        if job.notification is DeliveryState.PENDING and not job.deliveries:
            await self._records.begin(job.id, Stage.NOTIFY)
        number, notification = len(job.deliveries) + 1, Notification.of(job.key, job.publication)
        delivery = await self._notifier.tell(job.id, url, notification, number, trigger)
        await self._database.transact(lambda connection: self._record(connection, job, delivery))
        self._feed.publish(job.id)
        self._failpoint.pass_by(Stage.NOTIFY, Moment.AFTER_EFFECT)
        self._failpoint.pass_by(Stage.NOTIFY, Moment.AFTER_RECORD)

    def _record(self, connection: sa.Connection, job: Job, delivery: Delivery) -> None:
        """The attempt and what follows from it, together: no crash can part them."""
        add_delivery(connection, job.id, delivery)
        step, next_at = next_step(delivery.status), None
        if step is NextStep.RETRY and job.notification is not DeliveryState.DEAD_LETTER:
            next_at = Schedule(job.deadline, job.deadline + self._retry_time).next_attempt_at(delivery)
        ended = DeliveryState.DELIVERED if step is NextStep.DONE else DeliveryState.DEAD_LETTER
        values = {"notification": DeliveryState.PENDING if next_at else ended, "next_attempt_at": next_at}
        is_open = sa.and_(_jobs.c.id == job.id, _jobs.c.notification != DeliveryState.DELIVERED)
        changed = _jobs.update().where(is_open).values(next_trigger=Trigger.SCHEDULED, **values)
        is_new = connection.execute(changed).rowcount > 0
        now, answered = self._clock.now(), delivery.error or f"HTTP {delivery.status}"
        if is_new and job.notification is DeliveryState.PENDING and not next_at:
            kind, detail = EventKind.FINISHED, ""
            if ended is DeliveryState.DEAD_LETTER:
                kind, detail = EventKind.FAILED, f"given up at attempt {delivery.attempt}: {answered}"
            seconds = (now - (job.deliveries or (delivery,))[0].at).total_seconds()
            add_event(connection, job.id, now, kind, Stage.NOTIFY, detail=detail, seconds=seconds)
        log_telling(job.id, delivery, (next_at - now).total_seconds() if next_at else None)

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
