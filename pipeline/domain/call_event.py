"""A function called over HTTP whose result is fetched by another request."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How a call ended."""

    value: object = None  # JSON; meaningless with an error
    error: str | None = None  # in words for the caller; None for success


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One call. Nobody but its caller is told of it."""

    id: str  # cannot be guessed
    caller: str  # a digest or a name that is no secret
    function: str  # without a slash
    session: str | None  # that several calls of one client share
    job_id: str | None  # of the job that the call began
    outcome: CallOutcome | None  # None while it runs, and always with a job, whose record says how that ended
    created_at: datetime
    expires_at: datetime
