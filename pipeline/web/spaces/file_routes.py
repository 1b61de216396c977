"""PUT /spaces/{owner}/{name}/files."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from pipeline.domain.files import AppFiles
from pipeline.manage_space.files import upload_files
from pipeline.shapes.new_space import CreateSpaceRequest, FileContents
from pipeline.shapes.space_changes import MAX_TEXT, Body
from pipeline.shapes.space_parsing import described
from pipeline.shapes.spaces import UploadReply
from pipeline.web.dependencies import ServicesOfApp
from pipeline.web.errors import documented
from pipeline.web.hub_access import HostOfCaller
from pipeline.web.spaces.bodies import body_of
from pipeline.web.spaces.path import SpaceId

router = APIRouter()


class FilesBody(Body):
    """Files for a Space that is there already."""

    files: FileContents = Field(min_length=1, description='path: text, or {"base64": "…"} for bytes')
    replace: bool = Field(default=False, description="they become all that the Space holds")
    message: str | None = Field(default=None, max_length=MAX_TEXT, description="of the commit")

    def to_files(self) -> AppFiles:
        """Decoded by the same rules as those of a new Space. Raises InvalidInput."""
        return CreateSpaceRequest(files=self.files).to_new_space().files


@router.put(
    "/files",
    summary="Add or replace files, in one commit",
    responses=documented(413),
    openapi_extra=described(FilesBody, {"files": {"index.html": "<h1>Hello</h1>"}}),
)
async def put_files(
    host: HostOfCaller,
    space_id: SpaceId,
    services: ServicesOfApp,
    body: Annotated[FilesBody, Depends(body_of(FilesBody))],
) -> UploadReply:
    """Other files stay, unless `replace` says otherwise. The Hub builds the app anew; no change is no commit."""
    uploaded = await upload_files(
        host, services.secrets, space_id, body.to_files(), replace=body.replace, message=body.message
    )
    return UploadReply.of_upload(uploaded)
