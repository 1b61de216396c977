"""Everybody gets a share: whose job is started next, and how much one owner may have waiting, running and spent.

Jobs that are queued stand in a line of their owner's, and the lines advance together: the first of each before the
second of any. A line that begins anew begins where the others are, so that nobody saves up turns by not coming. (This
is start-time fair queueing with jobs of equal size.)
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from pipeline.domain.errors import Busy
from pipeline.domain.job import JobStatus
from pipeline.jobs import tables
from pipeline.jobs.queued import BUSY_RETRY_SECONDS, turn_of
from pipeline.jobs.sharing import UNFINISHED

Enqueue = Callable[[sa.Connection, str, int, int], None]
"""Queues an attempt at a job, with its place, in the transaction; one that is queued stays as it is."""

_jobs, _calls = tables.jobs, tables.model_calls


@dataclass(frozen=True, slots=True)
class OwnerLimits:
    """Of one owner; None = no limit."""

    running: int | None = None  # jobs that are queued or at work: the others are rows
    waiting: int | None = None
    daily_tokens: int | None = None  # days are UTC's
    daily_usd: float | None = None


class Shares:
    """Lets jobs into the queue."""

    def __init__(self, enqueue: Enqueue, limits: OwnerLimits = OwnerLimits()) -> None:
        self._enqueue = enqueue
        self._limits = limits

    def require(self, connection: sa.Connection, email: str, now: datetime) -> None:
        """Raise Busy, which names the limit and its reset, when the owner has no share left for the job that waits."""
        limits = self._limits
        if limits.waiting is not None:
            own = sa.and_(_jobs.c.email == email, _jobs.c.status == JobStatus.WAITING)
            if _count(connection, own) > limits.waiting:
                told = f"OWNER_WAITING: {limits.waiting} of your briefs may wait: send it again when one has begun"
                raise Busy(told, retry_after_seconds=BUSY_RETRY_SECONDS)
        if limits.daily_tokens is None and limits.daily_usd is None:
            return
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        tokens, usd = _spent(connection, email, today)
        for name, spent, most in (
            ("OWNER_DAILY_TOKENS", tokens, limits.daily_tokens),
            ("OWNER_DAILY_USD", usd, limits.daily_usd),
        ):
            if most is not None and spent >= most:
                reset = today + timedelta(days=1)
                told = f"{name}: your briefs have used {spent:.10g} of {most:.10g} today; it begins anew at 00:00 UTC"
                raise Busy(told, retry_after_seconds=int((reset - now).total_seconds()) + 1)

    def let_in(self, connection: sa.Connection, query: sa.Select[Any]) -> None:
        """Queue what ``query`` finds, in the order of arrival, as far as owners may have more at work."""
        full: set[str] = set()  # owners: a thousand may wait, and all others for this transaction
        found = query.add_columns(_jobs.c.email).order_by(turn_of(_jobs))
        for job_id, attempt, email in connection.execute(found).all():
            if email in full:
                continue
            own = _jobs.c.id == job_id
            in_line = sa.and_(_jobs.c.email == email, _jobs.c.place.is_not(None), _jobs.c.id != job_id)
            in_line = sa.and_(in_line, _jobs.c.status.in_(UNFINISHED))
            if self._limits.running is not None and _count(connection, in_line) >= self._limits.running:
                full.add(email)
                continue
            place = _next_place(connection, in_line)
            connection.execute(_jobs.update().where(own).values(place=place))
            self._enqueue(connection, job_id, attempt, place)


def _next_place(connection: sa.Connection, in_line: sa.ColumnElement[bool]) -> int:
    """Behind the last of the owner's line, and not before what is next in all of them."""
    last = sa.select(sa.func.max(_jobs.c.place)).where(in_line).scalar_subquery()
    waits = sa.and_(_jobs.c.status == JobStatus.WAITING, _jobs.c.place.is_not(None))
    first = sa.select(sa.func.min(_jobs.c.place)).where(waits).scalar_subquery()
    behind, begun = connection.execute(sa.select(last, first)).one()
    return int(max((behind or 0) + 1, begun or 1))


def _count(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).where(condition)).scalar_one())


def _spent(connection: sa.Connection, email: str, since: datetime) -> tuple[int, float]:
    """Tokens and dollars, as far as prices are known."""
    usage = _calls.c.reply["usage"]
    tokens = usage["prompt_tokens"].as_integer() + usage["completion_tokens"].as_integer()
    own = sa.and_(_calls.c.job_id == _jobs.c.id, _jobs.c.email == email, _calls.c.begun_at >= since)
    query = sa.select(sa.func.sum(tokens), sa.func.sum(usage["cost_usd"].as_float())).where(own)
    spent, usd = connection.execute(query).one()
    return int(spent or 0), float(usd or 0.0)
