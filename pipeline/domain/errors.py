"""What can go wrong, as one tree. No HTTP codes and no exit codes here: the edges assign those.

    PipelineError
    ├── InvalidInput          the caller broke a rule; every broken rule is listed with its field
    ├── Unreadable            the request as a whole is none that can be read
    ├── KeyReused             the same (email, task, round, nonce) with another body
    ├── NotFound              no such job, site or file, or it belongs to somebody else
    ├── Busy                  the queue is full; says when to come back
    ├── Unavailable           draining, or the storage cannot be written
    ├── Misconfigured         the operator has to change a setting
    ├── NoAnswer              an address was not called, or gave no answer that could be read
    ├── HubError              the Hugging Face Hub refused, or could not be reached
    │   ├── HubTokenRefused   it does not know the token
    │   ├── PaymentRequired   it wants a paid plan or a payment method; says what is free
    │   ├── NotPermitted      the token may not do this
    │   ├── SpaceMissing      no such Space, or the token may not see it
    │   ├── SpaceConflict     the name is taken, or the Space has changed meanwhile
    │   ├── HubRejected       it found a value wrong
    │   ├── RateLimited       too many requests; says when to come back
    │   └── HubUnreachable    no answer, or one that makes no sense
    └── StageError            a stage could not do its work
        ├── GenerationFailed  no model gave a usable app
        ├── BudgetExhausted   the job's calls, tokens or money are used up
        ├── SecretFound       the app holds a secret and must not be published
        ├── SiteMissing       a revision was asked for, but nothing was published to revise
        ├── WorkspaceFailed   the repository on disk could not be read or written
        │   ├── WorkspaceMissing  it is not on this machine; where it is published it still exists
        │   └── PushFailed        the remote did not take the commit; says why as a PushProblem
        ├── PublishFailed     the target refused, or could not be reached
        │   └── PlanRequired  the target wants a paid plan for this kind of app
        ├── NotLive           published, but this commit is not what visitors are served
        │   └── BuildFailed   the target could not build or start the app; holds the end of its log
        └── DeadlineExceeded  the job's time was up

A stage's error is recorded by its ``code`` and text, so that a job that is resumed after a crash sees what the
first run saw.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One broken rule.

    Attributes:
        field: where, as the caller wrote it: ``attachments[2].name``.
        problem: the rule in words. Never holds the value: it may be a secret, hostile or huge.
    """

    field: str
    problem: str


class PipelineError(Exception):
    """Root of every error that the product raises on purpose. Its text is fit for the caller to read."""

    code: ClassVar[str] = "error"


class InvalidInput(PipelineError):
    """The caller broke one rule or more."""

    code = "invalid_input"

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.problem}" for p in problems))
        self.problems = problems

    @classmethod
    def check(cls, problems: Iterable[FieldProblem]) -> None:
        """Raise it when there are ``problems``."""
        if found := [*problems]:
            raise cls(*found)


class Unreadable(PipelineError):
    """The request as a whole is none that can be read; the text is all there is to say."""

    code = "unreadable"


class KeyReused(PipelineError):
    """The same (email, task, round, nonce) was sent before with another body."""

    code = "key_reused"


class NotFound(PipelineError):
    """Nothing of that name, or nothing that this caller may see."""

    code = "not_found"


class Busy(PipelineError):
    """The queue is full."""

    code = "busy"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(PipelineError):
    """The service cannot take work now: it is stopping, or its storage cannot be written."""

    code = "unavailable"


class Misconfigured(PipelineError):
    """A setting is missing or wrong; the text names the variable and says what to put there."""

    code = "misconfigured"


class NoAnswer(PipelineError):
    """An exchange ended without an HTTP answer. The text names no address."""

    code = "no_answer"


class HubError(PipelineError):
    """The Hugging Face Hub refused, or could not be reached."""

    code = "hub_error"


class HubTokenRefused(HubError):
    """The Hub does not know the token."""

    code = "hub_token_refused"


class PaymentRequired(HubError):
    """The Hub wants a paid plan or a payment method for this; the text names the free way."""

    code = "payment_required"


class NotPermitted(HubError):
    """The token may not do this."""

    code = "not_permitted"


class SpaceMissing(HubError):
    """No such Space, or none that the token may see."""

    code = "space_missing"


class SpaceConflict(HubError):
    """The name is taken, or the Space has changed since it was read."""

    code = "space_conflict"


class HubRejected(HubError):
    """The Hub found a value wrong; the text says which."""

    code = "hub_rejected"


class RateLimited(HubError):
    """Too many requests."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class HubUnreachable(HubError):
    """No answer from the Hub within its time, or one that makes no sense."""

    code = "hub_unreachable"


class StageError(PipelineError):
    """A stage could not do its work."""

    code = "stage_failed"


class GenerationFailed(StageError):
    """No model gave a usable app."""

    code = "generation_failed"


class BudgetExhausted(StageError):
    """The job's model calls, tokens or money are used up."""

    code = "budget_exhausted"


class SecretFound(StageError):
    """The app holds a secret; nothing was published."""

    code = "secret_found"


class SiteMissing(StageError):
    """A revision was asked for, but nothing was published to revise."""

    code = "site_missing"


class WorkspaceFailed(StageError):
    """The repository on disk could not be read or written."""

    code = "workspace_failed"


class WorkspaceMissing(WorkspaceFailed):
    """The published commit is not on this machine; its publisher can bring it back."""

    code = "workspace_missing"


class PushProblem(StrEnum):
    """Why a remote did not take a commit."""

    UNREACHABLE = "unreachable"  # no answer, a broken one, a 5xx or a time-out: whether it was taken is not known
    NOT_FOUND = "not found"  # just created, perhaps, and not to be seen yet
    UNAUTHORIZED = "unauthorized"
    NOT_FAST_FORWARD = "not a fast-forward"
    REFUSED = "refused"  # by a rule of the remote: a secret, a workflow, a protected branch


class PushFailed(WorkspaceFailed):
    """The remote did not take the commit."""

    code = "push_failed"

    def __init__(self, message: str, problem: PushProblem = PushProblem.UNREACHABLE) -> None:
        super().__init__(message)
        self.problem = problem


class PublishFailed(StageError):
    """The target refused, or could not be reached."""

    code = "publish_failed"


class PlanRequired(PublishFailed):
    """The target wants a paid plan for this kind of app."""

    code = "plan_required"


class NotLive(StageError):
    """Published, but visitors are not served this commit."""

    code = "not_live"


class BuildFailed(NotLive):
    """The target could not build or start the app; the text ends with the end of its log."""

    code = "build_failed"


class DeadlineExceeded(StageError):
    """The job's time was up."""

    code = "deadline_exceeded"
