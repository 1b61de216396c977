"""Requests that an evaluator sent again with another nonce: they share the app of the first, which works for all.

A follower is a row that waits: nothing runs for it. It ends in the transaction that shows the first one's app as live,
or the first one's failure.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipeline.domain.brief import Brief
from pipeline.domain.job import EventKind, JobStatus
from pipeline.domain.notification import DeliveryState, Trigger
from pipeline.jobs import tables
from pipeline.jobs.timeline import add_event

UNFINISHED = (JobStatus.WAITING, JobStatus.RUNNING)

_table = tables.jobs


def follow(connection: sa.Connection, brief: Brief, now: datetime) -> bool:
    """Let the job of ``brief``, whose row is there, follow the one that works on the same request; whether one does."""
    leads = (
        sa.select(_table.c.id)
        .where(
            _table.c.email == brief.email,
            _table.c.resend_fingerprint == brief.resend_fingerprint,
            _table.c.status.in_(UNFINISHED),
            _table.c.leader.is_(None),
            _table.c.id != brief.key.job_id,
        )
        .order_by(_table.c.seq)
        .limit(1)
        .with_for_update()  # so that it cannot end between this look and the row that follows it
    )
    leader = connection.execute(leads).scalar_one_or_none()
    if leader is None:
        return False
    own = _table.c.id == brief.key.job_id
    connection.execute(_table.update().where(own).values(leader=leader, result={"notes": [_note(leader)]}))
    settle_followers(connection, leader, now)
    return True


def settle_followers(connection: sa.Connection, leader: str, now: datetime) -> list[str]:
    """End the jobs that follow ``leader`` as far as it has come; their ids."""
    first = connection.execute(sa.select(_table).where(_table.c.id == leader)).one()
    if first.live_at is None and first.status in UNFINISHED:
        return []
    result = {**first.result, "notes": [_note(leader), *first.result.get("notes", ())]}
    status = JobStatus.SUCCEEDED if first.live_at else JobStatus(first.status)
    ended = {"status": status, "result": result, "files": first.files, "failure": first.failure, "finished_at": now}
    followers = sa.and_(_table.c.leader == leader, _table.c.status == JobStatus.WAITING)
    if first.live_at:
        ended |= {"live_at": now, "target": first.target, **due(now)}
    moved = _table.update().where(followers).values(ended).returning(_table.c.id)
    job_ids = list(connection.execute(moved).scalars())
    for job_id in job_ids:
        add_event(connection, job_id, now, EventKind.STATUS, None, detail=status)
    return job_ids


def due(now: datetime) -> dict[str, Any]:
    """Values of a job that is live from now on: who is to be told is told."""
    is_wanted = _table.c.notification == DeliveryState.PENDING
    at = sa.case((is_wanted, sa.literal(now, tables.UtcDateTime())), else_=None)
    return {"next_attempt_at": at, "next_trigger": Trigger.SCHEDULED}


def _note(leader: str) -> str:
    return f"the same request as job {leader}, with another nonce: it shares that job's app"
