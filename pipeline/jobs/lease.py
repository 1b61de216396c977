"""Adoption of a dead worker's jobs when several machines share one PostgreSQL.

The engine leaves the jobs of a worker that never comes back with that worker. Every worker therefore renews a lease,
and those that live take over what belongs to executors without one.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.stores import upsert

LEASE_SECONDS = 30
BEAT_SECONDS = LEASE_SECONDS / 3


class Leases:
    """Who is alive. Times are the database's, so that workers' clocks may differ."""

    def __init__(self, database: Database, executor_id: str) -> None:
        self._database = database
        self._executor_id = executor_id

    async def beat(self) -> set[str]:
        """Renew the own lease; return the executors whose leases hold."""

        def work(connection: sa.Connection) -> set[str]:
            now: datetime = connection.execute(sa.select(sa.func.now())).scalar_one()
            table = tables.worker_leases
            upsert(connection, table, {"executor_id": self._executor_id, "beat_at": now}, update=("beat_at",))
            live = sa.select(table.c.executor_id).where(table.c.beat_at > now - timedelta(seconds=LEASE_SECONDS))
            return set(connection.execute(live).scalars())

        return await self._database.transact(work)

    async def release(self) -> None:
        """Give the own lease up, so that the others adopt at once what is left."""
        table = tables.worker_leases
        own = table.delete().where(table.c.executor_id == self._executor_id)
        await self._database.transact(lambda connection: connection.execute(own))
