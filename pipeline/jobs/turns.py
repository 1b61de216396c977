"""Rounds of one site are worked on in the order of their arrival. One whose turn has not come is a row, not queued."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipeline.domain.job import JobStatus
from pipeline.jobs import tables
from pipeline.jobs.queued import turn_of
from pipeline.jobs.sharing import UNFINISHED

Attempt = tuple[str, int]
"""Id of a job, and how often it was taken up again."""

_jobs = tables.jobs
_attempt = (_jobs.c.id, _jobs.c.attempt)
_waits = sa.and_(_jobs.c.status == JobStatus.WAITING, _jobs.c.leader.is_(None))


def one_at_a_time(connection: sa.Connection, email: Any) -> None:
    """Let no other transaction that asks this for ``email`` go on before this one has ended, which it first writes in.

    So whose turn it is does not change unseen. SQLite has but one that writes.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(email))))


def attempts_of(connection: sa.Connection, query: sa.Select[Any]) -> list[Attempt]:
    """What ``query`` finds."""
    return [(job_id, attempt) for job_id, attempt in connection.execute(query)]


def is_behind() -> sa.ColumnElement[bool]:
    """The condition for jobs of which an earlier one of the same site has not ended."""
    earlier = _jobs.alias()
    return sa.exists().where(_is_before(earlier), earlier.c.status.in_(UNFINISHED), earlier.c.leader.is_(None))


def whose_turn_it_is(after: str | None = None) -> sa.Select[Any]:
    """Those that wait for no other round; ``after`` = only those of this job's owner that are not queued yet."""
    query = sa.select(*_attempt).where(_waits, sa.not_(is_behind()))
    if after is None:
        return query
    owner = sa.select(_jobs.c.email).where(_jobs.c.id == after).scalar_subquery()
    return query.where(_jobs.c.email == owner, _jobs.c.place.is_(None))


def too_late(now: datetime) -> sa.Select[Any]:
    """Those whose time was up before their turn came."""
    return sa.select(*_attempt).where(_waits, _jobs.c.deadline < now, is_behind())


def _is_before(earlier: sa.FromClause) -> sa.ColumnElement[bool]:
    site, its_site = (sa.func.coalesce(table.c.site_task, table.c.task) for table in (_jobs, earlier))
    return sa.and_(earlier.c.email == _jobs.c.email, its_site == site, turn_of(earlier) < turn_of(_jobs))
