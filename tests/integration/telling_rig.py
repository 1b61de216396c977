"""The outbox on a database, with a clock of the test's, and no engine: jobs are live as soon as they are accepted."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from pipeline.domain.address import UrlRule
from pipeline.domain.errors import NoAnswer
from pipeline.domain.generation import Made
from pipeline.domain.job import Job
from pipeline.domain.notification import DeliveryState
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Seen
from pipeline.jobs.database import Database
from pipeline.jobs.failpoint import Failpoint
from pipeline.jobs.feed import JobFeed
from pipeline.jobs.outbox import Outbox
from pipeline.jobs.records import JobRecords
from pipeline.jobs.replies import SqlReplies
from pipeline.jobs.shares import Shares
from pipeline.jobs.stores import SqlBlobs
from pipeline.notification.egress import Answer, EgressClient
from pipeline.notification.notifier import WebhookNotifier
from pipeline.ports import Clock
from tests.builders import make_brief, make_publication
from tests.fakes.clock import FakeClock

URL = "https://evaluator.example.com/notify"
DEADLINE_SECONDS = 600.0
PATIENCE = 20.0  # far more than any telling here takes


class ScriptedClient(EgressClient):
    """Gives the answers of a script, each after ``seconds``, without a network; then 200."""

    def __init__(self, clock: FakeClock, script: Iterable[int | Answer | None], seconds: float = 0.0) -> None:
        super().__init__(UrlRule())
        self.began: list[float] = []
        self._clock = clock
        self._script = list(script)
        self._seconds = seconds

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Answer:
        assert (url, seconds) == (URL, 30)
        assert body
        assert headers["webhook-id"].startswith("msg_")
        self.began.append(self._clock.monotonic())
        self._clock.advance(self._seconds)
        answer = self._script.pop(0) if self._script else 200
        if answer is None:
            raise NoAnswer("no answer within 30 seconds")
        return Answer(answer, None, "seen") if isinstance(answer, int) else answer


def after(seconds: float | str, status: int = 429) -> Answer:
    return Answer(status, str(seconds), "")


class Telling:
    """An outbox with everything around it; a context manager. Another one on the same folder is a process after it."""

    def __init__(
        self, folder: Path, client: EgressClient, clock: Clock, *, retry_time: timedelta = timedelta(hours=24)
    ) -> None:
        self.clock = clock
        self.database = Database.embedded(folder)
        self.feed = JobFeed()
        parts: dict[str, Any] = {"feed": self.feed, "clock": clock, "failpoint": Failpoint(None)}
        self.records = JobRecords(
            self.database, clock, SqlBlobs(self.database, clock), self.feed.publish, Shares(lambda *_: None)
        )
        replies = SqlReplies(self.database, self.feed, clock)
        notifier = WebhookNotifier(client, clock)
        self.outbox = Outbox(self.database, self.records, notifier, replies=replies, retry_time=retry_time, **parts)
        self.waits: list[float] = []

    async def __aenter__(self) -> Self:
        self.database.migrate()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.database.close()

    async def live(self, nonce: str = "n-1", url: str = URL, seconds: float = DEADLINE_SECONDS, **fields: Any) -> Job:
        """A job whose evaluator is to be told now."""
        job, _ = await self.records.insert(
            make_brief(nonce=nonce, task=nonce, evaluation_url=url, **fields),
            Target.LOCAL,
            site_task=None,
            notify=True,
            deadline=timedelta(seconds=seconds),
            queue_limit=1000,
            hold=lambda *_: None,
        )
        await self.records.report(job.id, Made(generator="plain"), Seen(), "0" * 64, make_publication())
        return await self.records.get(job.id)

    async def told(self, job: Job, *, attempts: int = 100) -> Job:
        """The job after so many attempts, each when it is due; or before, when there is no other."""
        assert isinstance(self.clock, FakeClock)
        for _ in range(attempts):
            job = await self.records.get(job.id)
            if job.next_attempt_at is None:
                break
            self.waits.append((job.next_attempt_at - self.clock.now()).total_seconds())
            self.clock.advance(max(self.waits[-1], 0.0))
            await self.outbox.tell_due(job.id)
        return await self.records.get(job.id)

    async def delivered(self, job: Job) -> Job:
        """The job, when the timer has told of it."""
        async with asyncio.timeout(PATIENCE):
            while (job := await self.records.get(job.id)).notification is not DeliveryState.DELIVERED:
                await asyncio.sleep(0.02)
        return job

    async def by_hand(self, job: Job) -> Job:
        await self.outbox.tell_now(job.id, URL)
        return await self.records.get(job.id)


def scripted(
    folder: Path, *script: int | Answer | None, seconds: float = 0.0, clock: FakeClock | None = None, **options: Any
) -> Telling:
    """Its evaluator answers as the script says, and time passes only when told to."""
    clock = clock or FakeClock()
    return Telling(folder, ScriptedClient(clock, script, seconds), clock, **options)


def statuses(job: Job) -> list[int | None]:
    return [delivery.status for delivery in job.deliveries]
