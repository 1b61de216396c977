"""POST /create-space: a new Space. POST /spaces/provision and /spaces/wake: many made from one template, or woken."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

from pipeline.domain.errors import PipelineError, Unavailable
from pipeline.domain.provision import ProvisionOrder, SpaceOutcome
from pipeline.manage_spaces.provisioning import PLAN_SECONDS, RUN_SECONDS, ProvisionSpaces
from pipeline.manage_spaces.running import wake_spaces
from pipeline.shapes.examples import CREATE_SPACE_EXAMPLES, PROVISION_EXAMPLES, WAKE_EXAMPLES
from pipeline.shapes.json_object import read_object
from pipeline.shapes.new_space import CreateSpaceRequest, parse_new_space
from pipeline.shapes.provision import ProvisionRequest, WakeRequest, ids_from, provision_from
from pipeline.shapes.spaces import CreateSpaceReply, ProvisionReply, WakeReply
from pipeline.web.body import parse_aside, read_body, require_json
from pipeline.web.dependencies import ServicesOfApp
from pipeline.web.errors import documented
from pipeline.web.hub_access import HostOfCaller, HubToken, StreamPlaceOfToken
from pipeline.web.listening import while_listening
from pipeline.web.streams import OpenedStream

FIRST_EVENT_SECONDS = 3.0
"""Within this a refusal becomes the answer's status; what takes longer to begin is a stream already."""

_EVENT_STREAM = "text/event-stream"


class _ForEventStreams(APIRoute):
    """Takes the requests of those who accept event streams, and leaves the others to the next route."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_for_us = _EVENT_STREAM in Headers(scope=scope).get("accept", "").lower()
        return super().matches(scope) if is_for_us else (Match.NONE, {})


router = APIRouter(tags=["spaces"])
_streams = APIRouter(route_class=_ForEventStreams)


def _json_body(schema: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    """The schema without references into itself: in OpenAPI they would point elsewhere."""
    if definitions := schema.pop("$defs", None):
        schema["properties"]["spaces"]["items"] = definitions["SpaceRequest"]
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}
    }


@router.post(
    "/create-space",
    summary="Files in, a new Hugging Face Space out",
    responses=documented(400, 401, 402, 403, 408, 409, 413, 415, 429, 502, 503),
    openapi_extra=_json_body(CreateSpaceRequest.model_json_schema(), CREATE_SPACE_EXAMPLES),
)
async def create_space(request: Request, services: ServicesOfApp, token: HubToken) -> CreateSpaceReply:
    """Create a Space with its secrets, and put the app there in one commit; the Hub builds it in the minutes after.

    What is missing is added: the card in README.md, requirements.txt, a Dockerfile for Python apps, LICENSE. Parameters
    appear as the global `PARAMS` in the Python file that the app starts from, behind its docstring, and as
    `window.PARAMS` in the page of a static Space; they are published with the app. `streamlit` becomes a docker Space.
    Everything that is wrong with a request is told before the Hub is asked; when the commit fails, the Space is deleted
    again. A static Space takes no secrets: they would be shown to its visitors.
    """
    require_json(request.headers)
    raw = await read_body(request)
    new = await parse_aside(len(raw), parse_new_space, raw)
    return CreateSpaceReply.model_validate(await services.create_space(new, token))


async def _ordered(request: Request) -> tuple[ProvisionOrder, bool]:
    """What is asked for, and whether it is a dry run."""
    require_json(request.headers)
    raw = await read_body(request)
    document = await parse_aside(len(raw), read_object, raw)
    return await asyncio.to_thread(provision_from, document)


Ordered = Annotated[tuple[ProvisionOrder, bool], Depends(_ordered)]
Changes = OpenedStream[SpaceOutcome | ProvisionReply]


async def _changes(
    provision: ProvisionSpaces, ordered: tuple[ProvisionOrder, bool], token: str | None
) -> AsyncGenerator[SpaceOutcome | ProvisionReply, None]:
    """Every Space as it is begun and as it has ended, and then the result. Who stops reading stops the work."""
    order, is_dry_run = ordered
    changes: asyncio.Queue[SpaceOutcome | None] = asyncio.Queue()
    work = asyncio.ensure_future(
        provision.plan(order, token) if is_dry_run else provision(order, token, changes.put_nowait)
    )
    work.add_done_callback(lambda _: changes.put_nowait(None))
    try:
        while change := await changes.get():
            yield change
        yield ProvisionReply.of(await work, is_dry_run=is_dry_run)
    finally:
        work.cancel()
        await asyncio.wait({work})


async def _opened(services: ServicesOfApp, token: HubToken, ordered: Ordered) -> AsyncIterator[Changes]:
    opened = OpenedStream(_changes(services.provision_spaces, ordered, token))
    try:
        await opened.wait_for_first(FIRST_EVENT_SECONDS)
        yield opened
    finally:
        await opened.close()


@_streams.post(
    "/spaces/provision", response_class=EventSourceResponse, dependencies=[StreamPlaceOfToken], include_in_schema=False
)
async def follow_provision(changes: Annotated[Changes, Depends(_opened)]) -> AsyncIterator[ServerSentEvent]:
    """See ``provision``. The framework sends a comment after every 15 s of silence."""
    try:
        async for change in changes.read(PLAN_SECONDS + RUN_SECONDS):
            yield ServerSentEvent(event="space" if isinstance(change, SpaceOutcome) else "result", data=change)
    except PipelineError as error:
        yield ServerSentEvent(event="error", data={"ok": False, "error": str(error)})


router.include_router(_streams)


@router.post(
    "/spaces/provision",
    summary="Many Spaces from one template",
    response_model=ProvisionReply,
    responses={
        200: {"content": {_EVENT_STREAM: {"schema": {"type": "string"}}}},
        502: {"model": ProvisionReply, "description": "It failed for some Spaces; each says why"},
        **documented(400, 401, 403, 404, 408, 413, 415, 429, 503),
    },
    openapi_extra=_json_body(ProvisionRequest.model_json_schema(), PROVISION_EXAMPLES),
)
async def provision(request: Request, services: ServicesOfApp, token: HubToken, ordered: Ordered) -> JSONResponse:
    """Make every Space as it should be: what is missing is created, what differs is updated, the rest is left alone.

    The template is a Space to copy, or files as `POST /create-space` takes them. A new Space gets its secrets,
    variables, hardware and sleep time within its creation, before any code. In a Space that is there, only what
    differs is set, the files last; settings that are not named stay, and so do secrets that it has already, because
    their values cannot be read back: `replace_secrets` sets them again. A copy that exists keeps its own files.
    `dry_run` answers with the plan and changes nothing. Everything that is wrong with the order is told before the Hub
    is asked to change anything; one Space that fails stops no other.

    The answer comes when all is done, which takes minutes: whoever accepts `text/event-stream` is told of every Space
    as it is begun and as it has ended, in events named `space`, and gets the answer as the last one, `result`.
    Nothing of the order is stored. To hang up stops the work; the same order again finds what is there, and finishes.
    """
    order, is_dry_run = ordered
    work = services.provision_spaces.plan if is_dry_run else services.provision_spaces
    outcomes = await while_listening(request, work(order, token), None)
    if outcomes is None:
        raise Unavailable("the service is stopping: send the request again in a moment")
    reply = ProvisionReply.of(outcomes, is_dry_run=is_dry_run)
    status = HTTPStatus.OK if reply.ok or is_dry_run else HTTPStatus.BAD_GATEWAY
    return JSONResponse(reply.model_dump(mode="json"), status)


@router.post(
    "/spaces/wake",
    summary="Many Spaces out of their sleep",
    responses=documented(400, 401, 403, 408, 413, 415, 429, 502, 503),
    openapi_extra=_json_body(WakeRequest.model_json_schema(), WAKE_EXAMPLES),
)
async def wake(request: Request, host: HostOfCaller) -> WakeReply:
    """Restart each Space that sleeps, is paused or stopped; tell for each what it was and what was done.

    Spaces that run, start or are broken are left alone. The Hub takes a minute or more to start one: its runtime tells
    when it runs.
    """
    require_json(request.headers)
    ids = ids_from(read_object(await read_body(request)))
    return WakeReply.of(await wake_spaces(host, ids))
