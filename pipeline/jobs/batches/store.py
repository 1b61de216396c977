"""Batches and their lines, as rows."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import groupby
from secrets import token_hex
from typing import Any

import sqlalchemy as sa

from pipeline.domain.batch import Batch, Cost, LineResult, LineStatus, NewLine, seconds_left
from pipeline.domain.errors import FieldProblem, KeyReused, NotFound
from pipeline.domain.job import Job, JobStatus
from pipeline.jobs import tables
from pipeline.jobs.codec import brief_to_json, from_json, job_from_row, to_json
from pipeline.jobs.database import Database
from pipeline.jobs.feed import DUE, JobFeed
from pipeline.jobs.retries import ENDED_BADLY
from pipeline.jobs.sharing import UNFINISHED
from pipeline.jobs.stores import SqlBlobs
from pipeline.ports import Clock

WAITING, WORKING, ENDED = "waiting", "working", "ended"
"""States of a line: not in the queue, in it or at work, and told."""

SAMPLE = 50
PAGE = 100
LOOK_SECONDS = 1.0

_batches, _lines, _jobs, _calls = tables.batches, tables.batch_lines, tables.jobs, tables.model_calls


class SqlBatches:
    """Takes them in, and tells what became of them.

    Attributes:
        is_draining: set when the service is about to stop: those who watch are sent away.
    """

    def __init__(self, database: Database, blobs: SqlBlobs, feed: JobFeed, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._feed = feed
        self._clock = clock
        self.is_draining = False

    async def begin(self) -> str:
        """Make room for one, and return its id."""
        row = {"id": token_hex(16), "owner": "", "received_at": self._clock.now(), "is_open": False, "last_place": 0}
        await self._database.transact(lambda connection: connection.execute(_batches.insert().values(row)))
        return str(row["id"])

    async def add(self, batch_id: str, lines: Sequence[NewLine]) -> None:
        """Make some of its lines durable."""

        def work(connection: sa.Connection) -> None:
            rows = [self._row(connection, batch_id, line) for line in lines]
            if rows:
                connection.execute(_lines.insert(), rows)

        await self._database.transact(work)

    def _row(self, connection: sa.Connection, batch_id: str, line: NewLine) -> dict[str, Any]:
        row: dict[str, Any] = {"batch_id": batch_id, "number": line.number}
        if line.brief is None:
            return row | {"state": WORKING, "brief": None, "problems": problems_to_json(line.problems)}
        digests = self._blobs.put_all(connection, [attachment.content for attachment in line.brief.attachments])
        return row | {"state": WAITING, "brief": brief_to_json(line.brief, digests), "problems": None}

    async def seal(self, batch_id: str, owner: str | None, key: str, digest: str) -> str:
        """It is whole: let it run. The id of an earlier one of this owner and ``key``, if there is one; then this goes.

        Raises:
            KeyReused: that one had another ``digest``.
        """

        def work(connection: sa.Connection) -> str:
            # Writing first takes SQLite's write lock, so that two of one key cannot interleave.
            connection.execute(_batches.update().where(_batches.c.id == batch_id).values(owner=owner or ""))
            known = sa.select(_batches).where(_batches.c.owner == (owner or ""), _batches.c.key == key)
            if earlier := connection.execute(known).one_or_none():
                delete_batches(connection, _batches.c.id == batch_id)
                if earlier.digest != digest:
                    raise KeyReused("this Idempotency-Key came before with another batch: use a new one")
                return str(earlier.id)
            whole = {"key": key, "digest": digest, "is_open": True}
            connection.execute(_batches.update().where(_batches.c.id == batch_id).values(whole))
            settle(connection)  # lines that were refused have ended
            return batch_id

        sealed = await self._database.transact(work)
        self._feed.publish(DUE)
        return sealed

    async def discard(self, batch_id: str) -> None:
        """It did not arrive as a whole."""
        await self._database.transact(lambda connection: delete_batches(connection, _batches.c.id == batch_id))

    async def get(self, batch_id: str) -> Batch:
        """Raises NotFound."""

        def work(connection: sa.Connection) -> Batch:
            batch, counts = _known(connection, batch_id), _counts(connection, batch_id)
            of_batch = sa.select(_lines.c.job_id).where(_lines.c.batch_id == batch_id)
            left = seconds_left(
                _last_seconds(connection, batch_id), counts[LineStatus.WAITING], counts[LineStatus.RUNNING]
            )
            cost = _cost(connection, of_batch)
            return Batch(
                batch.id, batch.owner or None, batch.received_at, counts, cost, left if batch.is_open else None
            )

        return await self._database.transact(work)

    async def results(self, batch_id: str, after: int, limit: int) -> list[LineResult]:
        """By number, behind the line ``after``."""
        return await self._results(batch_id, _lines.c.number, after, limit)

    async def watch(self, batch_id: str) -> AsyncIterator[LineResult]:
        """Each line once it has ended, in the order in which they did, until all have."""
        place = 0
        with self._feed.subscribe(batch_id) as news:
            while True:
                is_open = await self._database.transact(lambda connection: _known(connection, batch_id).is_open)
                ended = await self._results(batch_id, _lines.c.place, place, PAGE)
                for result in ended:
                    place = result.place or place
                    yield result
                if self.is_draining or not (ended or is_open):
                    return
                if not ended:
                    await news.wait(LOOK_SECONDS)

    async def retry(self, batch_id: str) -> None:
        """Let wait again what failed, was cancelled, or could not be accepted."""
        failed = sa.select(_jobs.c.id).where(_jobs.c.status.in_(ENDED_BADLY))
        is_refused = sa.and_(_lines.c.problems.is_not(None), _lines.c.brief.is_not(None))
        ended = sa.and_(_lines.c.batch_id == batch_id, _lines.c.state == ENDED)
        again = _lines.update().where(ended, sa.or_(_lines.c.job_id.in_(failed), is_refused))

        def work(connection: sa.Connection) -> None:
            if connection.execute(again.values(state=WAITING, place=None, problems=None)).rowcount:
                connection.execute(_batches.update().where(_batches.c.id == batch_id).values(is_open=True))

        await self._database.transact(work)
        self._feed.publish(DUE)

    async def cost(self, job_ids: Sequence[str]) -> Cost:
        """What the ledger has of these jobs."""
        return await self._database.transact(lambda connection: _cost(connection, job_ids))

    async def _results(self, batch_id: str, column: sa.Column[int], after: int, limit: int) -> list[LineResult]:
        of_batch = sa.select(_lines).where(_lines.c.batch_id == batch_id, column > after)

        def work(connection: sa.Connection) -> list[LineResult]:
            rows = connection.execute(of_batch.order_by(column).limit(limit)).all()
            ids = [row.job_id for row in rows if row.job_id]
            found = connection.execute(sa.select(_jobs).where(_jobs.c.id.in_(ids))).all()
            jobs = {row.id: job_from_row(row, ()) for row in found}
            return [_result(row, jobs.get(row.job_id)) for row in rows]

        return await self._database.transact(work)


def settle(connection: sa.Connection) -> set[str]:
    """Give lines that have ended their places, and close batches that have; the ids of those that moved."""
    has_ended = sa.or_(_lines.c.problems.is_not(None), _jobs.c.id.is_(None), _jobs.c.status.not_in(UNFINISHED))
    joined = _lines.join(_batches, _lines.c.batch_id == _batches.c.id).outerjoin(_jobs, _lines.c.job_id == _jobs.c.id)
    query = (
        sa.select(_lines.c.batch_id, _lines.c.number)
        .select_from(joined)
        .where(_batches.c.is_open, _lines.c.state == WORKING, has_ended)
        .order_by(_lines.c.batch_id, _jobs.c.finished_at, _lines.c.number)
    )
    moved: set[str] = set()
    for batch_id, numbers in groupby(connection.execute(query).all(), lambda row: row.batch_id):
        locked = sa.select(_batches.c.last_place).where(_batches.c.id == batch_id).with_for_update()
        place = connection.execute(locked).scalar_one()
        line = sa.and_(
            _lines.c.batch_id == batch_id, _lines.c.number == sa.bindparam("line"), _lines.c.state == WORKING
        )
        end = _lines.update().where(line).values(state=ENDED, place=sa.bindparam("at"))
        rows = [{"line": row.number, "at": place + step} for step, row in enumerate(numbers, 1)]
        connection.execute(end, rows)
        connection.execute(_batches.update().where(_batches.c.id == batch_id).values(last_place=place + len(rows)))
        moved.add(batch_id)
    is_left = sa.exists().where(_lines.c.batch_id == _batches.c.id, _lines.c.state.in_((WAITING, WORKING)))
    done = _batches.update().where(_batches.c.is_open, sa.not_(is_left)).values(is_open=False)
    return moved | set(connection.execute(done.returning(_batches.c.id)).scalars())


def problems_to_json(problems: Iterable[FieldProblem]) -> Any:
    """What is wrong with a line, for its row."""
    return to_json(tuple[FieldProblem, ...], tuple(problems))


def delete_batches(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    """Forget batches with their lines; their jobs stay."""
    ids = sa.select(_batches.c.id).where(which)
    connection.execute(_lines.delete().where(_lines.c.batch_id.in_(ids)))
    connection.execute(_batches.delete().where(which))


def _known(connection: sa.Connection, batch_id: str) -> sa.Row[Any]:
    is_whole = _batches.c.key.is_not(None)
    row = connection.execute(sa.select(_batches).where(_batches.c.id == batch_id, is_whole)).one_or_none()
    if row is None:
        raise NotFound("no such batch")
    return row


def _result(row: sa.Row[Any], job: Job | None) -> LineResult:
    problems = from_json(tuple[FieldProblem, ...], row.problems or ())
    status = _status(row.state, job.status if job else None, is_refused=bool(problems))
    return LineResult(row.number, status, None if problems else job, problems, row.place)


def _status(state: str, job_status: JobStatus | str | None, *, is_refused: bool) -> LineStatus:
    if state == WAITING:
        return LineStatus.WAITING
    if is_refused:
        return LineStatus.REFUSED
    return LineStatus(job_status) if job_status else LineStatus.FORGOTTEN


def _counts(connection: sa.Connection, batch_id: str) -> Counter[LineStatus]:
    place = (_lines.c.state, _jobs.c.status, _lines.c.problems.is_not(None))
    joined = sa.select(*place, sa.func.count()).outerjoin_from(_lines, _jobs, _lines.c.job_id == _jobs.c.id)
    counts: Counter[LineStatus] = Counter()
    for state, status, is_refused, count in connection.execute(
        joined.where(_lines.c.batch_id == batch_id).group_by(*place)
    ):
        counts[_status(state, status, is_refused=is_refused)] += count
    return counts


def _last_seconds(connection: sa.Connection, batch_id: str) -> list[float]:
    query = (
        sa.select(_jobs.c.finished_at, _jobs.c.received_at, _jobs.c.retried_at)
        .join_from(_lines, _jobs, _lines.c.job_id == _jobs.c.id)
        .where(_lines.c.batch_id == batch_id, _lines.c.place.is_not(None), _jobs.c.finished_at.is_not(None))
        .order_by(_lines.c.place.desc())
        .limit(SAMPLE)
    )
    rows = connection.execute(query).all()
    return [(row.finished_at - (row.retried_at or row.received_at)).total_seconds() for row in rows]


def _cost(connection: sa.Connection, job_ids: Any) -> Cost:
    usd = _calls.c.reply["usage"]["cost_usd"].as_float()
    sums = sa.select(sa.func.count(), sa.func.sum(usd), sa.func.count(usd)).where(_calls.c.job_id.in_(job_ids))
    calls, total, priced = connection.execute(sums).one()
    return Cost(calls, total or 0.0, calls - priced)
