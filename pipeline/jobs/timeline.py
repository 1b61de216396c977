"""Entries of jobs' timelines, in a transaction of the caller's."""

from datetime import datetime

import sqlalchemy as sa

from pipeline.domain.job import EventKind, Stage
from pipeline.jobs import tables


def add_event(
    connection: sa.Connection,
    job_id: str,
    at: datetime,
    kind: EventKind,
    stage: Stage | None,
    *,
    detail: str = "",
    seconds: float | None = None,
) -> None:
    """Let the timeline of a job grow."""
    row = {"job_id": job_id, "at": at, "kind": kind, "stage": stage, "detail": detail, "seconds": seconds}
    connection.execute(tables.job_events.insert().values(row))


def begin_stage(connection: sa.Connection, job_id: str, at: datetime, stage: Stage, at_most: int | None = None) -> int:
    """Note that ``stage`` begins, unless that is more than ``at_most``.

    Returns:
        How often one has begun since anything else of the job was recorded, with this time.
    """
    table = tables.job_events
    of_job, unfinished = table.c.job_id == job_id, (EventKind.STARTED, EventKind.PROGRESS)
    last = sa.select(sa.func.max(table.c.id)).where(of_job, table.c.kind.not_in(unfinished)).scalar_subquery()
    begun = sa.and_(of_job, table.c.kind == EventKind.STARTED, table.c.id > sa.func.coalesce(last, 0))
    count = int(connection.execute(sa.select(sa.func.count()).where(begun)).scalar_one()) + 1
    if at_most is None or count <= at_most:
        add_event(connection, job_id, at, EventKind.STARTED, stage)
    return count
