"""How jobs look to those who ask about them: the bodies of GET /jobs…, read from the domain's jobs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator

from pipeline.domain.job import EventKind, Job, JobEvent, JobStatus, Stage
from pipeline.domain.notification import DeliveryState, Trigger
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Outcome, Severity
from pipeline.shapes.candidates import CandidateView, TrialView
from pipeline.shapes.view import View, at


class CheckView(View):
    """One check of the brief and how it came out."""

    check: str = at("check", "text")
    verdict: Outcome = at("outcome")
    evidence: str
    method: str


class UsageView(View):
    """What model calls cost; ``cost_usd`` is null when a price is not known."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost_usd: float | None


class ModelCallView(View):
    """One question to a model; ``form`` is how files were told apart in its answer: ``tags``, or a fallback."""

    prompt: str
    asked: str
    answered: str
    finish: str
    form: str
    seconds: float
    usage: UsageView


class FindingView(View):
    """Something wrong with the app that no check asked about."""

    severity: Severity
    rule: str
    message: str
    path: str | None
    line: int | None


class DeliveryView(View):
    """One attempt at telling the evaluator."""

    attempt: int
    at: datetime
    status: int | None
    seconds: float
    response: str
    error: str | None
    trigger: Trigger


class NotificationView(View):
    """How far telling the evaluator has come; ``last_status`` is the HTTP status of the latest attempt."""

    status: DeliveryState = at("notification")
    attempts: Annotated[int, BeforeValidator(len)] = at("deliveries")
    last_status: int | None = at("deliveries", -1, "status", default=None)
    last_error: str | None = at("deliveries", -1, "error", default=None)
    next_attempt_at: datetime | None


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


def timeline(events: Iterable[JobEvent], *, has_ended: bool = False) -> list[StageView]:
    """The runs of stages in order of their start, from a job's events.

    A stage that is started again without having ended was interrupted: the service was stopped in it. Nothing of a
    job that ``has_ended`` is running. That a job failed in a stage is no run of that stage.
    """
    runs: list[StageView] = []
    current: dict[Stage, StageView] = {}
    for event in events:
        if event.stage is None:
            continue
        if event.kind is EventKind.STATUS:
            if failed := current.pop(event.stage, None):
                failed.state, failed.detail = StageState.FAILED, event.detail
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
    if has_ended:
        for run in current.values():
            run.state = StageState.INTERRUPTED
    return runs


@dataclass(frozen=True, slots=True)
class ShownJob:
    """What views of a job are read from."""

    job: Job
    own_address: str
    stages: Sequence[StageView] = ()

    @property
    def url(self) -> str:
        """Where all about the job is found."""
        return f"{self.own_address}/jobs/{self.job.id}"

    @property
    def screenshot_url(self) -> str | None:
        """Where its picture is found, if there is one."""
        return f"{self.url}/screenshot.png" if self.job.seen.screenshot else None

    @property
    def stage(self) -> Stage | None:
        """In which it is, or in which it failed."""
        running = [run.stage for run in self.stages if run.state is StageState.RUNNING]
        if running:
            return running[-1]
        return self.job.failure.stage if self.job.failure else None


class JobSummary(View):
    """A job in a list. ``error`` and ``error_code`` say why it failed, ``stage`` in which stage."""

    job_id: str = at("job", "id")
    job_url: str = at("url")
    status: JobStatus = at("job", "status")
    email: str = at("job", "key", "email")
    task: str = at("job", "key", "task")
    round: int = at("job", "key", "round")
    nonce: str = at("job", "key", "nonce")
    target: Target = at("job", "target")
    received_at: datetime = at("job", "received_at")
    deadline: datetime = at("job", "deadline")
    finished_at: datetime | None = at("job", "finished_at")
    repo_url: str | None = at("job", "publication", "repo_url", default=None)
    commit_sha: str | None = at("job", "publication", "commit_sha", default=None)
    pages_url: str | None = at("job", "publication", "pages_url", default=None)
    stage: Stage | None
    error: str | None = at("job", "failure", "message", default=None)
    error_code: str | None = at("job", "failure", "code", default=None)

    @classmethod
    def of(cls, job: Job, own_address: str) -> Self:
        """From the domain's job, shown at ``own_address``."""
        return cls.model_validate(ShownJob(job, own_address))


class JobPage(BaseModel):
    """Jobs, newest first; ``next_cursor`` is null on the last page."""

    ok: Literal[True] = True
    jobs: list[JobSummary]
    next_cursor: str | None


class WishesView(View):
    """What the request wanted for this job alone; null: as the service has it."""

    model: str | None
    max_usd: float | None
    deadline_seconds: int | None


class JobView(JobSummary):
    """All that is known about a job. While it runs, ``stage`` is the stage that it is in."""

    ok: Literal[True] = True
    stages: list[StageView]
    requested: WishesView = at("job", "wishes")
    generator: str = at("job", "made", "generator")
    model: str | None = at("job", "made", "model")
    summary: str = at("job", "made", "summary")
    prompts: list[str] = at("job", "made", "prompts")
    usage: UsageView = at("job", "usage")
    calls: list[ModelCallView] = at("job", "calls")
    checks: list[CheckView] = at("job", "seen", "verdicts")
    findings: list[FindingView] = at("job", "seen", "findings")
    acceptance_tests: list[TrialView] = at("job", "seen", "trials")
    candidates: list[CandidateView] = at("job", "made", "candidates")
    notes: list[str] = at("job", "made", "notes")
    console: list[str] = at("job", "seen", "console")
    screenshot_url: str | None
    notification: NotificationView = at("job")
    deliveries: list[DeliveryView] = at("job", "deliveries")

    @classmethod
    def with_events(cls, job: Job, events: Iterable[JobEvent], own_address: str) -> Self:
        """From the domain's job and its timeline, shown at ``own_address``."""
        return cls.model_validate(ShownJob(job, own_address, timeline(events, has_ended=job.is_settled)))


class EventView(View):
    """One event of a job's timeline."""

    id: int
    job_id: str
    at: datetime
    kind: EventKind
    stage: Stage | None
    detail: str
    seconds: float | None


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
