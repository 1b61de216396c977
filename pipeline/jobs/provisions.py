"""Provisions of Spaces as rows. What could give a secret away is wiped as soon as a provision has ended."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from pydantic import ValidationError

from pipeline.domain.errors import Busy, NotFound, Unavailable
from pipeline.domain.job import JobStatus
from pipeline.domain.provision import (
    AppTemplate,
    Provision,
    ProvisionOrder,
    SpaceOutcome,
    SpaceStatus,
    WantedSpace,
)
from pipeline.domain.publication import SpaceSdk
from pipeline.jobs import tables
from pipeline.jobs.codec import from_json, to_json
from pipeline.jobs.database import Database
from pipeline.jobs.stores import SqlBlobs, upsert
from pipeline.ports import Clock

MOST_UNFINISHED = 50
RETRY_AFTER_SECONDS = 60
OPERATOR = "operator"
CHECKPOINT_TRIES = 3
CHECKPOINT_PAUSE_SECONDS = 0.2

_UNFINISHED = (JobStatus.WAITING, JobStatus.RUNNING)
_table, _spaces = tables.provisions, tables.provision_spaces


@dataclass(frozen=True, slots=True)
class UnfinishedProvision:
    """What a run needs.

    Attributes:
        order: with its secrets.
        token: of the Hub, to act with; None = the operator's.
        outcomes: so far, one per Space.
    """

    order: ProvisionOrder
    token: str | None = field(repr=False)
    outcomes: tuple[SpaceOutcome, ...]


class ProvisionRecords:
    """Reads and writes provisions.

    Args:
        database: of the jobs.
        clock: for the times on record.
        blobs: keep the files of templates.
        on_change: told the id of a provision whenever something about it has changed.
    """

    def __init__(self, database: Database, clock: Clock, blobs: SqlBlobs, on_change: Callable[[str], None]) -> None:
        self._database = database
        self._clock = clock
        self._blobs = blobs
        self._on_change = on_change

    async def insert(
        self, order: ProvisionOrder, token: str | None, enqueue: Callable[[sa.Connection, str], None]
    ) -> str:
        """Make an order durable and queue it, in one transaction; or find the unfinished one that is the same.

        Returns:
            The provision's id.

        Raises:
            Busy: too many are unfinished.
        """
        request = await self._to_json(order)
        row = {
            "id": uuid4().hex,
            "digest": sha256(json.dumps([request, token]).encode()).hexdigest(),
            "caller": _caller(token),
            "status": JobStatus.WAITING,
            "received_at": self._clock.now(),
            "request": request,
            "token": token,
        }

        def work(connection: sa.Connection) -> str | None:
            if not upsert(connection, _table, row):
                same = sa.select(_table.c.id).where(_table.c.digest == row["digest"])
                return connection.execute(same).scalar_one_or_none()
            unfinished = sa.select(sa.func.count()).where(_table.c.status.in_(_UNFINISHED))
            if connection.execute(unfinished).scalar_one() > MOST_UNFINISHED:
                raise Busy("too many provisions are under way", retry_after_seconds=RETRY_AFTER_SECONDS)
            outcomes = [
                {"provision_id": row["id"], "position": index, "outcome": _outcome_to_json(SpaceOutcome(wanted.name))}
                for index, wanted in enumerate(order.spaces)
            ]
            connection.execute(_spaces.insert(), outcomes)
            enqueue(connection, str(row["id"]))
            return str(row["id"])

        # None: the same one was there and ended in between.
        return await self._database.transact(work) or await self.insert(order, token, enqueue)

    async def get(self, provision_id: str, token: str | None) -> Provision:
        """As it stands. Raises NotFound, also for one of another caller."""

        def work(connection: sa.Connection) -> Provision:
            known = sa.select(_table).where(_table.c.id == provision_id, _table.c.caller == _caller(token))
            row = connection.execute(known).one_or_none()
            if row is None:
                raise NotFound("no such provision")
            return Provision(
                id=row.id,
                status=JobStatus(row.status),
                received_at=row.received_at,
                spaces=_outcomes(connection, provision_id),
                finished_at=row.finished_at,
                error=row.error,
            )

        return await self._database.transact(work)

    async def load(self, provision_id: str) -> UnfinishedProvision | None:
        """What is still to be done; None when it has ended, or nobody knows it any more.

        Raises:
            NotFound: the template's files are gone.
            Unavailable: what is stored cannot be read.
        """

        def work(connection: sa.Connection) -> tuple[Any, tuple[SpaceOutcome, ...]]:
            known = sa.select(_table).where(_table.c.id == provision_id, _table.c.status.in_(_UNFINISHED))
            return connection.execute(known).one_or_none(), _outcomes(connection, provision_id)

        row, outcomes = await self._database.transact(work)
        if row is None:
            return None
        try:
            return UnfinishedProvision(await self._from_json(row.request), row.token, outcomes)
        except ValidationError:  # its text would show what was stored
            raise Unavailable("the stored order cannot be read: it was written by another version") from None

    async def begin(self, provision_id: str) -> None:
        """It is worked on."""

        def work(connection: sa.Connection) -> None:
            connection.execute(_table.update().where(_table.c.id == provision_id).values(status=JobStatus.RUNNING))

        await self._database.transact(work)
        self._on_change(provision_id)

    async def record(self, provision_id: str, index: int, outcome: SpaceOutcome) -> None:
        """Keep the outcome of one Space."""
        place = (_spaces.c.provision_id == provision_id, _spaces.c.position == index)
        statement = _spaces.update().where(*place).values(outcome=_outcome_to_json(outcome))
        await self._database.transact(lambda connection: connection.execute(statement))
        self._on_change(provision_id)

    async def finish(self, provision_id: str, error: str | None = None) -> None:
        """It has ended: wipe what was ordered. Spaces that did not get their turn have failed, because of ``error``."""

        def work(connection: sa.Connection) -> None:
            outcomes = [_ended(outcome, error) for outcome in _outcomes(connection, provision_id)]
            for index, outcome in enumerate(outcomes):
                place = (_spaces.c.provision_id == provision_id, _spaces.c.position == index)
                connection.execute(_spaces.update().where(*place).values(outcome=_outcome_to_json(outcome)))
            is_done = error is None and all(outcome.status is SpaceStatus.SUCCEEDED for outcome in outcomes)
            values = {
                "status": JobStatus.SUCCEEDED if is_done else JobStatus.FAILED,
                "finished_at": self._clock.now(),
                "error": error,
                **dict.fromkeys(("digest", "request", "token")),
            }
            connection.execute(_table.update().where(_table.c.id == provision_id).values(values))

        await self._database.transact(work)
        if self._database.is_sqlite:
            await self._empty_write_ahead_log()
        self._on_change(provision_id)

    async def unfinished(self) -> list[str]:
        """Ids of all that wait or run."""
        query = sa.select(_table.c.id).where(_table.c.status.in_(_UNFINISHED))
        return list(await self._database.transact(lambda connection: connection.execute(query).scalars().all()))

    async def forget_before(self, cutoff: datetime) -> list[str]:
        """Delete some that ended before ``cutoff``; return their ids."""

        def work(connection: sa.Connection) -> list[str]:
            ids = list(
                connection.execute(sa.select(_table.c.id).where(_table.c.finished_at < cutoff).limit(500)).scalars()
            )
            connection.execute(_spaces.delete().where(_spaces.c.provision_id.in_(ids)))
            connection.execute(_table.delete().where(_table.c.id.in_(ids)))
            return ids

        return await self._database.transact(work)

    async def _empty_write_ahead_log(self) -> None:
        """SQLite keeps old pages in its log until that is written over."""
        statement = "PRAGMA wal_checkpoint(TRUNCATE)"
        for _ in range(CHECKPOINT_TRIES):
            is_busy, *_ = await self._database.transact(lambda connection: connection.exec_driver_sql(statement).one())
            if not is_busy:
                return
            await asyncio.sleep(CHECKPOINT_PAUSE_SECONDS)

    async def _to_json(self, order: ProvisionOrder) -> dict[str, Any]:
        template: Any = order.template
        if isinstance(order.template, AppTemplate):
            template = {
                "files": await self._blobs.put_files(order.template.files),
                "kind": order.template.kind,
                "parameters": order.template.parameters,
            }
        return {
            "template": template,
            "spaces": to_json(tuple[WantedSpace, ...], order.spaces),
            "replace_secrets": order.replace_secrets,
        }

    async def _from_json(self, document: dict[str, Any]) -> ProvisionOrder:
        template = document["template"]
        if not isinstance(template, str):
            files = await self._blobs.get_files(template["files"])
            template = AppTemplate(files, SpaceSdk(template["kind"]), template["parameters"])
        spaces = from_json(tuple[WantedSpace, ...], document["spaces"])
        return ProvisionOrder(template, spaces, document["replace_secrets"])


def _caller(token: str | None) -> str:
    return OPERATOR if token is None else sha256(token.encode()).hexdigest()


def _outcomes(connection: sa.Connection, provision_id: str) -> tuple[SpaceOutcome, ...]:
    query = sa.select(_spaces.c.outcome).where(_spaces.c.provision_id == provision_id).order_by(_spaces.c.position)
    return tuple(from_json(SpaceOutcome, document) for document in connection.execute(query).scalars())


def _outcome_to_json(outcome: SpaceOutcome) -> Any:
    return to_json(SpaceOutcome, outcome)


def _ended(outcome: SpaceOutcome, error: str | None) -> SpaceOutcome:
    if outcome.status.is_final:
        return outcome
    was_begun = outcome.status is SpaceStatus.RUNNING
    place = "it was begun, and may be half done" if was_begun else "it was not begun"
    reason = f"{error}; {place}: order the same again" if error else f"{place}: order the same again"
    return replace(outcome, status=SpaceStatus.FAILED, error=reason)
