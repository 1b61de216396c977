"""The jobs, as the edges see them."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from pipeline.domain.address import Origin
from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles
from pipeline.domain.job import Job, JobEvent, JobStatus


class Jobs(Protocol):
    """The queue and the records, as the edges see them."""

    async def accept(self, brief: Brief, *, notify: bool = True, reply: str | None = None) -> tuple[Job, bool]:
        """Make ``brief`` durable and queue it; whether it is new. Raises KeyReused, Busy, Unavailable, InvalidInput.

        Nobody is told about it before ``reply``, an id of the caller's for its answer, is said to be sent.
        """

    async def reply_sent(self, reply: str) -> None:
        """The answer has been handed to the socket, or nobody is there to get it."""

    async def get(self, job_id: str) -> Job:
        """Raises NotFound."""

    async def ids_like(self, prefix: str, limit: int) -> list[str]:
        """Ids that begin with ``prefix``, newest first."""

    async def brief(self, job_id: str) -> Brief:
        """As it was accepted. Raises NotFound."""

    async def find(
        self,
        *,
        email: str | None = None,
        task: str | None = None,
        status: JobStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> tuple[list[Job], str | None]:
        """Newest first, and the cursor of the next page. Raises InvalidInput for a cursor that is none."""

    async def events(self, job_id: str, after: int = 0) -> list[JobEvent]:
        """The timeline after event ``after``."""

    def watch(self, job_id: str, after: int = 0) -> AsyncIterator[JobEvent | None]:
        """The timeline as it grows, until the job is over; None now and then when nothing happens."""

    async def wait(self, job_id: str, seconds: float, reply: str | None = None) -> Job:
        """The job once it has ended, or as it stands when ``seconds`` are over; ``reply`` holds the callback back."""

    async def cancel(self, job_id: str) -> Job:
        """Stop before the next stage; a job that has ended stays as it is. Raises NotFound."""

    async def retry(self, job_id: str) -> Job:
        """Take a job up again at the stage that failed. Raises NotFound, Conflict, Busy, Unavailable."""

    async def retry_failed(self, *, email: str | None = None, since: datetime | None = None) -> int:
        """The same for all that failed, of jobs received ``since`` then; how many. Raises Busy, Unavailable."""

    async def restore(self, job_id: str) -> Job:
        """Publish its files again, by the job that is returned. Raises NotFound, Conflict, Busy, Unavailable."""

    async def redeliver(self, job_id: str) -> Job:
        """Tell the evaluator once more. Raises NotFound, InvalidInput."""

    async def retry_dead_letters(
        self, *, email: str | None = None, since: datetime | None = None, origin: Origin | None = None
    ) -> int:
        """Let what was given up be told again, of jobs received ``since`` then; how much that is."""

    async def files(self, job_id: str) -> AppFiles | None:
        """The chosen app of the job, once there is one."""

    async def screenshot(self, job_id: str) -> bytes | None:
        """A PNG of the chosen app's page, once there is one."""

    async def trace(self, job_id: str) -> bytes | None:
        """Playwright's record of the chosen app's failed checks, a zip file, if there is one."""

    async def counts(self) -> dict[JobStatus, int]:
        """Waiting and running jobs. Raises Unavailable when the storage does not answer."""

    async def waiting_since(self) -> datetime | None:
        """When the job that waits longest was received."""
