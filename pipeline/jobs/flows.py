"""What DBOS keeps of jobs, and the durable step; with ``engine``, ``submissions`` and ``worker`` the home of dbos."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import sqlalchemy as sa
from dbos import DBOS
from dbos import error as dbos_error

from pipeline.domain.errors import Unavailable
from pipeline.jobs.outcomes import Outcome

GIVEN_UP = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]  # DBOS's words for jobs it will not touch again

T = TypeVar("T")

_log = logging.getLogger(__name__)


def is_no_cancellation(record: logging.LogRecord) -> bool:
    """The engine warns of a job that was cancelled while it ran, and then tells of its end with a traceback."""
    error = record.exc_info[1] if record.exc_info else None
    is_end = isinstance(error, dbos_error.DBOSAwaitedWorkflowCancelledError | dbos_error.DBOSWorkflowCancelledError)
    return not is_end and "Waiting for the recorded outcome" not in str(record.msg)


async def run_step(name: str, step: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
    """Run ``step`` unless its outcome is on record."""

    async def kept() -> Outcome:
        return await unless_away(step())

    return await DBOS.run_step_async({"name": name, "preemptible": True}, kept)


async def unless_away(work: Awaitable[T]) -> T:
    """A database that is away is no outcome.

    Raises:
        CancelledError: in its place, of which DBOS records nothing: upkeep takes the job up again.
    """
    try:
        return await work
    except (Unavailable, sa.exc.SQLAlchemyError) as error:
        _log.warning("a job is left as it is for now: %s", error, extra={"action": "job.left"})
        raise asyncio.CancelledError from error


def pending_of(executor: str) -> set[str]:
    """The workflows that ``executor`` is at work on, or was."""
    held = DBOS.list_workflows(status="PENDING", executor_id=executor, load_input=False, load_output=False)
    return {flow.workflow_id for flow in held}


def adopt_from_all_but(live: set[str]) -> None:
    """Queue again what executors are at work on that do not live any more."""
    held = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
    if dead := {flow.executor_id for flow in held if flow.executor_id} - live:
        adopt(dead)


def adopt(executors: set[str]) -> None:
    """Queue again what they were at work on; what is queued already stays as it is."""
    DBOS._recover_pending_workflows(sorted(executors))  # noqa: SLF001 - not public; a contract test holds it to what we need


def statuses_of(flow_ids: list[str]) -> dict[str, str]:
    """How DBOS puts it, for those that it knows."""
    if not flow_ids:
        return {}
    flows = DBOS.list_workflows(workflow_ids=flow_ids, load_input=False, load_output=False)
    return {flow.workflow_id: flow.status for flow in flows}
