"""The engine and the queue at work on a database."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from pipeline.clock import SystemClock
from pipeline.domain.brief import Brief
from pipeline.domain.generation import Made
from pipeline.domain.job import Job, Stage
from pipeline.domain.notification import Delivery, DeliveryState, NextStep, Notification, Trigger, next_step
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
from pipeline.jobs.stores import SqlBlobs, SqlDeliveries, SqlSites
from pipeline.jobs.submissions import Submissions
from pipeline.ports import Checkpoint, Notifier, Progress
from tests.builders import make_brief, make_publication

SECONDS = 20.0  # far more than any job here takes


class ScriptedNotifier(Notifier):
    """Tells nobody; every attempt comes out as the script says, then it is delivered.

    Attributes:
        told: nonce, address and trigger of each attempt, in order.
    """

    def __init__(self, deliveries: SqlDeliveries, script: Iterable[int] = ()) -> None:
        self.told: list[tuple[str, str, Trigger]] = []
        self.script = list(script)
        self._deliveries = deliveries

    async def notify(self, job_id: str, url: str, notification: Notification, deadline: datetime) -> DeliveryState:
        del deadline
        return await self.tell(job_id, url, notification, Trigger.SCHEDULED)

    async def tell(self, job_id: str, url: str, notification: Notification, trigger: Trigger) -> DeliveryState:
        self.told.append((notification.nonce, url, trigger))
        status = self.script.pop(0) if self.script else 200
        number = len(await self._deliveries.of(job_id)) + 1
        await self._deliveries.add(job_id, Delivery(number, SystemClock().now(), status, 0.0, trigger=trigger))
        states = {NextStep.DONE: DeliveryState.DELIVERED, NextStep.RETRY: DeliveryState.PENDING}
        return states.get(next_step(status), DeliveryState.DEAD_LETTER)


class Work:
    """A use case of one stage, which a test scripts."""

    def __init__(self, effect: Callable[[Progress], Awaitable[str]] | None = None, seconds: float = 10) -> None:
        self.effect = effect
        self.seconds = seconds
        self.done: list[tuple[str, int]] = []
        self.publication = make_publication()
        self.telling: Callable[[], Awaitable[DeliveryState]] | None = None  # the notify stage

    async def __call__(self, _job: Job, brief: Brief, checkpoint: Checkpoint) -> None:
        async def effect(progress: Progress) -> str:
            if self.effect:
                await self.effect(progress)
            self.done.append((brief.task, brief.round))
            return "built"

        assert await checkpoint(Stage.GENERATE, effect, str, self.seconds) == "built"
        await checkpoint.report(Made(generator="plain"), Seen(), "0" * 64, self.publication)
        if self.telling:
            await checkpoint.report_notification(await self.telling())


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
    retry_time: timedelta = timedelta(hours=24),
) -> AsyncIterator[WorkingQueue]:
    clock, feed = SystemClock(), JobFeed()
    blobs = SqlBlobs(database, clock)
    records = JobRecords(database, clock, blobs, feed.publish, retry_time)
    submissions, replies = Submissions(database), SqlReplies(database, feed, clock)
    notifier = ScriptedNotifier(SqlDeliveries(database), script)
    outbox = Outbox(database, records, notifier, replies=replies, feed=feed, clock=clock)
    looks = LateLooks(database, records, feed, clock, is_served)
    rules = QueueRules(timedelta(seconds=60), waiting, Target.LOCAL, frozenset({Target.LOCAL}), ("a",), 0.5)
    queue = WorkingQueue(
        submissions=submissions,
        records=records,
        feed=feed,
        blobs=blobs,
        replies=replies,
        outbox=outbox,
        retries=Retries(database, submissions, feed, clock, deadline=rules.deadline, queue_limit=waiting),
        clock=clock,
        rules=rules,
        failpoint=Failpoint(None),
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
        failpoint=Failpoint(None),
    )
    await engine.start(run)
    try:
        yield queue
    finally:
        await engine.stop(1)
        database.close()
