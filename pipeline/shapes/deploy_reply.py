"""What POST /api-deploy answers, and the parts that other answers about jobs share."""

from typing import Literal, Self

from pydantic import BaseModel

from pipeline.domain.generation import ModelCall, Usage
from pipeline.domain.job import Job, JobStatus, Stage
from pipeline.domain.notification import DeliveryState
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Outcome, Verdict


class CheckView(BaseModel):
    """One check of the brief and how it came out."""

    check: str
    verdict: Outcome
    evidence: str
    method: str

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """From the domain's verdict."""
        return cls(check=verdict.check.text, verdict=verdict.outcome, evidence=verdict.evidence, method=verdict.method)


class UsageView(BaseModel):
    """What model calls cost; ``cost_usd`` is null when a price is not known."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost_usd: float | None

    @classmethod
    def of(cls, usage: Usage) -> Self:
        """From the domain's usage."""
        return cls(
            calls=usage.calls,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            cost_usd=usage.cost_usd,
        )


class ModelCallView(BaseModel):
    """One question to a model; ``form`` is how files were told apart in its answer: ``tags``, or a fallback."""

    prompt: str
    asked: str
    answered: str
    finish: str
    form: str
    seconds: float
    usage: UsageView

    @classmethod
    def of(cls, call: ModelCall) -> Self:
        """From the domain's call."""
        return cls(
            prompt=call.prompt,
            asked=call.asked,
            answered=call.answered,
            finish=call.finish,
            form=call.form,
            seconds=call.seconds,
            usage=UsageView.of(call.usage),
        )


class NotificationView(BaseModel):
    """How far telling the evaluator has come; ``last_status`` is the HTTP status of the latest attempt."""

    status: DeliveryState
    attempts: int
    last_status: int | None
    last_error: str | None

    @classmethod
    def of(cls, job: Job) -> Self:
        """From the job's deliveries."""
        last = job.deliveries[-1] if job.deliveries else None
        return cls(
            status=job.notification,
            attempts=len(job.deliveries),
            last_status=last.status if last else None,
            last_error=last.error if last else None,
        )


class DeployReply(BaseModel):
    """Done."""

    ok: Literal[True] = True
    status: Literal["succeeded"] = "succeeded"
    job_id: str
    job_url: str
    task: str
    round: int
    nonce: str
    target: Target
    repo_url: str | None
    commit_sha: str | None
    pages_url: str | None
    generator: str
    model: str | None
    summary: str
    checks: list[CheckView]
    notes: list[str]
    prompts: list[str]
    usage: UsageView
    calls: list[ModelCallView]
    notification: NotificationView


class RunningReply(BaseModel):
    """Accepted, and not done yet."""

    ok: Literal[True] = True
    status: Literal["running"] = "running"
    job_id: str
    job_url: str


class FailedReply(BaseModel):
    """The job itself ended without success."""

    ok: Literal[False] = False
    status: Literal["failed", "cancelled"]
    stage: Stage | None
    error: str
    job_id: str
    job_url: str


def deploy_reply(job: Job, job_url: str) -> DeployReply | RunningReply | FailedReply:
    """What POST /api-deploy says about ``job``. A job that was cancelled is told as a failed one."""
    if job.status is JobStatus.SUCCEEDED:
        live, result = job.result.publication, job.result
        return DeployReply(
            job_id=job.id,
            job_url=job_url,
            task=job.key.task,
            round=job.key.round,
            nonce=job.key.nonce,
            target=live.target if live else job.target,
            repo_url=live.repo_url if live else None,
            commit_sha=live.commit_sha if live else None,
            pages_url=live.pages_url if live else None,
            generator=result.generator,
            model=result.model,
            summary=result.summary,
            checks=[CheckView.of(verdict) for verdict in result.verdicts],
            notes=list(result.notes),
            prompts=list(result.prompts),
            usage=UsageView.of(result.usage),
            calls=[ModelCallView.of(call) for call in result.calls],
            notification=NotificationView.of(job),
        )
    if not job.status.is_final:
        return RunningReply(job_id=job.id, job_url=job_url)
    cancelled = job.status is JobStatus.CANCELLED
    return FailedReply(
        status="cancelled" if cancelled else "failed",
        stage=job.failure.stage if job.failure else None,
        error=job.failure.message if job.failure else f"the job was {job.status}",
        job_id=job.id,
        job_url=job_url,
    )
