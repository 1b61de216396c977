"""Rules of waiting: how many jobs may, and in which order those of one site get their turn."""

import sqlalchemy as sa

from pipeline.domain.errors import Busy
from pipeline.domain.job import Job, JobStatus
from pipeline.jobs import tables
from pipeline.jobs.sharing import UNFINISHED

BUSY_RETRY_SECONDS = 30

_jobs = tables.jobs
_TURN = sa.func.coalesce(_jobs.c.turn, 2 * _jobs.c.seq)
"""Rises in the order of arrival; what was taken up again comes behind all that had arrived by then."""


def require_room(connection: sa.Connection, queue_limit: int) -> None:
    """Raise Busy when more than ``queue_limit`` jobs wait, with the one that comes."""
    waiting = sa.select(sa.func.count()).where(_jobs.c.status == JobStatus.WAITING)
    if connection.execute(waiting).scalar_one() > queue_limit:
        raise Busy("too many jobs are waiting", retry_after_seconds=BUSY_RETRY_SECONDS)


def has_predecessor(connection: sa.Connection, job: Job) -> bool:
    """Whether an earlier job of the same site is still at work on it: rounds are worked on in order.

    One whose app is live, and that only tells the evaluator, is in nobody's way.
    """
    own = sa.select(_TURN).where(_jobs.c.id == job.id).scalar_subquery()
    is_at_work = sa.and_(_jobs.c.status.in_(UNFINISHED), _jobs.c.live_at.is_(None), _jobs.c.leader.is_(None))
    is_of_site = sa.func.coalesce(_jobs.c.site_task, _jobs.c.task) == (job.site_task or job.key.task)
    earlier = sa.exists().where(_jobs.c.email == job.key.email, is_of_site, is_at_work, own > _TURN)
    return bool(connection.execute(sa.select(earlier)).scalar_one())


def last_turn(connection: sa.Connection) -> int:
    """Behind all that have arrived, and behind all that were taken up again."""
    arrived, again = connection.execute(sa.select(sa.func.max(_jobs.c.seq), sa.func.max(_jobs.c.turn))).one()
    return int(max(2 * arrived, again or 0)) + 1
