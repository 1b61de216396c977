"""The queue and the records, as the edges see them: the ``Jobs`` port."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from pipeline.domain.brief import Brief, Restoration, wish_problems
from pipeline.domain.errors import Conflict, FieldProblem, InvalidInput, Unavailable
from pipeline.domain.files import AppFiles
from pipeline.domain.job import Job, JobEvent, JobStatus, Stage
from pipeline.domain.publication import Target
from pipeline.jobs.failpoint import Failpoint, Moment
from pipeline.jobs.feed import JobFeed
from pipeline.jobs.journal import log_accepted, log_end
from pipeline.jobs.outbox import Outbox
from pipeline.jobs.records import JobRecords
from pipeline.jobs.replies import RENEW_SECONDS, SqlReplies
from pipeline.jobs.retries import Retries
from pipeline.jobs.stores import SqlBlobs
from pipeline.jobs.submissions import Submissions
from pipeline.ports import Clock

LOOK_SECONDS = 1.0
"""How often a waiter looks at the records unasked: a job may run in another process, which wakes nobody here."""


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What is let in."""

    deadline: timedelta  # given to every job, from its receipt
    waiting: int  # how many jobs may wait
    default_target: Target = Target.LOCAL  # for briefs that name none
    targets: frozenset[Target] = frozenset({Target.LOCAL})  # those that this service can publish to
    models: tuple[str, ...] = ()  # that briefs may name
    max_usd: float | None = None  # for one job; None = no limit


class JobQueue:
    """Accept, show, watch, cancel, retry, restore, redeliver.

    Attributes:
        is_draining: set when the service is about to stop: nothing is accepted, and waiters are sent away.
    """

    def __init__(
        self,
        *,
        submissions: Submissions,
        records: JobRecords,
        feed: JobFeed,
        blobs: SqlBlobs,
        replies: SqlReplies,
        outbox: Outbox,
        retries: Retries,
        clock: Clock,
        rules: QueueRules,
        failpoint: Failpoint,
    ) -> None:
        self._submissions = submissions
        self._records = records
        self.get, self.brief, self.find, self.events = records.get, records.brief, records.find, records.events
        self.ids_like, self.waiting_since = records.ids_like, records.waiting_since
        self._feed = feed
        self._blobs = blobs
        self._replies, self.reply_sent = replies, replies.release
        self._outbox, self.retry_dead_letters = outbox, outbox.retry_dead_letters
        self._retries = retries
        self._clock = clock
        self._rules = rules
        self._failpoint = failpoint
        self._count: asyncio.Task[dict[JobStatus, int]] | None = None
        self.is_draining = False

    async def accept(self, brief: Brief, *, notify: bool = True, reply: str | None = None) -> tuple[Job, bool]:
        """Make ``brief`` durable and queue it; return the job and whether it is new.

        Nobody is told about it before ``reply``, an id of the caller's for its answer, is said to be sent.

        Raises:
            KeyReused, Busy: see ``JobRecords.insert``.
            Unavailable: the service is stopping, or the storage cannot be written.
            InvalidInput: the target cannot be served, or is not that of the site which is revised; or what is wanted
                for this job alone goes beyond the operator's limits.
        """
        self._require_open()
        self._failpoint.pass_by(Stage.ACCEPT, Moment.BEFORE)

        def hold(connection: sa.Connection, job_id: str) -> None:
            if reply:
                self._replies.hold(connection, job_id, reply)

        rules, given = self._rules, brief.wishes.deadline_seconds
        InvalidInput.check(wish_problems(brief.wishes, rules.models, rules.max_usd, rules.deadline.total_seconds()))
        target, site_task = await self._place(brief)
        job, is_new = await self._records.insert(
            brief,
            target,
            site_task=site_task,
            notify=notify,
            deadline=timedelta(seconds=given) if given else rules.deadline,
            queue_limit=rules.waiting,
            hold=hold,
        )
        self._submissions.announce()
        self._failpoint.pass_by(Stage.ACCEPT, Moment.AFTER_EFFECT)
        self._failpoint.pass_by(Stage.ACCEPT, Moment.AFTER_RECORD)
        if is_new:
            log_accepted(job)
        return job, is_new

    def _require_open(self) -> None:
        if self.is_draining:
            raise Unavailable("the service is stopping: send the request again in a moment")

    async def _place(self, brief: Brief) -> tuple[Target, str | None]:
        """Where ``brief`` goes, and the task of its site if that is another one: a revision follows its site."""
        target, site_task = brief.target or self._rules.default_target, None
        if brief.round > 1 and (revised := await self._records.revised(brief)):
            site_task, target = revised
            if brief.target not in {None, target}:
                raise InvalidInput(FieldProblem("target", f"cannot change in a revision: round 1 went to {target}"))
        if target not in self._rules.targets:
            ready = ", ".join(sorted(self._rules.targets))
            raise InvalidInput(
                FieldProblem("target", f"{target} is not set up on this service; it can publish to: {ready}")
            )
        return target, None if site_task == brief.task else site_task

    async def watch(self, job_id: str, after: int = 0) -> AsyncIterator[JobEvent | None]:
        """The timeline as it grows, until the job is over; None now and then when nothing happens."""
        with self._feed.subscribe(job_id) as news:
            while True:
                job = await self._records.get(job_id)
                has_ended = job.is_over or (job.status.is_final and self._clock.now() > job.deadline)
                for event in await self._records.events(job_id, after):
                    after = event.id
                    yield event
                if has_ended or self.is_draining:
                    return
                if not await news.wait(LOOK_SECONDS):
                    yield None

    async def wait(self, job_id: str, seconds: float, reply: str | None = None) -> Job:
        """The job once it has ended, or as it stands when ``seconds`` are over; ``reply`` holds the callback back."""
        until = self._clock.monotonic() + seconds
        renew_at = self._clock.monotonic() + RENEW_SECONDS
        with self._feed.subscribe(job_id) as news:
            while True:
                job = await self._records.get(job_id)
                now = self._clock.monotonic()
                if job.status.is_final or now >= until or self.is_draining:
                    return job
                if reply and now >= renew_at:
                    await self._replies.renew(reply)
                    renew_at = now + RENEW_SECONDS
                await news.wait(min(until - now, LOOK_SECONDS))

    async def cancel(self, job_id: str) -> Job:
        """Stop before the next stage; a job that has ended stays as it is. Raises NotFound."""
        job = await self._records.get(job_id)
        if job.status.is_final:
            return job
        has_ended = await self._records.set_status(job_id, JobStatus.CANCELLED)
        await self._submissions.cancel(job_id, job.attempt)
        self._submissions.announce()  # it may have been another one's turn to wait for
        job = await self._records.get(job_id)
        has_run = any(event.detail == JobStatus.RUNNING for event in await self._records.events(job_id))
        if has_ended and not has_run:  # else the engine says so
            log_end(job)
        return job

    async def retry(self, job_id: str) -> Job:
        """Take a job up again that has ended without success, at the stage that failed, within a new deadline.

        Raises:
            NotFound: no such job.
            Conflict: it has not ended, or has succeeded.
            Busy, Unavailable: as for a new one.
        """
        self._require_open()
        await self._retries.retry(job_id)
        self._submissions.announce()
        return await self._records.get(job_id)

    async def retry_failed(self, *, email: str | None = None, since: datetime | None = None) -> int:
        """The same for all that failed, of jobs received ``since`` then, oldest first; how many. Raises Busy."""
        self._require_open()
        try:
            return await self._retries.retry_failed(email=email, since=since)
        finally:
            self._submissions.announce()

    async def restore(self, job_id: str) -> Job:
        """Publish the files of ``job_id`` again, as a new commit on top of what its site has by now.

        Returns:
            The new job that does so: a later round of the same task, of which no evaluator is told.

        Raises:
            NotFound: no such job.
            Conflict: it has published nothing.
            Busy, Unavailable: as for a new one.
        """
        job, files = await self._records.get(job_id), await self._records.files_digest(job_id)
        if job.publication is None or files is None:
            raise Conflict(f"job {job_id} has published nothing, so there is nothing to restore")
        brief = replace(
            await self._records.brief(job_id),
            task=job.site_task or job.key.task,
            round=max(job.key.round, 2),
            nonce=f"restore-{uuid.uuid4().hex}",
            evaluation_url=None,
            target=job.publication.target,
            restores=Restoration(job_id, files),
        )
        return (await self.accept(brief))[0]

    async def redeliver(self, job_id: str) -> Job:
        """Tell the evaluator once more.

        Raises:
            NotFound: no such job.
            InvalidInput: nothing was published, or nobody is to be told.
        """
        job, brief = await self._records.get(job_id), await self._records.brief(job_id)
        if not job.status.is_final or job.publication is None:
            raise InvalidInput(FieldProblem("job_id", "names a job that has not been published and confirmed"))
        if brief.evaluation_url is None:
            raise InvalidInput(FieldProblem("job_id", "names a job whose brief has no evaluation_url"))
        await self._outbox.tell_now(job_id, brief.evaluation_url)
        return await self._records.get(job_id)

    async def files(self, job_id: str) -> AppFiles | None:
        """The chosen app of the job, once there is one."""
        digest = await self._records.files_digest(job_id)
        return await self._blobs.get_files(digest) if digest else None

    async def screenshot(self, job_id: str) -> bytes | None:
        """A PNG of the chosen app's page, once there is one."""
        digest = (await self._records.get(job_id)).seen.screenshot
        return await self._blobs.get(digest) if digest else None

    async def trace(self, job_id: str) -> bytes | None:
        """Playwright's record of the chosen app's failed checks, a zip file, if there is one."""
        digest = (await self._records.get(job_id)).seen.trace
        return await self._blobs.get(digest) if digest else None

    async def counts(self) -> dict[JobStatus, int]:
        """Waiting and running jobs. Raises Unavailable when nothing can be accepted now: it writes to know."""
        if self.is_draining:
            raise Unavailable("the service is stopping")
        if self._count is None or self._count.done():  # one at a time, however many ask while the database is away
            self._count = asyncio.create_task(self._records.counts())
            self._count.add_done_callback(lambda ended: ended.exception())  # whoever asked may have gone
        return await asyncio.shield(self._count)
