"""Jobs and their timelines, as rows."""

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from pipeline.domain.brief import Brief
from pipeline.domain.errors import FieldProblem, InvalidInput, KeyReused, NotFound
from pipeline.domain.generation import Made
from pipeline.domain.job import EventKind, Failure, Job, JobEvent, JobStatus, Stage
from pipeline.domain.notification import DeliveryState
from pipeline.domain.publication import Publication, Target
from pipeline.domain.verdict import Seen
from pipeline.jobs import tables
from pipeline.jobs.codec import brief_from_json, brief_to_json, from_row, job_from_row, new_row, to_json
from pipeline.jobs.database import Database
from pipeline.jobs.feed import DUE
from pipeline.jobs.ledger import SqlLedger
from pipeline.jobs.outcomes import ERROR, Outcome, keep_outcome
from pipeline.jobs.queued import require_room
from pipeline.jobs.revisions import revised
from pipeline.jobs.shares import Shares
from pipeline.jobs.sharing import UNFINISHED, due, follow, settle_followers
from pipeline.jobs.stores import SqlBlobs, SqlDeliveries, upsert
from pipeline.jobs.timeline import add_event, begin_stage
from pipeline.jobs.turns import Attempt, attempts_of, one_at_a_time, too_late, whose_turn_it_is
from pipeline.ports import Clock

TAKEN = "this email, task, round and nonce were sent before with another body: use a new nonce"
FIRST_LOOK = timedelta(seconds=30)

OnEvent = Callable[[str], None]
"""Told the id of a job whenever its timeline has grown."""


class JobRecords:
    """Reads and writes jobs, and lets those into the queue whose turn has come."""

    def __init__(self, database: Database, clock: Clock, blobs: SqlBlobs, on_event: OnEvent, shares: Shares) -> None:
        self._database = database
        self._clock = clock
        self._blobs = blobs
        self._deliveries = SqlDeliveries(database)
        self._ledger = SqlLedger(database, clock)
        self._on_event = on_event
        self._shares = shares

    async def insert(
        self,
        brief: Brief,
        target: Target,
        *,
        site_task: str | None,
        notify: bool,
        deadline: timedelta,
        queue_limit: int,
        hold: Callable[[sa.Connection, str], None],
    ) -> tuple[Job, bool]:
        """Make a job durable and queue it, in one transaction; or find the one that has its key.

        One that shares an app, or whose turn has not come, is not queued. What is to be told of is given to ``hold``.

        Raises:
            KeyReused: the key is taken by another body.
            Busy: ``queue_limit`` jobs are waiting, or the owner has no share left.
        """
        now = self._clock.now()
        row = new_row(brief, target, notify=notify, received_at=now, deadline=deadline) | {"site_task": site_task}
        job_id, table = brief.key.job_id, tables.jobs
        own = table.c.id == job_id

        def work(connection: sa.Connection) -> tuple[Any, bool]:
            one_at_a_time(connection, brief.email)
            if not upsert(connection, table, row):
                known = connection.execute(sa.select(table).where(own)).one()
                if known.fingerprint != brief.fingerprint:
                    raise KeyReused(TAKEN)
                if known.notification == DeliveryState.PENDING:
                    hold(connection, job_id)
                return known, False
            require_room(connection, queue_limit)
            self._shares.require(connection, brief.email, now)
            digests = self._blobs.put_all(connection, [attachment.content for attachment in brief.attachments])
            connection.execute(table.update().where(own).values(brief=brief_to_json(brief, digests)))
            add_event(connection, job_id, now, EventKind.FINISHED, Stage.ACCEPT, detail="accepted", seconds=0.0)
            if row["notification"] is DeliveryState.PENDING:
                hold(connection, job_id)
            if not (notify and follow(connection, brief, now)):
                self._shares.let_in(connection, whose_turn_it_is().where(own))
            return connection.execute(sa.select(table).where(own)).one(), True

        accepted, is_new = await self._database.transact(work)
        self._tell(job_id)
        return job_from_row(accepted, ()) if is_new else (await self._jobs([accepted]))[0], is_new

    async def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        return (await self._jobs([await self._row(job_id)]))[0]

    async def ids_like(self, prefix: str, limit: int) -> list[str]:
        """Ids that begin with ``prefix``, newest first."""
        table = tables.jobs
        query = sa.select(table.c.id).where(table.c.id.startswith(prefix, autoescape=True))
        query = query.order_by(table.c.seq.desc()).limit(limit)
        return list(await self._database.transact(lambda connection: connection.execute(query).scalars().all()))

    async def brief(self, job_id: str) -> Brief:
        """As it was accepted. Raises NotFound."""
        document = (await self._row(job_id)).brief
        contents = await self._blobs.get_all([entry["digest"] for entry in document["attachments"]])
        return brief_from_json(document, contents)

    async def files_digest(self, job_id: str) -> str | None:
        """Where the chosen app lies in the blobs."""
        return (await self._row(job_id)).files  # type: ignore[no-any-return]  # a row's columns have no types

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
        table = tables.jobs
        query = sa.select(table).order_by(table.c.seq.desc()).limit(limit + 1)
        for column, value in ((table.c.email, email), (table.c.task, task), (table.c.status, status)):
            if value is not None:
                query = query.where(column == value)
        if cursor is not None:
            if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):  # noqa: PLR2004 - fits 64 bits
                raise InvalidInput(FieldProblem("cursor", "is not one that this service gave"))
            query = query.where(table.c.seq < int(cursor))
        rows = await self._database.transact(lambda connection: connection.execute(query).all())
        more = str(rows[limit - 1].seq) if len(rows) > limit else None
        return await self._jobs(rows[:limit]), more

    async def counts(self) -> dict[JobStatus, int]:
        """Unfinished jobs by status, read in a transaction that has written as well."""
        table, leases = tables.jobs, tables.worker_leases
        row = {"executor_id": uuid.uuid4().hex, "beat_at": self._clock.now()}
        of_status = sa.select(table.c.status, sa.func.count()).group_by(table.c.status)

        def work(connection: sa.Connection) -> dict[JobStatus, int]:
            connection.execute(leases.insert().values(row))
            connection.execute(leases.delete().where(leases.c.executor_id == row["executor_id"]))
            rows = connection.execute(of_status.where(table.c.status.in_(UNFINISHED)))
            return {JobStatus(status): count for status, count in rows}

        return dict.fromkeys(UNFINISHED, 0) | await self._database.transact(work)

    async def waiting_since(self) -> datetime | None:
        """When the job that waits longest for a place was received."""
        waits = sa.and_(tables.jobs.c.status == JobStatus.WAITING, tables.jobs.c.leader.is_(None))
        query = sa.select(sa.func.min(tables.jobs.c.received_at)).where(waits)
        return await self._database.transact(lambda connection: connection.execute(query).scalar_one())

    async def unfinished(self) -> list[Attempt]:
        """All jobs that wait or run."""
        query = sa.select(tables.jobs.c.id, tables.jobs.c.attempt).where(tables.jobs.c.status.in_(UNFINISHED))
        return await self._database.transact(lambda connection: attempts_of(connection, query))

    async def revised(self, brief: Brief) -> tuple[str, Target] | None:
        """Task and target of the site that ``brief`` revises, also of one that a job is still making."""
        return await self._database.transact(lambda connection: revised(connection, brief))

    async def out_of_time(self) -> list[Attempt]:
        """Jobs whose time was up before their turn came."""
        return await self._database.transact(lambda connection: attempts_of(connection, too_late(self._clock.now())))

    async def let_in_all_but(self, known: Collection[Attempt]) -> None:
        """Queue the jobs whose turn has come, except those that are ``known`` to be queued."""
        query = whose_turn_it_is()
        next_ones = await self._database.transact(lambda connection: attempts_of(connection, query))
        if lost := [job_id for job_id, _ in set(next_ones) - set(known)]:
            lost_ones = query.where(tables.jobs.c.id.in_(lost))
            await self._database.transact(lambda connection: self._shares.let_in(connection, lost_ones))

    async def events(self, job_id: str, after: int = 0) -> list[JobEvent]:
        """The timeline after event ``after``."""
        table = tables.job_events
        query = sa.select(table).where(table.c.job_id == job_id, table.c.id > after).order_by(table.c.id)
        rows = await self._database.transact(lambda connection: connection.execute(query).all())
        return [from_row(JobEvent, row) for row in rows]

    async def add_event(
        self, job_id: str, kind: EventKind, stage: Stage | None, detail: str = "", seconds: float | None = None
    ) -> None:
        """Let the timeline grow."""
        now = self._clock.now()
        await self._database.transact(
            lambda connection: add_event(connection, job_id, now, kind, stage, detail=detail, seconds=seconds)
        )
        self._on_event(job_id)

    async def begin(self, job_id: str, stage: Stage, at_most: int | None = None) -> int:
        """Note that ``stage`` begins, and return how often one has: see ``begin_stage``."""
        now = self._clock.now()
        count = await self._database.transact(lambda connection: begin_stage(connection, job_id, now, stage, at_most))
        self._on_event(job_id)
        return count

    async def end_stage(
        self, job_id: str, position: int, stage: Stage, outcome: Outcome, *, detail: str, seconds: float
    ) -> None:
        """Let the timeline tell the end of a stage, and keep what it came to."""
        now, kind = self._clock.now(), EventKind.FAILED if ERROR in outcome else EventKind.FINISHED

        def work(connection: sa.Connection) -> None:
            keep_outcome(connection, job_id, position, stage, outcome)
            add_event(connection, job_id, now, kind, stage, detail=detail, seconds=seconds)

        await self._database.transact(work)
        self._on_event(job_id)

    async def set_status(
        self, job_id: str, status: JobStatus, failure: Failure | None = None, *, attempt: int | None = None
    ) -> bool:
        """Move an unfinished job to ``status``; return whether it was unfinished, and at that ``attempt``.

        When it ends, those that share its app end with it, and the turn of the next one of its site has come.
        """

        def work(connection: sa.Connection) -> tuple[bool, list[str]]:
            moved = self._move(connection, job_id, status, failure, attempt=attempt)
            followers = settle_followers(connection, job_id, self._clock.now()) if moved and status.is_final else []
            return moved, followers

        moved, followers = await self._database.transact(work)
        self._tell(job_id, *followers)
        return moved

    async def report(
        self, job_id: str, made: Made, seen: Seen, files: str, publication: Publication | None = None
    ) -> None:
        """Show what is known of the chosen app, and the digest of its files.

        With its ``publication`` it is live: the jobs that share it have succeeded, and their evaluators are told.
        """
        table, now = tables.jobs, self._clock.now()
        values: dict[str, Any] = {"result": {**to_json(Made, made), **to_json(Seen, seen)}, "files": files}
        values["result"]["publication"] = to_json(Publication, publication) if publication else None
        if publication:
            values["live_at"] = sa.func.coalesce(table.c.live_at, sa.literal(now, tables.UtcDateTime()))
            values["next_look_at"] = now + FIRST_LOOK if publication.is_unconfirmed else None

        def work(connection: sa.Connection) -> list[str]:
            if publication:
                self._move(connection, job_id, JobStatus.SUCCEEDED, values=due(now))
            is_shown = sa.true() if publication else table.c.live_at.is_(None)
            connection.execute(table.update().where(table.c.id == job_id, is_shown).values(values))
            return settle_followers(connection, job_id, now)

        self._tell(job_id, *await self._database.transact(work))

    def _move(
        self,
        connection: sa.Connection,
        job_id: str,
        status: JobStatus,
        failure: Failure | None = None,
        *,
        attempt: int | None = None,
        values: dict[str, Any] | None = None,
    ) -> bool:
        table, now = tables.jobs, self._clock.now()
        values = {**(values or {}), "status": status}
        if status.is_final:
            one_at_a_time(connection, sa.select(table.c.email).where(table.c.id == job_id).scalar_subquery())
            values |= {"finished_at": now, "failure": to_json(Failure, failure) if failure else None, "place": None}
        is_of_attempt = sa.true() if attempt is None else table.c.attempt == attempt
        unfinished = sa.and_(table.c.id == job_id, table.c.status.in_(UNFINISHED), table.c.status != status)
        if connection.execute(table.update().where(unfinished, is_of_attempt).values(values)).rowcount == 0:
            return False
        detail = status.value if failure is None else f"{status.value}: {failure.message}"
        add_event(connection, job_id, now, EventKind.STATUS, failure.stage if failure else None, detail=detail)
        if status.is_final:
            self._shares.let_in(connection, whose_turn_it_is(after=job_id))
        return True

    def _tell(self, *job_ids: str) -> None:
        for job_id in (*job_ids, DUE):
            self._on_event(job_id)

    async def _jobs(self, rows: Sequence[sa.Row[Any]]) -> list[Job]:
        job_ids = [row.id for row in rows]
        deliveries, calls = await self._deliveries.of_many(job_ids), await self._ledger.calls(job_ids)
        return [job_from_row(row, deliveries.get(row.id, ()), calls[row.id]) for row in rows]

    async def _row(self, job_id: str) -> sa.Row[Any]:
        query = sa.select(tables.jobs).where(tables.jobs.c.id == job_id)
        row = await self._database.transact(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFound("no such job")
        return row
