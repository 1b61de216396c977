"""Calls whose results are fetched by other requests, as a table: whichever worker is asked can answer.

How many are kept is limited, for each caller and for all together. Where a limit is reached, calls whose end has been
delivered make room; results that nobody has fetched yet are never dropped for a new call, which is refused instead: a
flood must not cost others what they wait for.
"""

import json
import secrets
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from pipeline.domain.call_event import CallEvent, CallOutcome
from pipeline.domain.errors import Busy, NotFound
from pipeline.jobs import tables
from pipeline.jobs.codec import from_row, to_json
from pipeline.jobs.database import Database
from pipeline.ports import Clock

LIFETIME = timedelta(hours=1)
MOST_PER_CALLER = 200
MOST = 2_000
MOST_OUTCOME_BYTES = 1024 * 1024
RETRY_AFTER_SECONDS = 60

_table = tables.call_events


class SqlCallEvents:
    """The ``CallEvents`` port, with at most ``most_per_caller`` calls of one caller, and ``most`` of all together."""

    def __init__(
        self, database: Database, clock: Clock, *, most_per_caller: int = MOST_PER_CALLER, most: int = MOST
    ) -> None:
        self._database = database
        self._clock = clock
        self._most_per_caller = most_per_caller
        self._most = most

    async def add(
        self,
        caller: str,
        function: str,
        *,
        session: str | None = None,
        job_id: str | None = None,
        outcome: CallOutcome | None = None,
    ) -> CallEvent:
        """Keep a call, and forget those whose time is over.

        Raises:
            Busy: too many are kept, of this caller or of all together.
        """
        now = self._clock.now()
        event = CallEvent(secrets.token_urlsafe(24), caller, function, session, job_id, outcome, now, now + LIFETIME)

        def work(connection: sa.Connection) -> None:
            connection.execute(_table.delete().where(_table.c.expires_at <= now))
            _make_room(connection, _table.c.caller == caller, self._most_per_caller)
            _make_room(connection, sa.true(), self._most)
            row = {name: getattr(event, name) for name in event.__slots__}
            row["outcome"] = to_json(CallOutcome, outcome) if outcome else sa.null()
            connection.execute(_table.insert().values(row | {"is_delivered": False}))

        await self._database.transact(work)
        return event

    async def get(self, event_id: str, caller: str) -> CallEvent:
        """Raises NotFound, also for a foreign one."""
        return await self._one(_table.c.id == event_id, _table.c.caller == caller)

    async def find(self, event_id: str, session: str) -> CallEvent:
        """By session instead of caller. Raises NotFound."""
        return await self._one(_table.c.id == event_id, _table.c.session == session)

    async def undelivered(self, session: str, caller: str) -> tuple[CallEvent, ...]:
        """Calls of the session whose end has not been delivered to its caller, oldest first."""
        query = (
            sa.select(_table)
            .where(_table.c.session == session, _table.c.caller == caller, sa.not_(_table.c.is_delivered))
            .where(_table.c.expires_at > self._clock.now())
            .order_by(_table.c.created_at)
        )
        rows = await self._database.transact(lambda connection: connection.execute(query).all())
        return tuple(from_row(CallEvent, row) for row in rows)

    async def record(self, event_id: str, outcome: CallOutcome) -> None:
        """How the call ended. A value of more than ``MOST_OUTCOME_BYTES`` is replaced by an error that says so."""
        if len(json.dumps(outcome.value)) > MOST_OUTCOME_BYTES:
            outcome = CallOutcome(error=f"the result is larger than {MOST_OUTCOME_BYTES} bytes")
        await self._update(event_id, outcome=to_json(CallOutcome, outcome))

    async def mark_delivered(self, event_id: str) -> None:
        """Its caller has its end: from now on it may make room for others."""
        await self._update(event_id, is_delivered=True)

    async def _one(self, *conditions: sa.ColumnElement[bool]) -> CallEvent:
        query = sa.select(_table).where(*conditions, _table.c.expires_at > self._clock.now())
        row = await self._database.transact(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFound("no such event: the id is wrong, or its time is over")
        return from_row(CallEvent, row)

    async def _update(self, event_id: str, **values: Any) -> None:
        statement = _table.update().where(_table.c.id == event_id).values(values)
        await self._database.transact(lambda connection: connection.execute(statement))


def _make_room(connection: sa.Connection, among: sa.ColumnElement[bool], most: int) -> None:
    """Delete as many delivered calls as there are too many for one more, oldest first; Busy when that is not enough."""
    kept = connection.execute(sa.select(sa.func.count()).select_from(_table).where(among)).scalar_one()
    surplus = kept + 1 - most
    if surplus <= 0:
        return
    delivered = sa.select(_table.c.id).where(among, _table.c.is_delivered).order_by(_table.c.created_at).limit(surplus)
    ids = list(connection.execute(delivered).scalars())
    if len(ids) < surplus:
        raise Busy("too many results wait to be fetched", retry_after_seconds=RETRY_AFTER_SECONDS)
    connection.execute(_table.delete().where(_table.c.id.in_(ids)))
