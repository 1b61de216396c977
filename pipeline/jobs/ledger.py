"""The ledger of model calls, as a table: what a job has cost, whatever became of it."""

from collections.abc import Sequence

import sqlalchemy as sa

from pipeline.domain.conversation import Reply
from pipeline.domain.generation import ModelCall, Usage
from pipeline.jobs import tables
from pipeline.jobs.codec import from_json, to_json
from pipeline.jobs.database import Database
from pipeline.ports import Clock

UNANSWERED = "unanswered"
"""How a call ended of which no answer is on record: it is under way, or was lost in a crash."""


class SqlLedger:
    """Every model call of a job, on record."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def recall(self, job_id: str, request_digest: str) -> Reply | None:
        """The latest recorded answer to the very same request of this job."""
        table = tables.model_calls
        same = sa.and_(table.c.job_id == job_id, table.c.request_digest == request_digest)
        query = sa.select(table.c.reply).where(same).order_by(table.c.id.desc())
        replies = await self._database.transact(lambda connection: connection.execute(query).scalars().all())
        document = next(filter(None, replies), None)
        return from_json(Reply, document) if document else None

    async def begin(self, job_id: str, request_digest: str, model: str) -> int:
        """Record that a call is about to be made, and return its id."""
        row = {"job_id": job_id, "request_digest": request_digest, "model": model, "begun_at": self._clock.now()}
        statement = tables.model_calls.insert().values(row).returning(tables.model_calls.c.id)
        return await self._database.transact(lambda connection: connection.execute(statement).scalar_one())

    async def finish(self, call_id: int, reply: Reply) -> None:
        """Record the answer."""
        table = tables.model_calls
        statement = table.update().where(table.c.id == call_id).values(reply=to_json(Reply, reply))
        await self._database.transact(lambda connection: connection.execute(statement))

    async def spent(self, job_id: str) -> Usage:
        """All calls of the job so far; one without a recorded answer has an unknown cost."""
        return sum((call.usage for call in (await self.calls([job_id]))[job_id]), Usage())

    async def calls(self, job_ids: Sequence[str]) -> dict[str, tuple[ModelCall, ...]]:
        """The calls of each job, in order. What asked, and how the answer was read, is not on record here."""
        table = tables.model_calls
        members = [table.c.reply[name].label(name) for name in ("asked", "answered", "finish", "usage", "seconds")]
        query = sa.select(table.c.job_id, table.c.model, *members).where(table.c.job_id.in_(job_ids))
        rows = await self._database.transact(lambda connection: connection.execute(query.order_by(table.c.id)).all())
        calls: dict[str, tuple[ModelCall, ...]] = dict.fromkeys(job_ids, ())
        for row in rows:
            usage = from_json(Usage, row.usage) if row.usage else Usage(calls=1)
            asked, answered = row.asked or row.model, row.answered or ""
            call = ModelCall("", asked, answered, row.finish or UNANSWERED, "", usage, row.seconds or 0.0)
            calls[row.job_id] += (call,)
        return calls
