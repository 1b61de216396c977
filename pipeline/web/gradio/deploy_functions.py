"""/deploy and /job: briefs, for holders of a secret of this service."""

import asyncio
import io
import zipfile
from typing import Any

from pydantic import Field, JsonValue

from pipeline.domain.call_event import CallOutcome
from pipeline.domain.errors import NotFound
from pipeline.domain.files import AppFiles
from pipeline.domain.job import Job
from pipeline.domain.publication import slug
from pipeline.shapes.deploy_reply import FailedReply, deploy_reply
from pipeline.shapes.deploy_request import MAX_LISTED_ATTACHMENTS, AttachmentField, DeployRequest
from pipeline.shapes.jobs import JobView
from pipeline.shapes.json_object import Request
from pipeline.web.dependencies import job_of_caller, require_host
from pipeline.web.gradio.functions import CallContext, JobFunction, QuickFunction
from pipeline.web.gradio.uploads import file_data

_FILE_DATA: JsonValue = {
    "type": "object",
    "description": "an uploaded file",
    "properties": {
        "path": {"type": "string", "description": "as /gradio_api/upload gave it"},
        "orig_name": {"type": "string", "description": "its name in the app"},
        "meta": {"type": "object", "properties": {"_type": {"const": "gradio.FileData"}}},
    },
    "required": ["path", "meta"],
}
_ATTACHMENT: JsonValue = {
    "type": "object",
    "description": "a file as a data URI",
    "properties": {"name": {"type": "string"}, "url": {"type": "string"}},
    "required": ["name", "url"],
}


class DeployCall(DeployRequest):
    """The request of POST /api-deploy without its secret. Attachments may be uploaded files as well."""

    attachments: list[AttachmentField] = Field(
        default_factory=list,
        max_length=MAX_LISTED_ATTACHMENTS,
        description="files for the app: each with a name and a data URI as url, or as uploaded before",
        json_schema_extra={"items": {"anyOf": [_ATTACHMENT, _FILE_DATA]}},
    )


class JobCall(Request):
    """Which job."""

    job_id: str = Field(pattern=r"^[0-9a-f]{32}$", description="as /deploy told it")
    download: bool = Field(default=False, description="also give the app's files as one zip file")


async def _deploy(context: CallContext, call: DeployCall) -> Job:
    brief = await asyncio.to_thread(call.to_brief, context.rules)  # decodes megabytes
    context.caller.require_owner().require(brief.email)
    await require_host(context.services, brief)
    job, _ = await context.services.jobs.accept(brief)
    return job


def _outcome(job: Job, own_address: str) -> CallOutcome:
    reply = deploy_reply(job, own_address)
    if isinstance(reply, FailedReply):
        where = f"{reply.stage} failed: " if reply.stage else ""
        return CallOutcome(error=f"{where}{reply.error} (job {job.id})")
    return CallOutcome(reply.model_dump(mode="json"))


async def _show_job(context: CallContext, call: JobCall) -> dict[str, Any]:
    services = context.services
    job = await job_of_caller(call.job_id, services, context.caller.require_owner())
    events, own_address = await services.jobs.events(job.id), services.settings.own_address
    view = JobView.with_events(job, events, own_address).model_dump(mode="json")
    for finding in view["findings"]:
        # Gradio's Python client takes every object with a "path" for a file of ours and downloads it.
        finding["file"] = finding.pop("path")
    return view | {"app": await _app(context, job) if call.download else None}


async def _app(context: CallContext, job: Job) -> dict[str, Any]:
    files = await context.services.jobs.files(job.id)
    if files is None:
        raise NotFound("this job has no files yet")
    archive = await asyncio.to_thread(_zip, files)
    upload = await context.uploads.put(context.caller.key, f"{slug(job.key.task)}.zip", io.BytesIO(archive))
    url = f"{context.services.settings.own_address}/gradio_api/file={upload.path}"
    return file_data(upload, len(archive), url)


def _zip(files: AppFiles) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return target.getvalue()


DEPLOY = JobFunction(
    name="deploy",
    summary="Build a web app from a brief, check it in a browser and publish it; takes a few minutes.",
    parameters=DeployCall,
    returns="Stages of the work as they come, then where the app is published and how each check came out.",
    example={
        "email": "you@example.com",
        "task": "sum-of-sales",
        "round": 1,
        "nonce": "n-1",
        "brief": "Show the sum of 12.5 and 7.5 as a large number.",
        "checks": ["js: document.body.innerText.includes(20)"],
    },
    for_owners=True,
    start=_deploy,
    outcome=_outcome,
)

JOB = QuickFunction(
    name="job",
    summary="Say how a job stands: its stages, checks, cost and addresses.",
    parameters=JobCall,
    returns="All that is known about the job; `app` is a zip file when it was asked for.",
    example={"job_id": "0123456789abcdef0123456789abcdef"},
    for_owners=True,
    run=_show_job,
)
