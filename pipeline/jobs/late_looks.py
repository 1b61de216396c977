"""Apps that were told of before visitors were seen to be served them: looked at now and then until they are."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from pipeline.domain.errors import PipelineError
from pipeline.domain.job import EventKind, Job, Stage
from pipeline.domain.publication import Publication
from pipeline.jobs import tables
from pipeline.jobs.codec import to_json
from pipeline.jobs.database import Database
from pipeline.jobs.feed import JobFeed
from pipeline.jobs.records import JobRecords
from pipeline.jobs.timeline import add_event
from pipeline.jobs.timers import Timer
from pipeline.ports import Clock

MINUTES = 30
PAUSE = timedelta(seconds=30)
CLAIM_SECONDS = 120.0

IsServed = Callable[[Job, str], Awaitable[bool]]
"""Whether visitors are served what the job has published, whose files have that digest."""

_jobs = tables.jobs


class LateLooks:
    """Looks again, and writes down what was seen: for the job, and for those that share its app."""

    def __init__(
        self, database: Database, records: JobRecords, feed: JobFeed, clock: Clock, is_served: IsServed
    ) -> None:
        self._database = database
        self._records = records
        self._feed = feed
        self._clock = clock
        self._is_served = is_served

    def timer(self) -> Timer:
        """Looks when it is time."""
        column = _jobs.c.next_look_at
        return Timer(self._database, self._feed, self._clock, column, self.look, claim_seconds=CLAIM_SECONDS)

    async def look(self, job_id: str) -> None:
        """One look at the app of a job."""
        job = await self._records.get(job_id)
        now = self._clock.now()
        if job.publication and await self._sees(job):
            at = now.isoformat(timespec="seconds").replace("+00:00", "Z")
            await self._note(job_id, f"seen live at {at}", replace(job.publication, is_unconfirmed=False))
        elif job.live_at is None or now >= job.live_at + timedelta(minutes=MINUTES):
            await self._note(job_id, f"was not seen live within {MINUTES} minutes", job.publication)
        else:
            statement = _jobs.update().where(_jobs.c.id == job_id).values(next_look_at=now + PAUSE)
            await self._database.transact(lambda connection: connection.execute(statement))

    async def _sees(self, job: Job) -> bool:
        digest = await self._records.files_digest(job.id)
        try:
            return digest is not None and await self._is_served(job, digest)
        except PipelineError:
            return False

    async def _note(self, job_id: str, note: str, publication: Publication | None) -> None:
        live = to_json(Publication, publication) if publication else None
        now = self._clock.now()

        def work(connection: sa.Connection) -> None:
            sharing = sa.or_(_jobs.c.id == job_id, _jobs.c.leader == job_id)
            for row in connection.execute(sa.select(_jobs.c.id, _jobs.c.result).where(sharing)).all():
                result = {**row.result, "notes": [*row.result.get("notes", ()), note], "publication": live}
                own = _jobs.update().where(_jobs.c.id == row.id)
                connection.execute(own.values(result=result, next_look_at=None))
                add_event(connection, row.id, now, EventKind.PROGRESS, Stage.CONFIRM, detail=note)

        await self._database.transact(work)
