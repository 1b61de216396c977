"""The durable record of one piece of work."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pipeline.domain.brief import JobKey, Wishes
from pipeline.domain.generation import Made, ModelCall, Usage
from pipeline.domain.notification import Delivery, DeliveryState
from pipeline.domain.publication import Publication, Target
from pipeline.domain.verdict import Seen

MAX_PAGE = 200
"""Jobs in one listing."""


class Stage(StrEnum):
    """A step of a job, in the order in which they are taken."""

    ACCEPT = "accept"
    GENERATE = "generate"
    ASSEMBLE = "assemble"
    VERIFY = "verify"
    COMMIT = "commit"
    PUBLISH = "publish"
    CONFIRM = "confirm"
    NOTIFY = "notify"


class JobStatus(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """No stage of the job will run any more."""
        return self in {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED}


class EventKind(StrEnum):
    """What a job's event tells."""

    STARTED = "started"
    PROGRESS = "progress"
    FINISHED = "finished"
    FAILED = "failed"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One entry of a job's timeline."""

    id: int  # rises with time over all jobs: what Last-Event-ID names
    job_id: str
    at: datetime
    kind: EventKind
    stage: Stage | None  # None for the job's own status
    detail: str = ""  # a sentence, a status or an error
    seconds: float | None = None  # that the stage took, once it has ended


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job ended without success."""

    stage: Stage
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work, as it stands."""

    id: str
    key: JobKey
    fingerprint: str  # of the request's body
    status: JobStatus
    target: Target
    received_at: datetime
    deadline: datetime  # when the evaluator must have been told
    wishes: Wishes = field(default_factory=Wishes)  # of the request, for this job alone
    finished_at: datetime | None = None
    made: Made = field(default_factory=Made)  # as far as it has come
    seen: Seen = field(default_factory=Seen)
    publication: Publication | None = None  # None until it is live
    notification: DeliveryState = DeliveryState.NOT_REQUESTED
    deliveries: tuple[Delivery, ...] = ()
    calls: tuple[ModelCall, ...] = ()  # of models, on record: also those that led to nothing
    failure: Failure | None = None
    site_task: str | None = None  # of the site that a revision works on, where that has another task
    leader: str | None = None  # id of the job whose app this one shares: it is the same request with another nonce
    live_at: datetime | None = None  # when the app was published and confirmed, as far as it was
    next_attempt_at: datetime | None = None  # at telling; None = there is nobody to tell, yet or any more
    attempt: int = 0  # how often it was taken up again after it had ended
    retried_at: datetime | None = None  # the last time

    @property
    def is_over(self) -> bool:
        """It has ended, and its evaluator has been told, or is told but slowly from now on."""
        is_telling = self.next_attempt_at is not None and self.next_attempt_at <= self.deadline
        return self.status.is_final and not is_telling

    @property
    def is_settled(self) -> bool:
        """It has ended, and nobody is to be told any more."""
        return self.status.is_final and self.next_attempt_at is None

    @property
    def begun_at(self) -> datetime:
        """What its deadline counts from."""
        return self.retried_at or self.received_at

    @property
    def seconds_given(self) -> float:
        """From there to the deadline."""
        return (self.deadline - self.begun_at).total_seconds()

    @property
    def usage(self) -> Usage:
        """Of all calls."""
        return sum((call.usage for call in self.calls), Usage())

    def seconds_left(self, now: datetime) -> float:
        """Until the deadline; never negative, and never more than the job was given, whatever the clock says."""
        return min(max((self.deadline - now).total_seconds(), 0.0), self.seconds_given)
