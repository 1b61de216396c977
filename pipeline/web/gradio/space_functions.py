"""/create_space, /space_runtime, /restart_space, /pause_space, /duplicate_space: Spaces of the Hub.

They act with the Hub token that is given as ``hf_token``, else with the caller's own, else with the operator's.
"""

from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from pipeline.domain.errors import NotPermitted
from pipeline.domain.space import MAX_SPACE_ID, SpaceRuntime, space_id_problem
from pipeline.manage_spaces.creation import copy_space
from pipeline.ports import SpaceHost
from pipeline.shapes.json_object import Request
from pipeline.shapes.new_space import CreateSpaceRequest, SettingsRequest
from pipeline.shapes.problems import OWN_RULE
from pipeline.shapes.spaces import CopyReply, CreateSpaceReply, RuntimeView
from pipeline.web.gradio.functions import CallContext, QuickFunction

MAX_TOKEN = 500
MAX_WORD = 100


def _check_space_id(value: str) -> str:
    if problem := space_id_problem(value):
        raise PydanticCustomError(OWN_RULE, "{problem}", {"problem": problem})
    return value


SpaceId = Annotated[str, AfterValidator(_check_space_id)]


def _token_field() -> Any:
    # Not strict: a secret is a string in JSON.
    return Field(
        default=None, strict=False, max_length=MAX_TOKEN, description="Hub token to act with; default: the one sent"
    )


class SpaceCall(Request):
    """Which Space."""

    space_id: SpaceId = Field(description="owner/name")
    hf_token: SecretStr | None = _token_field()


class RestartCall(Request):
    """Which Space, and how."""

    space_id: SpaceId = Field(description="owner/name")
    factory_reboot: bool = Field(default=False, description="build it anew as well")
    hf_token: SecretStr | None = _token_field()


class DuplicateCall(Request):
    """From where to where."""

    from_id: SpaceId = Field(description="owner/name of the Space to copy")
    to_id: str = Field(default="", max_length=MAX_SPACE_ID, description="owner/name, or a name; default: the same name")
    private: bool = Field(default=True, description="whether only its owner sees the copy")
    hardware: str | None = Field(default=None, max_length=MAX_WORD, description="in the Hub's words, such as cpu-basic")
    sleep_time: int | None = Field(default=None, description="seconds without visitors until it sleeps; -1: never")
    secrets: dict[str, str] = Field(default_factory=dict, description="they are not copied: give them anew")
    variables: dict[str, str] = Field(default_factory=dict, description="beside those that are copied")
    hf_token: SecretStr | None = _token_field()


class CreateCall(CreateSpaceRequest):
    """The request of POST /create-space."""

    hf_token: SecretStr | None = _token_field()


def _token(context: CallContext, given: SecretStr | None) -> str | None:
    """The Hub token to act with; None = the operator's own.

    Raises:
        NotPermitted: there is none, and the operator's is not this caller's to use.
    """
    if given and given.get_secret_value().strip():
        return given.get_secret_value().strip()
    owner = context.caller.owner
    if owner is not None and owner.email is not None:
        raise NotPermitted("the operator's Hub account is not yours to use: give a Hub token of your own as hf_token")
    return context.caller.hub_token


def _host(context: CallContext, call: SpaceCall | RestartCall | DuplicateCall) -> SpaceHost:
    return context.services.spaces(_token(context, call.hf_token))


async def _create(context: CallContext, call: CreateCall) -> dict[str, Any]:
    created = await context.services.create_space(call.to_new_space(), _token(context, call.hf_token))
    return CreateSpaceReply.model_validate(created).model_dump(mode="json")


async def _runtime(context: CallContext, call: SpaceCall) -> dict[str, Any]:
    return _runtime_view(await _host(context, call).runtime(call.space_id))


async def _restart(context: CallContext, call: RestartCall) -> dict[str, Any]:
    return _runtime_view(await _host(context, call).restart(call.space_id, factory_reboot=call.factory_reboot))


async def _pause(context: CallContext, call: SpaceCall) -> dict[str, Any]:
    return _runtime_view(await _host(context, call).pause(call.space_id))


async def _duplicate(context: CallContext, call: DuplicateCall) -> dict[str, Any]:
    settings = SettingsRequest.model_validate(call, from_attributes=True).to_settings()
    copied = await copy_space(_host(context, call), call.from_id, call.to_id or None, settings)
    reply = CopyReply.of_copy(copied)
    return reply.model_dump(mode="json", include={"space_id", "url", "host", "commit_sha", "warning"})


def _runtime_view(runtime: SpaceRuntime) -> dict[str, Any]:
    view = RuntimeView.model_validate(runtime).model_dump(mode="json")
    for volume in view["volumes"]:
        # Gradio's Python client takes every object with a "path" for a file of ours and downloads it.
        volume["folder"] = volume.pop("path")
    return view


_RUNTIME = "Stage, hardware, sleep time and domains of the Space."
_SPACE = {"space_id": "owner/name"}
_function = partial(QuickFunction, for_owners=False)

CREATE_SPACE = _function(
    name="create_space",
    summary="Create a Space from files, in one commit.",
    parameters=CreateCall,
    returns="Its id, page, address and commit.",
    example={"space_type": "static", "files": {"index.html": "<h1>Hello</h1>"}, "name": "hello"},
    run=_create,
)
SPACE_RUNTIME, RESTART_SPACE, PAUSE_SPACE = (
    _function(name=name, summary=summary, parameters=parameters, returns=_RUNTIME, example=_SPACE, run=run)
    for name, summary, parameters, run in (
        ("space_runtime", "Say how a Space is doing.", SpaceCall, _runtime),
        ("restart_space", "Start a Space anew.", RestartCall, _restart),
        ("pause_space", "Stop a Space until its owner restarts it.", SpaceCall, _pause),
    )
)
DUPLICATE_SPACE = _function(
    name="duplicate_space",
    summary="Copy a Space. Its variables are copied, its secrets are not.",
    parameters=DuplicateCall,
    returns="Id, page, address and commit of the copy, and a warning about secrets that it lacks.",
    example={"from_id": "owner/name", "to_id": "you/copy"},
    run=_duplicate,
)
