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
