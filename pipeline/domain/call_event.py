"""A function called over HTTP whose result is fetched by another request."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How a call ended.

    Attributes:
        value: what the function gave, as JSON values; meaningless with an error.
        error: what went wrong, in words for the caller; None for success.
    """

    value: object = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One call. Nobody but its caller is told of it.

    Attributes:
        id: cannot be guessed.
        caller: who called, as a digest or a name that is no secret.
        function: its name, without a slash.
        session: that several calls of one client share; None for a call on its own.
        job_id: of the job that the call began; None for a function that needs none.
        outcome: None while the function runs, and always for a call with a job: the job's record says how that ended.
        created_at: when it was called.
        expires_at: when it is forgotten.
    """

    id: str
    caller: str
    function: str
    session: str | None
    job_id: str | None
    outcome: CallOutcome | None
    created_at: datetime
    expires_at: datetime
