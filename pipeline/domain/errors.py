"""What can go wrong, as one tree. No HTTP codes and no exit codes here: the edges assign those.

A stage's error is recorded by its ``code`` and text, so that a job that is resumed after a crash sees what the
first run saw.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One broken rule."""

    field: str  # where, as the caller wrote it: ``attachments[2].name``
    problem: str  # the rule in words. Never holds the value: it may be a secret, hostile or huge


class PipelineError(Exception):
    """Root of every error that the product raises on purpose. Its text is fit for the caller to read."""

    code: ClassVar[str] = "error"
    """Stored and told: by default the name of the class, ``not_found`` of NotFound."""

    def __init_subclass__(cls) -> None:
        if "code" not in vars(cls):
            cls.code = re.sub(r"\B(?=[A-Z])", "_", cls.__name__).lower()


class InvalidInput(PipelineError):
    """The caller broke one rule or more."""

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.problem}" for p in problems))
        self.problems = problems

    @classmethod
    def check(cls, problems: Iterable[FieldProblem]) -> None:
        """Raise it when there are ``problems``."""
        if found := [*problems]:
            raise cls(*found)


class InvalidFile(InvalidInput):
    """What broke the rules stands in a file of the caller's."""

    def __init__(self, file: str, *problems: FieldProblem) -> None:
        super().__init__(*problems)
        self.file = file


class Unreadable(PipelineError):
    """The request as a whole is none that can be read; the text is all there is to say."""


class KeyReused(PipelineError):
    """The same (email, task, round, nonce) was sent before with another body."""


class Conflict(PipelineError):
    """What is asked for does not go with how things stand now."""


class NotFound(PipelineError):
    """Nothing of that name, or nothing that this caller may see."""


class Busy(PipelineError):
    """The queue is full."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(PipelineError):
    """The service cannot take work now: it is stopping, or its storage cannot be written."""


class Misconfigured(PipelineError):
    """A setting is missing or wrong; the text names the variable and says what to put there."""


class NoAnswer(PipelineError):
    """An exchange ended without an HTTP answer. The text names no address."""


class HubError(PipelineError):
    """The Hugging Face Hub refused, or could not be reached."""


class HubTokenRefused(HubError):
    """The Hub does not know the token."""


class PaymentRequired(HubError):
    """The Hub wants a paid plan or a payment method for this; the text names the free way."""


class NotPermitted(HubError):
    """The token may not do this."""


class SpaceMissing(HubError):
    """No such Space, or none that the token may see."""


class SpaceConflict(HubError):
    """The name is taken, or the Space has changed since it was read."""


class HubRejected(HubError):
    """The Hub found a value wrong; the text says which."""


class RateLimited(HubError):
    """Too many requests."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class HubUnreachable(HubError):
    """No answer from the Hub within its time, or one that makes no sense."""


class StageError(PipelineError):
    """A stage could not do its work."""

    code = "stage_failed"


class GenerationFailed(StageError):
    """No model gave a usable app."""


class NoModelLeft(GenerationFailed):
    """Every model that could be asked is one to be avoided."""


class BudgetExhausted(StageError):
    """The job's model calls, tokens or money are used up."""


class SecretFound(StageError):
    """The app holds a secret; nothing was published."""


class Unpublishable(StageError):
    """The app holds what must not be published, or is empty; nothing was published."""


class SiteMissing(StageError):
    """There was nothing to revise: on record from earlier releases, which failed then."""


class WorkspaceFailed(StageError):
    """The repository on disk could not be read or written."""


class WorkspaceMissing(WorkspaceFailed):
    """The published commit is not on this machine; its publisher can bring it back."""


class PushProblem(StrEnum):
    """Why a remote did not take a commit."""

    UNREACHABLE = "unreachable"  # no answer, a broken one, a 5xx or a time-out: whether it was taken is not known
    NOT_FOUND = "not found"  # just created, perhaps, and not to be seen yet
    UNAUTHORIZED = "unauthorized"
    NOT_FAST_FORWARD = "not a fast-forward"
    REFUSED = "refused"  # by a rule of the remote: a secret, a workflow, a protected branch


class PushFailed(WorkspaceFailed):
    """The remote did not take the commit."""

    def __init__(self, message: str, problem: PushProblem = PushProblem.UNREACHABLE) -> None:
        super().__init__(message)
        self.problem = problem


class PublishFailed(StageError):
    """The target refused, or could not be reached."""


class PlanRequired(PublishFailed):
    """The target wants a paid plan for this kind of app."""


class ContentRefused(PublishFailed):
    """The target refuses what stands in the app's files; the text names the rule and the place."""


class NotLive(StageError):
    """Published, but visitors are not served this commit."""


class BuildFailed(NotLive):
    """The target could not build or start the app; the text ends with the end of its log."""


class GivenUp(StageError):
    """The process ended again and again while it was at work on this stage."""


class DeadlineExceeded(StageError):
    """The job's time was up."""
