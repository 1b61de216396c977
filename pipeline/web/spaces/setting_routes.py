"""/spaces/{owner}/{name}/variables and /secrets."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.space import MAX_SPACE_ID, setting_key_problem
from pipeline.manage_space.changes import by_key, change_space, find_setting
from pipeline.manage_space.wishes import NewSetting, SpaceChanges
from pipeline.shapes.space_changes import SettingBody
from pipeline.shapes.space_parsing import described, described_settings
from pipeline.shapes.spaces import ChangeReply, SecretList, SecretView, VariableList, VariableView
from pipeline.web.hub_access import HostOfCaller
from pipeline.web.spaces.bodies import body_of, settings_of
from pipeline.web.spaces.path import SpaceId, require_confirmation

MAX_KEY = 200
_EXAMPLE = {"value": "3", "description": "where the game begins"}

router = APIRouter()


async def _key_of_path(key: Annotated[str, Path(max_length=MAX_KEY)]) -> str:
    if problem := setting_key_problem(key):
        raise InvalidInput(FieldProblem("key", problem))
    return key


Key = Annotated[str, Depends(_key_of_path)]
OneSetting = Annotated[SettingBody, Depends(body_of(SettingBody))]
Variables = Annotated[dict[str, NewSetting], Depends(settings_of("variables"))]
Secrets = Annotated[dict[str, NewSetting], Depends(settings_of("secrets"))]
Confirm = Annotated[str | None, Query(max_length=MAX_SPACE_ID, description="owner/name, once more")]


@router.get("/variables", summary="List variables")
async def list_variables(host: HostOfCaller, space_id: SpaceId) -> VariableList:
    """With their values: whoever may see the Space can read them."""
    return VariableList.of(space_id, await host.variables(space_id))


@router.put("/variables", summary="Set many variables", openapi_extra=described_settings())
async def set_variables(host: HostOfCaller, space_id: SpaceId, variables: Variables) -> ChangeReply:
    """As JSON, or as an env file sent as `text/plain`. Others stay, and those that are so already are left alone.

    A value in JSON may also be `{"value", "description"}`. When the Hub refuses one, the answer says which were set.
    """
    return ChangeReply.of(await change_space(host, space_id, SpaceChanges(variables=variables)))


@router.delete("/variables", summary="Delete all variables")
async def delete_variables(host: HostOfCaller, space_id: SpaceId, confirm: Confirm = None) -> ChangeReply:
    """`?confirm=owner/name` has to say so."""
    require_confirmation(confirm, space_id, "all its variables are deleted")
    keys = tuple(variable.key for variable in await host.variables(space_id))
    return ChangeReply.of(await change_space(host, space_id, SpaceChanges(variables_to_delete=keys)))


@router.get("/variables/{key}", summary="Show one variable")
async def show_variable(host: HostOfCaller, space_id: SpaceId, key: Key) -> VariableView:
    """Value, description, and when it was changed."""
    return VariableView.of(find_setting("variable", key, by_key(await host.variables(space_id))))


@router.put("/variables/{key}", summary="Set one variable", openapi_extra=described(SettingBody, _EXAMPLE))
async def set_variable(host: HostOfCaller, space_id: SpaceId, key: Key, body: OneSetting) -> ChangeReply:
    """Added or replaced. Restarts the app, unless it is so already."""
    return ChangeReply.of(await change_space(host, space_id, SpaceChanges(variables={key: body.to_setting()})))


@router.delete("/variables/{key}", summary="Delete one variable")
async def delete_variable(host: HostOfCaller, space_id: SpaceId, key: Key) -> ChangeReply:
    """Restarts the app."""
    return ChangeReply.of(await change_space(host, space_id, SpaceChanges(variables_to_delete=(key,))))


@router.get("/secrets", summary="List secrets, without their values")
async def list_secrets(host: HostOfCaller, space_id: SpaceId) -> SecretList:
    """Nobody can read the value of a secret back."""
    return SecretList.of(space_id, await host.secrets(space_id))


@router.put("/secrets", summary="Set many secrets", openapi_extra=described_settings())
async def set_secrets(host: HostOfCaller, space_id: SpaceId, secrets: Secrets) -> ChangeReply:
    """As JSON, or as an env file sent as `text/plain`. Others stay. Restarts the app.

    A value in JSON may also be `{"value", "description"}`. When the Hub refuses one, the answer says which were set.
    """
    return ChangeReply.of(await change_space(host, space_id, SpaceChanges(secrets=secrets)))


@router.delete("/secrets", summary="Delete all secrets")
async def delete_secrets(host: HostOfCaller, space_id: SpaceId, confirm: Confirm = None) -> ChangeReply:
    """`?confirm=owner/name` has to say so."""
    require_confirmation(confirm, space_id, "all its secrets are deleted")
    keys = tuple(secret.key for secret in await host.secrets(space_id))
    return ChangeReply.of(await change_space(host, space_id, SpaceChanges(secrets_to_delete=keys)))


@router.get("/secrets/{key}", summary="Show one secret, without its value")
async def show_secret(host: HostOfCaller, space_id: SpaceId, key: Key) -> SecretView:
    """Description, and when it was changed."""
    return SecretView.of(find_setting("secret", key, by_key(await host.secrets(space_id))))


@router.put("/secrets/{key}", summary="Set one secret", openapi_extra=described(SettingBody, {"value": "its value"}))
async def set_secret(host: HostOfCaller, space_id: SpaceId, key: Key, body: OneSetting) -> ChangeReply:
    """Added or replaced. Restarts the app."""
    return ChangeReply.of(await change_space(host, space_id, SpaceChanges(secrets={key: body.to_setting()})))


@router.delete("/secrets/{key}", summary="Delete one secret")
async def delete_secret(host: HostOfCaller, space_id: SpaceId, key: Key) -> ChangeReply:
    """Restarts the app."""
    return ChangeReply.of(await change_space(host, space_id, SpaceChanges(secrets_to_delete=(key,))))
