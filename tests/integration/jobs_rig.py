"""The engine and the queue at work on a database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from pipeline.clock import SystemClock
from pipeline.domain.brief import Brief
from pipeline.domain.generation import Made
from pipeline.domain.job import Job, Stage
from pipeline.domain.notification import Delivery, Notification, Trigger
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Seen
from pipeline.jobs.batches.feeder import Feeder
from pipeline.jobs.batches.store import SqlBatches
from pipeline.jobs.database import Database
from pipeline.jobs.engine import Engine, Run
from pipeline.jobs.failpoint import Failpoint
from pipeline.jobs.feed import JobFeed
from pipeline.jobs.late_looks import IsServed, LateLooks
from pipeline.jobs.outbox import Outbox
from pipeline.jobs.queue import JobQueue, QueueRules
from pipeline.jobs.records import JobRecords
from pipeline.jobs.replies import SqlReplies
from pipeline.jobs.retries import Retries
from pipeline.jobs.shares import OwnerLimits, Shares
from pipeline.jobs.stores import SqlBlobs, SqlSites
from pipeline.jobs.submissions import Submissions
from pipeline.ports import Checkpoint, Notifier, Progress
from tests.builders import make_brief, make_publication

SECONDS = 20.0  # far more than any job here takes


class ScriptedNotifier(Notifier):
    """Tells nobody; every attempt comes out as the script says, then it is delivered.

    Attributes:
        told: nonce, address and trigger of each attempt, in order.
        may_answer: cleared by a test to let evaluators hang.
    """

    def __init__(self, script: Iterable[int] = ()) -> None:
        self.told: list[tuple[str, str, Trigger]] = []
        self.script = list(script)
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def tell(self, job_id: str, url: str, notification: Notification, number: int, trigger: Trigger) -> Delivery:
        assert job_id
        self.told.append((notification.nonce, url, trigger))
        await self.may_answer.wait()
        status = self.script.pop(0) if self.script else 200
        return Delivery(number, SystemClock().now(), status, 0.0, trigger=trigger)


class Work:
    """A use case of one stage, which a test scripts."""

    def __init__(self, effect: Callable[[Progress], Awaitable[str]] | None = None, seconds: float = 10) -> None:
        self.effect = effect
        self.seconds = seconds
        self.done: list[tuple[str, int]] = []
        self.publication = make_publication()

    async def __call__(self, _job: Job, brief: Brief, checkpoint: Checkpoint) -> None:
        async def effect(progress: Progress) -> str:
            if self.effect:
                await self.effect(progress)
            self.done.append((brief.task, brief.round))
            return "built"

        assert await checkpoint(Stage.GENERATE, effect, str, self.seconds) == "built"
        await checkpoint.report(Made(generator="plain"), Seen(), "0" * 64, self.publication)


class WorkingQueue(JobQueue):
    """With what a test looks at beside it."""

    notifier: ScriptedNotifier
    replies: SqlReplies
    sites: SqlSites
    feed: JobFeed
    outbox: Outbox
    batches: SqlBatches


async def finished(jobs: JobQueue, brief: Brief | None = None) -> Job:
    """Of a brief that is accepted, the job when it has ended."""
    accepted, _ = await jobs.accept(brief or make_brief())
    return await jobs.wait(accepted.id, SECONDS)


async def is_served_never(_job: Job, _files: str) -> bool:
    return False


@asynccontextmanager
async def working(
    database: Database,
    run: Run,
    *,
    waiting: int = 100,
    concurrency: int = 8,
    script: Iterable[int] = (),
    is_served: IsServed = is_served_never,
    lines_at_once: int = 4,
    limits: OwnerLimits = OwnerLimits(),  # noqa: B008 - it is frozen
    retry_time: timedelta = timedelta(hours=24),
) -> AsyncIterator[WorkingQueue]:
    clock, feed = SystemClock(), JobFeed()
    blobs = SqlBlobs(database, clock)
    submissions, replies, failpoint = Submissions(database), SqlReplies(database, feed, clock), Failpoint(None)
    shares = Shares(submissions.enqueue, limits)
    records = JobRecords(database, clock, blobs, feed.publish, shares)
    notifier = ScriptedNotifier(script)
    parts: Any = {"replies": replies, "feed": feed, "clock": clock, "failpoint": failpoint}
    outbox = Outbox(database, records, notifier, **parts, retry_time=retry_time)
    looks = LateLooks(database, records, feed, clock, is_served)
    rules = QueueRules(timedelta(seconds=60), waiting, Target.LOCAL, frozenset({Target.LOCAL}), ("a",), 0.5)
    queue = WorkingQueue(
        submissions=submissions,
        records=records,
        blobs=blobs,
        outbox=outbox,
        retries=Retries(database, shares, feed, clock, deadline=rules.deadline, queue_limit=waiting),
        rules=rules,
        **parts,
    )
    queue.notifier, queue.replies, queue.sites, queue.feed = notifier, replies, SqlSites(database), feed
    queue.outbox, queue.batches = outbox, SqlBatches(database, blobs, feed, clock)
    feeder = Feeder(database, queue, blobs, feed, clock, at_once=lines_at_once)
    engine = Engine(
        database,
        records,
        submissions,
        replies,
        clock,
        timers=(outbox.timer(), looks.timer(), feeder),
        concurrency=concurrency,
        retention=timedelta(days=1),
        failpoint=failpoint,
    )
    await engine.start(run)
    try:
        yield queue
    finally:
        await engine.stop(1)
        database.close()
