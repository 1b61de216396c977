"""GET /jobs…: what became of a brief, stage by stage, and what can still be done about it."""

# ruff: noqa: FAST003 - job_id is taken by the dependency JobOfCaller, which the rule does not see

from collections.abc import Iterator
from typing import Annotated
from unicodedata import normalize
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from pipeline.domain.brief import MAX_TASK
from pipeline.domain.errors import NotFound
from pipeline.domain.files import AppFiles
from pipeline.domain.job import MAX_PAGE, Job, JobStatus
from pipeline.domain.media_types import content_type_of
from pipeline.shapes.deploy_request import MAX_EMAIL
from pipeline.shapes.evidence.archive import app_archive, app_name, evidence_archive, evidence_name
from pipeline.shapes.jobs import FileList, FileView, JobPage, JobSummary, JobView, log_text
from pipeline.shapes.schemas import WITHOUT_NUL
from pipeline.web.dependencies import Authenticated, JobOfCaller, Services, ServicesOfApp
from pipeline.web.errors import BYTES, documented

_MAX_CURSOR = 18

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=documented(400, 401, 403, 429, 503))
_one_job = documented(404)
_DISPOSITION = {"Content-Disposition": {"schema": {"type": "string"}}}
_png = {**_one_job, 200: {"content": {"image/png": {"schema": BYTES}}}}
_zip = {**_one_job, 200: {"content": {"application/zip": {"schema": BYTES}}, "headers": _DISPOSITION}}
_file = {**_one_job, 200: {"content": {"*/*": {"schema": BYTES}}, "headers": _DISPOSITION}}


@router.get("", summary="List jobs, newest first")
async def list_jobs(
    services: ServicesOfApp,
    caller: Authenticated,
    *,
    email: Annotated[str | None, Query(max_length=MAX_EMAIL, pattern=WITHOUT_NUL)] = None,
    task: Annotated[str | None, Query(max_length=MAX_TASK, pattern=WITHOUT_NUL)] = None,
    status: JobStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=_MAX_CURSOR, json_schema_extra={"pattern": "^[0-9]+$"})] = None,
) -> JobPage:
    """An owner is shown its own jobs alone, and none at all when it asks for those of somebody else."""
    if email is not None and not caller.may_see(email):
        return JobPage(jobs=[], next_cursor=None)
    jobs, next_cursor = await services.jobs.find(
        email=caller.email or email, task=task, status=status, limit=limit, cursor=cursor
    )
    own_address = services.settings.own_address
    return JobPage(jobs=[JobSummary.of(job, own_address) for job in jobs], next_cursor=next_cursor)


@router.get("/{job_id}", summary="All about one job", responses=_one_job)
async def show_job(job: JobOfCaller, services: ServicesOfApp) -> JobView:
    """Stages with their times, model and cost, the verdict of every check, deliveries, error."""
    return await _view(services, job)


@router.post("/{job_id}/cancel", summary="Stop before the next stage", responses=_one_job)
async def cancel_job(job: JobOfCaller, services: ServicesOfApp) -> JobView:
    """A job that has ended stays as it is."""
    return await _view(services, await services.jobs.cancel(job.id))


@router.post("/{job_id}/retry", summary="Run a failed job again from where it failed", responses=documented(404, 409))
async def retry_job(job: JobOfCaller, services: ServicesOfApp) -> JobView:
    """Within a new deadline. What earlier stages came to is kept, and so are its key, its site and what it has spent.

    The same request posted again is answered with what comes of it. Refused for a job that has succeeded or has not
    ended. One that shares another's app is run again together with it.
    """
    return await _view(services, await services.jobs.retry(job.id))


@router.post("/{job_id}/restore", summary="Publish a round's files again", responses=documented(404, 409))
async def restore_job(job: JobOfCaller, services: ServicesOfApp) -> JobView:
    """As a new commit on top, by a new job, which is the answer: confirmed live like any other, no evaluator is told.

    Refused for a job that has published nothing.
    """
    return await _view(services, await services.jobs.restore(job.id))


@router.post("/{job_id}/redeliver", summary="Tell the evaluator once more", responses=_one_job)
async def redeliver(job: JobOfCaller, services: ServicesOfApp) -> JobView:
    """One more attempt; refused when there is nothing to tell or nobody to be told."""
    return await _view(services, await services.jobs.redeliver(job.id))


@router.get("/{job_id}/log", summary="The timeline as text", responses=_one_job, response_class=PlainTextResponse)
async def show_log(job: JobOfCaller, services: ServicesOfApp) -> PlainTextResponse:
    """One line per event."""
    return PlainTextResponse(log_text(await services.jobs.events(job.id)))


@router.get(
    "/{job_id}/screenshot.png", summary="The page as the browser saw it", responses=_png, response_class=Response
)
async def show_screenshot(job: JobOfCaller, services: ServicesOfApp) -> Response:
    """A PNG, when a browser looked at the app."""
    picture = await services.jobs.screenshot(job.id)
    if picture is None:
        raise NotFound("there is no screenshot of this job")
    return Response(picture, media_type="image/png")


@router.get("/{job_id}/app.zip", summary="The chosen app as a zip file", responses=_zip, response_class=Response)
async def download_app(job: JobOfCaller, services: ServicesOfApp) -> StreamingResponse:
    """The same bytes every time."""
    return _download(await app_archive(services.jobs, job), app_name(job))


@router.get("/{job_id}/evidence.zip", summary="All that is known about it", responses=_zip, response_class=Response)
async def download_evidence(job: JobOfCaller, services: ServicesOfApp) -> StreamingResponse:
    """A page that opens anywhere, the same as JSON and as JUnit's XML, the screenshot, and a trace of failed checks."""
    settings = services.settings
    pieces = await evidence_archive(services.jobs, job, settings.own_address, settings.secrets())
    return _download(pieces, evidence_name(job))


@router.get("/{job_id}/files", summary="Files of the chosen app", responses=_one_job)
async def list_files(job: JobOfCaller, services: ServicesOfApp) -> FileList:
    """Path, size and address of each."""
    files = await _files(services, job)
    url = f"{services.settings.own_address}/jobs/{job.id}/files"
    return FileList(
        files=[
            FileView(path=path, size=len(content), media_type=content_type_of(path), url=f"{url}/{quote(path)}")
            for path, content in files.items()
        ]
    )


@router.get(
    "/{job_id}/files/{path:path}", summary="One file of the chosen app", responses=_file, response_class=Response
)
async def download_file(job: JobOfCaller, path: str, services: ServicesOfApp) -> Response:
    """As a download: what a model wrote must never be run as a page of this address.

    The path is looked up among the app's own paths; it never reaches a file system.
    """
    path = normalize("NFC", path)
    content = (await _files(services, job)).get(path)
    if content is None:
        raise NotFound("the app has no such file")
    name = quote(path.rpartition("/")[2])
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Content-Security-Policy": "sandbox"}
    return Response(content, media_type=content_type_of(path), headers=headers)


def _download(pieces: Iterator[bytes], name: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


async def _view(services: Services, job: Job) -> JobView:
    return JobView.with_events(job, await services.jobs.events(job.id), services.settings.own_address)


async def _files(services: Services, job: Job) -> AppFiles:
    files = await services.jobs.files(job.id)
    if files is None:
        raise NotFound("this job has no files yet")
    return files
