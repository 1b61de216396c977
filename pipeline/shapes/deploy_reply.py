"""What POST /api-deploy answers."""

from typing import Literal

from pydantic import AliasChoices, AliasPath, BaseModel, Field

from pipeline.domain.job import Job, JobStatus, Stage
from pipeline.domain.publication import Target
from pipeline.shapes.jobs import CheckView, ModelCallView, NotificationView, ShownJob, UsageView
from pipeline.shapes.view import View, at


class DeployReply(View):
    """Done."""

    ok: Literal[True] = True
    status: Literal["succeeded"] = "succeeded"
    job_id: str = at("job", "id")
    job_url: str = at("url")
    task: str = at("job", "key", "task")
    round: int = at("job", "key", "round")
    nonce: str = at("job", "key", "nonce")
    target: Target = Field(
        validation_alias=AliasChoices(AliasPath("job", "publication", "target"), AliasPath("job", "target"))
    )
    repo_url: str | None = at("job", "publication", "repo_url", default=None)
    commit_sha: str | None = at("job", "publication", "commit_sha", default=None)
    pages_url: str | None = at("job", "publication", "pages_url", default=None)
    generator: str = at("job", "made", "generator")
    model: str | None = at("job", "made", "model")
    summary: str = at("job", "made", "summary")
    checks: list[CheckView] = at("job", "seen", "verdicts")
    notes: list[str] = at("job", "made", "notes")
    prompts: list[str] = at("job", "made", "prompts")
    usage: UsageView = at("job", "usage")
    calls: list[ModelCallView] = at("job", "calls")
    notification: NotificationView = at("job")


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


def deploy_reply(job: Job, own_address: str) -> DeployReply | RunningReply | FailedReply:
    """What POST /api-deploy says about ``job``: done once the app is live, before the evaluator is told.

    A job that was cancelled is told as a failed one.
    """
    shown = ShownJob(job, own_address)
    if not job.status.is_final:
        return RunningReply(job_id=job.id, job_url=shown.url)
    if job.status is JobStatus.SUCCEEDED:
        return DeployReply.model_validate(shown)
    return FailedReply(
        status="cancelled" if job.status is JobStatus.CANCELLED else "failed",
        stage=shown.stage,
        error=job.failure.message if job.failure else f"the job was {job.status}",
        job_id=job.id,
        job_url=shown.url,
    )
