"""The durable record of one piece of work."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pipeline.domain.brief import JobKey
from pipeline.domain.generation import Made
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
    """One entry of a job's timeline.

    Attributes:
        id: rises with time over all jobs: what ``Last-Event-ID`` names.
        job_id: whose.
        at: when.
        kind: what happened.
        stage: to which stage, or None for the job's own status.
        detail: a sentence, a status or an error.
        seconds: how long the stage took, once it has ended.
    """

    id: int
    job_id: str
    at: datetime
    kind: EventKind
    stage: Stage | None
    detail: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job ended without success."""

    stage: Stage
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work, as it stands.

    Attributes:
        id: from the key.
        key: (email, task, round, nonce).
        fingerprint: of the request's body.
        status: where it stands.
        target: where it publishes.
        received_at: the deadline counts from here.
        deadline: when the evaluator must have been told.
        finished_at: None while it goes on.
        made: how its app was made, as far as it has come.
        seen: what was seen of that app.
        publication: what is live; None until it is.
        notification: how far telling the evaluator has come.
        deliveries: each attempt at it.
        failure: why it failed, or None.
    """

    id: str
    key: JobKey
    fingerprint: str
    status: JobStatus
    target: Target
    received_at: datetime
    deadline: datetime
    finished_at: datetime | None = None
    made: Made = field(default_factory=Made)
    seen: Seen = field(default_factory=Seen)
    publication: Publication | None = None
    notification: DeliveryState = DeliveryState.NOT_REQUESTED
    deliveries: tuple[Delivery, ...] = ()
    failure: Failure | None = None

    def seconds_left(self, now: datetime) -> float:
        """Until the deadline; never negative, and never more than the job was given, whatever the clock says."""
        given = self.deadline - self.received_at
        return min(max(self.deadline - now, timedelta()), given).total_seconds()
