"""The engine and the queue at work on a database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from pipeline.clock import SystemClock
from pipeline.domain.brief import Brief
from pipeline.domain.generation import Made
from pipeline.domain.job import Job, Stage
from pipeline.domain.notification import DeliveryState
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Seen
from pipeline.jobs.database import Database
from pipeline.jobs.engine import Engine, Run
from pipeline.jobs.failpoint import Failpoint
from pipeline.jobs.feed import JobFeed
from pipeline.jobs.queue import JobQueue, QueueRules
from pipeline.jobs.records import JobRecords
from pipeline.jobs.stores import SqlBlobs, SqlSites
from pipeline.jobs.submissions import Submissions
from pipeline.ports import Checkpoint, Progress
from tests.builders import make_brief, make_publication

SECONDS = 20.0  # far more than any job here takes


class NoNotifier:
    async def notify(self, *_: object) -> DeliveryState:
        return DeliveryState.DELIVERED

    redeliver = notify


class Work:
    """A use case of one stage, which a test scripts."""

    def __init__(self, effect: Callable[[Progress], Awaitable[str]] | None = None, seconds: float = 10) -> None:
        self.effect = effect
        self.seconds = seconds
        self.done: list[tuple[str, int]] = []

    async def __call__(self, _job: Job, brief: Brief, checkpoint: Checkpoint) -> None:
        async def effect(progress: Progress) -> str:
            if self.effect:
                await self.effect(progress)
            self.done.append((brief.task, brief.round))
            return "built"

        assert await checkpoint(Stage.GENERATE, effect, str, self.seconds) == "built"
        await checkpoint.report(Made(generator="plain"), Seen(), "0" * 64, make_publication())


async def finished(jobs: JobQueue, brief: Brief | None = None) -> Job:
    """Of a brief that is accepted, the job when it has ended."""
    accepted, _ = await jobs.accept(brief or make_brief())
    return await jobs.wait(accepted.id, SECONDS)


@asynccontextmanager
async def working(database: Database, run: Run, *, waiting: int = 100, concurrency: int = 8) -> AsyncIterator[JobQueue]:
    clock, feed = SystemClock(), JobFeed()
    blobs = SqlBlobs(database, clock)
    records = JobRecords(database, clock, blobs, feed.publish)
    submissions = Submissions(database)
    engine = Engine(
        database,
        records,
        submissions,
        clock,
        concurrency=concurrency,
        retention=timedelta(days=1),
        failpoint=Failpoint(None),
    )
    rules = QueueRules(timedelta(seconds=60), waiting, Target.LOCAL, frozenset({Target.LOCAL}))
    await engine.start(run)
    try:
        yield JobQueue(
            submissions=submissions,
            records=records,
            feed=feed,
            blobs=blobs,
            sites=SqlSites(database),
            notifier=NoNotifier(),
            clock=clock,
            rules=rules,
            failpoint=Failpoint(None),
        )
    finally:
        await engine.stop(1)
        database.close()
