"""/spaces/{owner}/{name}: look at a Space of the Hugging Face Hub, and steer it."""

from collections.abc import Mapping
from http import HTTPStatus
from inspect import getdoc
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException

from pipeline.domain.space import SpaceSettings
from pipeline.manage_spaces.changes import change_space
from pipeline.manage_spaces.creation import copy_space
from pipeline.manage_spaces.files import upload_files
from pipeline.manage_spaces.running import pause_space, restart_space, wake_space
from pipeline.shapes.new_space import decoded_files
from pipeline.shapes.space_changes import (
    STORAGE_IS_GONE,
    ChangeBody,
    ChangesBody,
    DevModeBody,
    DuplicateBody,
    FilesBody,
    HardwareBody,
    SleepTimeBody,
    VisibilityBody,
    VolumesBody,
    described,
)
from pipeline.shapes.spaces import ChangeReply, CopyReply, DeletedReply, RuntimeView, SpaceView, UploadReply
from pipeline.web.dependencies import ServicesOfApp
from pipeline.web.errors import documented
from pipeline.web.hub_access import HostOfCaller, bearer_token
from pipeline.web.spaces import log_routes, setting_routes
from pipeline.web.spaces.inputs import Confirm, SpaceId, body_of, require_confirmation

router = APIRouter(
    prefix="/spaces/{owner}/{name}", tags=["spaces"], responses=documented(400, 401, 402, 403, 404, 409, 429, 502, 503)
)


@router.get("", summary="All about one Space")
async def show_space(host: HostOfCaller, space_id: SpaceId) -> SpaceView:
    """Address, kind, visibility, commit, and how it is doing."""
    return SpaceView.model_validate(await host.info(space_id))


@router.get("/runtime", summary="How a Space is doing")
async def show_runtime(host: HostOfCaller, space_id: SpaceId) -> RuntimeView:
    """Stage, hardware, sleep time and volumes."""
    return RuntimeView.model_validate(await host.runtime(space_id))


def _add_change(method: str, path: str, model: type[ChangeBody], summary: str, example: Mapping[str, Any]) -> None:
    """A route whose body says what is to be different."""

    async def change(
        host: HostOfCaller, space_id: SpaceId, body: Annotated[ChangeBody, Depends(body_of(model))]
    ) -> ChangeReply:
        return ChangeReply.model_validate(await change_space(host, space_id, body.to_settings()))

    about, extra = getdoc(model), described(model, example)
    router.add_api_route(path, change, methods=[method], summary=summary, description=about, openapi_extra=extra)


_VOLUMES = {"volumes": [{"type": "bucket", "source": "owner/data", "mount_path": "/data"}]}
for _change in (
    ("PATCH", "", ChangesBody, "Change several things at once", {"variables": {"LEVEL": "3"}, "hardware": "t4-small"}),
    ("PUT", "/hardware", HardwareBody, "Ask for other hardware", {"hardware": "t4-small", "sleep_time": 3600}),
    ("PUT", "/sleep-time", SleepTimeBody, "Set when the app falls asleep", {"seconds": 3600}),
    ("PUT", "/volumes", VolumesBody, "Mount storage", _VOLUMES),
    ("PUT", "/visibility", VisibilityBody, "Say who sees a Space", {"visibility": "private"}),
    ("PUT", "/dev-mode", DevModeBody, "Switch dev mode on or off", {"enabled": True}),
):
    _add_change(*_change)


@router.post("/pause", summary="Stop the app until its owner restarts it")
async def pause(host: HostOfCaller, space_id: SpaceId) -> ChangeReply:
    """A paused Space costs nothing; a visit does not wake it."""
    return ChangeReply.model_validate(await pause_space(host, space_id))


@router.post("/restart", summary="Start the app anew")
async def restart(host: HostOfCaller, space_id: SpaceId, *, factory_reboot: bool = False) -> ChangeReply:
    """With `factory_reboot` it is built anew as well, without anything kept of earlier builds."""
    return ChangeReply.model_validate(await restart_space(host, space_id, factory_reboot=factory_reboot))


@router.post("/wake", summary="Start the app if it rests")
async def wake(host: HostOfCaller, space_id: SpaceId) -> ChangeReply:
    """Sleeping, stopped and paused Spaces are restarted; others are left alone."""
    return ChangeReply.model_validate(await wake_space(host, space_id))


@router.post(
    "/duplicate",
    summary="Copy a Space",
    openapi_extra=described(DuplicateBody, {"to_id": "you/copy", "private": True, "secrets": {"KEY": "its value"}}),
)
async def duplicate(
    host: HostOfCaller, space_id: SpaceId, body: Annotated[DuplicateBody, Depends(body_of(DuplicateBody))]
) -> CopyReply:
    """Files and variables are copied; secrets are not, and the answer names those that the copy lacks."""
    return CopyReply.of_copy(await copy_space(host, space_id, body.to_id, body.to_settings()))


@router.delete("/volumes", summary="Unmount all storage")
async def delete_volumes(host: HostOfCaller, space_id: SpaceId) -> ChangeReply:
    """What is stored there stays. Restarts the app."""
    return ChangeReply.model_validate(await change_space(host, space_id, SpaceSettings(volumes=())))


@router.api_route(
    "/storage",
    methods=["POST", "PUT", "DELETE"],
    summary="Gone: use volumes",
    status_code=HTTPStatus.GONE,
    responses=documented(HTTPStatus.GONE),
    dependencies=[Depends(bearer_token)],
    response_model=None,
    include_in_schema=False,
)
async def storage_is_gone() -> NoReturn:
    """Say what takes the place of persistent storage."""
    raise HTTPException(HTTPStatus.GONE, STORAGE_IS_GONE)


@router.delete("", summary="Delete a Space for good")
async def delete_space(host: HostOfCaller, space_id: SpaceId, confirm: Confirm = None) -> DeletedReply:
    """With all its files, settings and history: `?confirm=owner/name` has to say so."""
    require_confirmation(confirm, space_id, "the Space is deleted for good")
    await host.delete(space_id)
    return DeletedReply(space_id=space_id)


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
    files = decoded_files(body.files)
    return UploadReply.model_validate(
        await upload_files(host, services.secrets, space_id, files, replace=body.replace, message=body.message)
    )


router.include_router(setting_routes.router)
router.include_router(log_routes.router)
