"""How jobs look to those who ask about them: the bodies of GET /jobs… and how each is made from a Job."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel

from pipeline.domain.job import EventKind, Job, JobEvent, JobStatus, Stage
from pipeline.domain.notification import Delivery
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Finding, Severity
from pipeline.shapes.deploy_reply import CheckView, ModelCallView, NotificationView, UsageView

MAX_PAGE = 200
"""Jobs in one listing."""


class StageState(StrEnum):
    """How a run of a stage stands."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class StageView(BaseModel):
    """One run of a stage; ``detail`` is the latest that it told."""

    stage: Stage
    state: StageState
    started_at: datetime
    seconds: float | None
    detail: str


def timeline(events: Iterable[JobEvent]) -> list[StageView]:
    """The runs of stages in order of their start, from a job's events.

    A stage that is started again without having ended was interrupted: the service was stopped in it.
    """
    runs: list[StageView] = []
    current: dict[Stage, StageView] = {}
    for event in events:
        if event.stage is None:
            continue
        run = current.get(event.stage)
        if run is not None and event.kind is EventKind.STARTED:
            run.state = StageState.INTERRUPTED
        if run is None or event.kind is EventKind.STARTED:
            run = StageView(
                stage=event.stage, state=StageState.RUNNING, started_at=event.at, seconds=None, detail=event.detail
            )
            runs.append(run)
            current[event.stage] = run
        run.detail = event.detail or run.detail
        if event.kind in {EventKind.FINISHED, EventKind.FAILED}:
            run.state = StageState.FINISHED if event.kind is EventKind.FINISHED else StageState.FAILED
            run.seconds = event.seconds
            del current[event.stage]
    return runs


class FindingView(BaseModel):
    """Something wrong with the app that no check asked about."""

    severity: Severity
    rule: str
    message: str
    path: str | None
    line: int | None

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """From the domain's finding."""
        return cls(
            severity=finding.severity,
            rule=finding.rule,
            message=finding.message,
            path=finding.path,
            line=finding.line,
        )


class DeliveryView(BaseModel):
    """One attempt at telling the evaluator."""

    attempt: int
    at: datetime
    status: int | None
    seconds: float
    response: str
    error: str | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """From the domain's delivery."""
        return cls(
            attempt=delivery.attempt,
            at=delivery.at,
            status=delivery.status,
            seconds=delivery.seconds,
            response=delivery.response,
            error=delivery.error,
        )


class JobSummary(BaseModel):
    """A job in a list. ``error`` and ``error_code`` say why it failed, ``stage`` in which stage."""

    job_id: str
    job_url: str
    status: JobStatus
    email: str
    task: str
    round: int
    nonce: str
    target: Target
    received_at: datetime
    deadline: datetime
    finished_at: datetime | None
    repo_url: str | None
    commit_sha: str | None
    pages_url: str | None
    stage: Stage | None
    error: str | None
    error_code: str | None

    @classmethod
    def of(cls, job: Job, job_url: str) -> Self:
        """From the domain's job."""
        live, failure = job.result.publication, job.failure
        return cls(
            job_id=job.id,
            job_url=job_url,
            status=job.status,
            email=job.key.email,
            task=job.key.task,
            round=job.key.round,
            nonce=job.key.nonce,
            target=job.target,
            received_at=job.received_at,
            deadline=job.deadline,
            finished_at=job.finished_at,
            repo_url=live.repo_url if live else None,
            commit_sha=live.commit_sha if live else None,
            pages_url=live.pages_url if live else None,
            stage=failure.stage if failure else None,
            error=failure.message if failure else None,
            error_code=failure.code if failure else None,
        )


class JobPage(BaseModel):
    """Jobs, newest first; ``next_cursor`` is null on the last page."""

    ok: Literal[True] = True
    jobs: list[JobSummary]
    next_cursor: str | None


class JobView(JobSummary):
    """All that is known about a job. While it runs, ``stage`` is the stage that it is in."""

    ok: Literal[True] = True
    stages: list[StageView]
    generator: str
    model: str | None
    summary: str
    prompts: list[str]
    usage: UsageView
    calls: list[ModelCallView]
    checks: list[CheckView]
    findings: list[FindingView]
    notes: list[str]
    console: list[str]
    screenshot_url: str | None
    notification: NotificationView
    deliveries: list[DeliveryView]

    @classmethod
    def with_events(cls, job: Job, events: Sequence[JobEvent], job_url: str) -> Self:
        """From the domain's job and its timeline."""
        result, stages = job.result, timeline(events)
        running = [run for run in stages if run.state is StageState.RUNNING]
        if job.status.is_final:
            for run in running:
                run.state = StageState.INTERRUPTED
        summary = JobSummary.of(job, job_url).model_dump()
        if running and not job.status.is_final:
            summary["stage"] = running[-1].stage
        return cls(
            **summary,
            stages=stages,
            generator=result.generator,
            model=result.model,
            summary=result.summary,
            prompts=list(result.prompts),
            usage=UsageView.of(result.usage),
            calls=[ModelCallView.of(call) for call in result.calls],
            checks=[CheckView.of(verdict) for verdict in result.verdicts],
            findings=[FindingView.of(finding) for finding in result.findings],
            notes=list(result.notes),
            console=list(result.console),
            screenshot_url=f"{job_url}/screenshot.png" if result.screenshot else None,
            notification=NotificationView.of(job),
            deliveries=[DeliveryView.of(delivery) for delivery in job.deliveries],
        )


class EventView(BaseModel):
    """One event of a job's timeline."""

    id: int
    job_id: str
    at: datetime
    kind: EventKind
    stage: Stage | None
    detail: str
    seconds: float | None

    @classmethod
    def of(cls, event: JobEvent) -> Self:
        """From the domain's event."""
        return cls(
            id=event.id,
            job_id=event.job_id,
            at=event.at,
            kind=event.kind,
            stage=event.stage,
            detail=event.detail,
            seconds=event.seconds,
        )


class FileView(BaseModel):
    """One file of the chosen app."""

    path: str
    size: int
    media_type: str
    url: str


class FileList(BaseModel):
    """The files of the chosen app, in path order."""

    ok: Literal[True] = True
    files: list[FileView]


def log_text(events: Iterable[JobEvent]) -> str:
    """The timeline for people: one line per event, whatever a detail holds."""
    return "".join(f"{_log_line(event)}\n" for event in events)


def _log_line(event: JobEvent) -> str:
    at = event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    detail = "".join(character if character.isprintable() else " " for character in event.detail)
    took = "" if event.seconds is None else f"({event.seconds:.2f} s)"
    parts = (at, f"{event.stage or 'job':8}", f"{event.kind:8}", detail, took)
    return "  ".join(part for part in parts if part).rstrip()
