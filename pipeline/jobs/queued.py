"""Rules of waiting: how many jobs may, and in which order those of one site get their turn."""

import sqlalchemy as sa

from pipeline.domain.errors import Busy
from pipeline.domain.job import JobStatus
from pipeline.jobs import tables

BUSY_RETRY_SECONDS = 30

_jobs = tables.jobs


def require_room(connection: sa.Connection, queue_limit: int) -> None:
    """Raise Busy when more than ``queue_limit`` jobs wait, with the one that comes."""
    waiting = sa.select(sa.func.count()).where(_jobs.c.status == JobStatus.WAITING)
    if connection.execute(waiting).scalar_one() > queue_limit:
        raise Busy("too many jobs are waiting", retry_after_seconds=BUSY_RETRY_SECONDS)


def turn_of(jobs: sa.FromClause) -> sa.ColumnElement[int]:
    """Rises in the order of arrival; what was taken up again comes behind all that had arrived by then."""
    return sa.func.coalesce(jobs.c.turn, 2 * jobs.c.seq)


def last_turn(connection: sa.Connection) -> int:
    """Behind all that have arrived, and behind all that were taken up again."""
    arrived, again = connection.execute(sa.select(sa.func.max(_jobs.c.seq), sa.func.max(_jobs.c.turn))).one()
    return int(max(2 * arrived, again or 0)) + 1
