"""/spaces/{owner}/{name}/variables and /secrets: the same routes for both kinds."""

from typing import Annotated

from fastapi import APIRouter, Depends

from pipeline.domain.space import SettingKind, SpaceSettings
from pipeline.manage_spaces.changes import by_key, change_space, find_setting
from pipeline.shapes.space_changes import SettingBody, described, described_settings, named_settings
from pipeline.shapes.spaces import ChangeReply, SecretList, SecretView, VariableList, VariableView
from pipeline.web.hub_access import HostOfCaller
from pipeline.web.spaces.inputs import Confirm, Key, SpaceId, body_of, require_confirmation, settings_of

_EXAMPLE = {"value": "its value", "description": "what it is for"}
_SETTINGS: dict[SettingKind, tuple[type[SecretList | VariableList], type[SecretView], str, str]] = {
    SettingKind.VARIABLES: (VariableList, VariableView, "Whoever may see the Space can read their values.", ""),
    SettingKind.SECRETS: (SecretList, SecretView, "Nobody can read the value of a secret back.", ", without its value"),
}
"""Of each kind: all of them and one of them as they are shown, who reads values, and what a summary adds to that."""

OneSetting = Annotated[SettingBody, Depends(body_of(SettingBody))]


def _routes_of(kind: SettingKind) -> APIRouter:
    router = APIRouter(prefix=f"/{kind}")
    all_of_them, one_of_them, about, restriction = _SETTINGS[kind]
    one = kind.singular

    @router.get("", summary=f"List {kind}", description=about, response_model=all_of_them)
    async def list_all(host: HostOfCaller, space_id: SpaceId) -> SecretList | VariableList:
        return all_of_them.model_validate({"space_id": space_id, kind: await host.settings(space_id, kind)})

    @router.put("", summary=f"Set many {kind}", openapi_extra=described_settings())
    async def set_many(
        host: HostOfCaller, space_id: SpaceId, settings: Annotated[SpaceSettings, Depends(settings_of(kind))]
    ) -> ChangeReply:
        """As JSON, or as an env file sent as `text/plain`. Others stay, and variables that are so already too.

        A value in JSON may also be `{"value", "description"}`. When the Hub refuses one, the answer says which were
        set. Restarts the app.
        """
        return ChangeReply.model_validate(await change_space(host, space_id, settings))

    @router.delete("", summary=f"Delete all {kind}")
    async def delete_all(host: HostOfCaller, space_id: SpaceId, confirm: Confirm = None) -> ChangeReply:
        """`?confirm=owner/name` has to say so."""
        require_confirmation(confirm, space_id, f"all its {kind} are deleted")
        keys = [(kind, setting.key) for setting in await host.settings(space_id, kind)]
        return ChangeReply.model_validate(await change_space(host, space_id, SpaceSettings(), delete=keys))

    @router.get("/{key}", summary=f"Show one {one}{restriction}", response_model=one_of_them)
    async def show(host: HostOfCaller, space_id: SpaceId, key: Key) -> SecretView:
        """Description, and when it was changed."""
        return one_of_them.model_validate(find_setting(kind, key, by_key(await host.settings(space_id, kind))))

    @router.put("/{key}", summary=f"Set one {one}", openapi_extra=described(SettingBody, _EXAMPLE))
    async def set_one(host: HostOfCaller, space_id: SpaceId, key: Key, body: OneSetting) -> ChangeReply:
        """Added or replaced. Restarts the app, unless it is a variable that is so already."""
        return ChangeReply.model_validate(await change_space(host, space_id, named_settings(kind, {key: body})))

    @router.delete("/{key}", summary=f"Delete one {one}")
    async def delete_one(host: HostOfCaller, space_id: SpaceId, key: Key) -> ChangeReply:
        """Restarts the app."""
        return ChangeReply.model_validate(await change_space(host, space_id, SpaceSettings(), delete=[(kind, key)]))

    return router


router = APIRouter()
for _kind in SettingKind:
    router.include_router(_routes_of(_kind))
