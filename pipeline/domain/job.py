"""The durable record of one piece of work."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pipeline.domain.brief import JobKey
from pipeline.domain.generation import Generation, ModelCall, Usage
from pipeline.domain.notification import Delivery, DeliveryState
from pipeline.domain.publication import Publication, Target
from pipeline.domain.verdict import Finding, Verdict


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
class Result:
    """What came out of a job.

    Attributes:
        generator: ``scaffold`` or ``model``.
        model: that answered, or None.
        summary: what was built, in a few sentences.
        prompts: ids and versions of the prompts used.
        usage: of all model calls.
        calls: each of them.
        verdicts: one per check.
        findings: what else was found.
        notes: fallbacks and limits the caller should know of.
        console: what the page wrote to its console.
        screenshot: digest of a PNG of the page; None when nobody looked.
        publication: what is live; None until it is.
    """

    generator: str = ""
    model: str | None = None
    summary: str = ""
    prompts: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    calls: tuple[ModelCall, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    console: tuple[str, ...] = ()
    screenshot: str | None = None
    publication: Publication | None = None

    @classmethod
    def of(cls, generation: Generation) -> Self:
        """What is known when the app has been generated."""
        return cls(
            generator=generation.generator,
            model=generation.model,
            summary=generation.summary,
            prompts=generation.prompts,
            usage=generation.usage,
            calls=generation.calls,
            notes=generation.notes,
        )


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
        result: what is known so far.
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
    result: Result = field(default_factory=Result)
    notification: DeliveryState = DeliveryState.NOT_REQUESTED
    deliveries: tuple[Delivery, ...] = ()
    failure: Failure | None = None

    def seconds_left(self, now: datetime) -> float:
        """Until the deadline; never negative, and never more than the job was given, whatever the clock says."""
        given = self.deadline - self.received_at
        return min(max(self.deadline - now, timedelta()), given).total_seconds()
