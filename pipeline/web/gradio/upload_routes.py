"""POST /gradio_api/upload and GET /gradio_api/file=…: files ahead of a call, and files that a call made."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.datastructures import UploadFile
from starlette.types import Receive, Scope, Send

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.media_types import content_type_of
from pipeline.web.errors import documented
from pipeline.web.gradio.documents import UPLOAD_BODY
from pipeline.web.gradio.state import GradioOfApp, Identified

MOST_FIELDS = 10


class Download(FileResponse):
    """A whole file, whatever range of it is asked for: the framework answers wrong ranges in plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)


router = APIRouter(prefix="/gradio_api", tags=["gradio"])


@router.post(
    "/upload",
    summary="Upload files for a call",
    responses=documented(400, 401, 403, 408, 413, 429, 503),
    openapi_extra={"requestBody": UPLOAD_BODY},
)
@router.post("/upload/", include_in_schema=False)
async def upload(request: Request, state: GradioOfApp, caller: Identified) -> list[str]:
    """Multipart ``files``; gives their paths in order. They are kept for an hour, for the caller alone."""
    caller.require_owner()  # before a byte of it is read
    with state.uploads.receiving():
        most = state.services.settings.max_attachments
        form = await request.form(max_files=most, max_fields=MOST_FIELDS)
        try:
            files = [file for file in form.getlist("files") if isinstance(file, UploadFile)]
            if not files:
                raise InvalidInput(FieldProblem("files", "is required: send the files as multipart/form-data"))
            return [(await state.uploads.put(caller.key, file.filename or "", file.file)).path for file in files]
        finally:
            await form.close()


@router.head("/file={path:path}", response_class=Download, include_in_schema=False)
@router.get(
    "/file={path:path}", summary="Download a file", responses=documented(401, 403, 404, 429), response_class=Download
)
async def download(path: str, state: GradioOfApp, caller: Identified) -> Download:
    """A file that the caller uploaded, or that a call made for it; always as a download, never as a page."""
    found = state.uploads.find(caller.key, path)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Accept-Ranges": "none",
    }
    return Download(found.file, media_type=content_type_of(found.name), headers=headers)
