"""The ``Jobs`` port in memory, and the services that HTTP works with, for tests of the edges.

Nothing happens to a job by itself: the test says ``start``, ``event``, ``finish`` and ``fail``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from pipeline.domain import errors
from pipeline.domain.brief import Brief
from pipeline.domain.errors import Busy, FieldProblem, InvalidInput, KeyReused, Misconfigured, NotFound, PipelineError
from pipeline.domain.files import AppFiles
from pipeline.domain.job import EventKind, Failure, Job, JobEvent, JobStatus, Stage
from pipeline.domain.notification import DeliveryState
from pipeline.domain.publication import Site, Target
from pipeline.domain.space import CreatedSpace, NewSpace
from pipeline.metrics import Metrics
from pipeline.ports import Jobs, SecretScanner, SpaceHost, SpaceHosts
from pipeline.settings import Settings
from pipeline.verification.secrets import ConfiguredSecretScanner
from tests.builders import NOW, SHA, make_delivery, make_outcome, make_site
from tests.fakes.batches import MemoryBatches
from tests.fakes.workspaces import MemoryWorkspaces

SECRET = "a-long-secret-for-tests"


class MemoryJobs(Jobs):
    """Jobs that are gone with the process. Used from one event loop.

    Attributes:
        broken: raised by ``accept`` and ``counts`` while it is set.
        held: answers that are still to be sent.
        retried: which dead letters were asked for, each time.
        waiting, watching: how many callers of ``wait`` and ``watch`` there are at the moment.
    """

    def __init__(self, queue_limit: int = 1000) -> None:
        self.broken: PipelineError | None = None
        self.held: set[str] = set()
        self.retried: list[dict[str, Any]] = []
        self.waiting = 0
        self.watching = 0
        self._queue_limit = queue_limit
        self._jobs: dict[str, Job] = {}
        self._briefs: dict[str, Brief] = {}
        self._events: list[JobEvent] = []
        self._files: dict[str, AppFiles] = {}
        self.screenshots: dict[str, bytes] = {}
        self.traces: dict[str, bytes] = {}
        self._changed = asyncio.Event()

    async def accept(self, brief: Brief, *, notify: bool = True, reply: str | None = None) -> tuple[Job, bool]:
        if self.broken:
            raise self.broken
        if reply:
            self.held.add(reply)
        job_id = brief.key.job_id
        if known := self._jobs.get(job_id):
            if known.fingerprint != brief.fingerprint:
                raise KeyReused("this email, task, round and nonce were used before with another body")
            return known, False
        if (await self.counts()).get(JobStatus.WAITING, 0) >= self._queue_limit:
            raise Busy("the queue is full", retry_after_seconds=30)
        job = Job(
            id=job_id,
            key=brief.key,
            fingerprint=brief.fingerprint,
            status=JobStatus.WAITING,
            target=brief.target or Target.LOCAL,
            received_at=NOW,
            deadline=NOW + timedelta(seconds=600),
            notification=DeliveryState.PENDING if notify and brief.evaluation_url else DeliveryState.NOT_REQUESTED,
        )
        self._jobs[job_id], self._briefs[job_id] = job, brief
        return job, True

    async def get(self, job_id: str) -> Job:
        if "\0" in job_id:
            raise ValueError("PostgreSQL takes no NUL: ask for no such id")
        if job_id not in self._jobs:
            raise NotFound(f"job {job_id} is not known")
        return self._jobs[job_id]

    async def ids_like(self, prefix: str, limit: int) -> list[str]:
        return [job_id for job_id in reversed(self._jobs) if job_id.startswith(prefix)][:limit]

    async def brief(self, job_id: str) -> Brief:
        await self.get(job_id)
        return self._briefs[job_id]

    async def find(
        self,
        *,
        email: str | None = None,
        task: str | None = None,
        status: JobStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> tuple[list[Job], str | None]:
        if cursor is not None and not cursor.isdigit():
            raise InvalidInput(FieldProblem("cursor", "is not one that was given out here"))
        start = int(cursor or 0)
        fitting = [
            job
            for job in reversed(self._jobs.values())
            if email in {None, job.key.email} and task in {None, job.key.task} and status in {None, job.status}
        ]
        end = start + limit
        return fitting[start:end], str(end) if end < len(fitting) else None

    async def events(self, job_id: str, after: int = 0) -> list[JobEvent]:
        return [event for event in self._events if event.job_id == job_id and event.id > after]

    async def watch(self, job_id: str, after: int = 0) -> AsyncIterator[JobEvent | None]:
        self.watching += 1
        try:
            while True:
                changed, has_ended = self._changed, (await self.get(job_id)).status.is_final
                for event in await self.events(job_id, after):
                    after = event.id
                    yield event
                if has_ended:
                    return
                await changed.wait()
                yield None
        finally:
            self.watching -= 1

    async def reply_sent(self, reply: str) -> None:
        self.held.remove(reply)

    async def wait(self, job_id: str, seconds: float, reply: str | None = None) -> Job:
        assert reply is None or reply in self.held
        self.waiting += 1
        try:
            async with asyncio.timeout(seconds):
                while not self._jobs[job_id].status.is_final:
                    await self._changed.wait()
        except TimeoutError:
            pass
        finally:
            self.waiting -= 1
        return await self.get(job_id)

    async def cancel(self, job_id: str) -> Job:
        if not (await self.get(job_id)).status.is_final:
            self._end(job_id, JobStatus.CANCELLED)
        return await self.get(job_id)

    async def retry(self, job_id: str) -> Job:
        if (await self.get(job_id)).status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
            raise errors.Conflict("there is nothing to run again")
        self._set(job_id, status=JobStatus.WAITING, failure=None, finished_at=None)
        return self._jobs[job_id]

    async def retry_failed(self, *, email: str | None = None, since: datetime | None = None) -> int:
        failed, _ = await self.find(email=email, status=JobStatus.FAILED)
        return len([await self.retry(job.id) for job in failed if not since or job.received_at >= since])

    async def restore(self, job_id: str) -> Job:
        if (await self.get(job_id)).publication is None:
            raise errors.Conflict("there is nothing to restore")
        return self._jobs[job_id]

    async def redeliver(self, job_id: str) -> Job:
        if (await self.brief(job_id)).evaluation_url is None:
            raise InvalidInput(FieldProblem("job_id", "names a job whose brief has no evaluation_url"))
        job = self._jobs[job_id]
        delivery = make_delivery(attempt=len(job.deliveries) + 1)
        self._set(job_id, deliveries=(*job.deliveries, delivery), notification=DeliveryState.DELIVERED)
        return self._jobs[job_id]

    async def retry_dead_letters(self, **chosen: Any) -> int:
        self.retried.append(chosen)
        return len(self._jobs)

    async def files(self, job_id: str) -> AppFiles | None:
        return self._files.get(job_id)

    def show_console(self, job_id: str, *lines: str) -> None:
        """Let the page of a job have written ``lines`` to its console."""
        job = self._jobs[job_id]
        self._jobs[job_id] = replace(job, seen=replace(job.seen, console=lines))

    async def screenshot(self, job_id: str) -> bytes | None:
        return self.screenshots.get(job_id)

    async def trace(self, job_id: str) -> bytes | None:
        return self.traces.get(job_id)

    async def waiting_since(self) -> datetime | None:
        return min((job.received_at for job in self._jobs.values() if job.status is JobStatus.WAITING), default=None)

    async def counts(self) -> dict[JobStatus, int]:
        if self.broken:
            raise self.broken
        statuses = [job.status for job in self._jobs.values()]
        return {status: statuses.count(status) for status in (JobStatus.WAITING, JobStatus.RUNNING)}

    @property
    def ids(self) -> list[str]:
        """All jobs, oldest first."""
        return list(self._jobs)

    def start(self, job_id: str) -> None:
        self._set(job_id, status=JobStatus.RUNNING)
        self.event(job_id, EventKind.STATUS, None, "running")

    def event(
        self,
        job_id: str,
        kind: EventKind,
        stage: Stage | None,
        detail: str = "",
        *,
        seconds: float | None = None,
        at: datetime = NOW,
    ) -> None:
        self._events.append(JobEvent(len(self._events) + 1, job_id, at, kind, stage, detail, seconds))
        self._wake()

    def finish(self, job_id: str, files: AppFiles | None = None, **outcome: Any) -> None:
        self._files[job_id] = files or AppFiles({"index.html": b"<h1>Sales</h1>"})
        self._set(job_id, **make_outcome(**outcome))
        self._end(job_id, JobStatus.SUCCEEDED)

    def fail(self, job_id: str, failure: Failure) -> None:
        self._set(job_id, failure=failure)
        self._end(job_id, JobStatus.FAILED)

    def _end(self, job_id: str, status: JobStatus) -> None:
        self._set(job_id, status=status, finished_at=NOW + timedelta(seconds=60))
        self.event(job_id, EventKind.STATUS, None, status)

    def _set(self, job_id: str, **fields: Any) -> None:
        self._jobs[job_id] = replace(self._jobs[job_id], **fields)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class MemoryServices:
    """What ``create_app`` needs, in memory; ``folders`` are what previews show.

    Of the settings, which are given by field name, a secret is set unless they say otherwise."""

    def __init__(
        self, folders: Mapping[str, Mapping[str, bytes]] | None = None, queue_limit: int = 1000, **settings: Any
    ) -> None:
        self.settings = Settings.from_environment(**{"deploy_secret": SECRET, **settings})
        self.jobs = MemoryJobs(queue_limit)
        self.batches = MemoryBatches(self.jobs)
        self.workspaces = MemoryWorkspaces(folders or {})
        self.sites: Any = SimpleNamespace(shown=self._shown)
        self.callbacks = self
        self.secrets: SecretScanner = ConfiguredSecretScanner(self.settings.secrets())
        self.spaces: SpaceHosts = _no_hub
        self.create_space: Callable[[NewSpace, str | None], Awaitable[CreatedSpace]] = _no_new_space
        self.provision_spaces: Any = None
        self.call_events: Any = None
        self.browser: Any = None
        self.metrics = Metrics()
        self.log: list[str] = []

    async def is_missing(self, url: str) -> bool:
        return "no-such-host" in url

    async def _shown(self, folder: str) -> Site | None:
        return make_site(folder=folder, head=SHA) if await self.workspaces.head(folder) else None

    async def start(self) -> None:
        self.log.append("started")

    async def stop(self) -> None:
        self.log.append("stopped")


def _no_hub(_token: str | None) -> SpaceHost:
    raise Misconfigured("HF_TOKEN is not set")


async def _no_new_space(_new: NewSpace, token: str | None) -> CreatedSpace:
    return _no_hub(token)  # type: ignore[return-value]  # raises
