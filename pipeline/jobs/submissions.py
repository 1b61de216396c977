"""Jobs on their way into the engine's queue, and out of it again: with a worker in this process or without."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipeline.jobs.database import Database

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions

APPLICATION = "code-to-deployment"
SHAPE = "1"  # of the workflow: raise it when stages are added or reordered so that running jobs would break
QUEUE = "deploys"
WORKFLOW = "deploy"


def workflow_id(job_id: str, attempt: int) -> str:
    """The engine's id for one attempt at a job: what it has on record of an earlier one does not bind the next."""
    return f"{job_id}-{attempt}" if attempt else job_id


class Submissions:
    """Queues and cancels. The engine's library is imported with the first of either: reading does without."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: list[Callable[[], None]] = []

    def enqueue(self, connection: sa.Connection, job_id: str, attempt: int, place: int) -> None:
        """Queue an attempt at a job in the caller's transaction, behind those of lower ``place``.

        One that is queued, or was, stays as it is.
        """
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": workflow_id(job_id, attempt),
            "app_version": SHAPE,
            "priority": place,
        }
        self._client.enqueue_in_transaction(connection, options, job_id, *([attempt] if attempt else []))

    def announce(self) -> None:
        """Tell the worker of this process that what was queued is committed; one elsewhere may come first."""
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` at every announcement."""
        self._listeners.append(listener)

    async def cancel(self, job_id: str, attempt: int) -> None:
        """Stop an attempt at a job, now if it waits, else within its current stage."""
        await self._client.cancel_workflow_async(workflow_id(job_id, attempt))

    def close(self) -> None:
        """Give back what was opened for it."""
        if client := self.__dict__.pop("_client", None):
            client.destroy()

    @cached_property
    def _client(self) -> "DBOSClient":
        from dbos import DBOSClient, DBOSPortableJSONSerializer

        return DBOSClient(
            system_database_engine=self._database.engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,  # or else it would try the database now, within the transaction that it is first needed in
        )
