"""Calls as curl and agents make them: one request begins a call, another one reads its events.

The second can be sent again, for as long as the call is kept: reading takes nothing away.
"""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from pipeline.domain.call_event import CallEvent
from pipeline.domain.errors import NotFound
from pipeline.domain.job import JobEvent
from pipeline.shapes.jobs import EventView
from pipeline.shapes.json_object import read_object
from pipeline.web.body import parse_aside, read_body
from pipeline.web.errors import documented
from pipeline.web.gradio.calls import Ended
from pipeline.web.gradio.functions import by_position
from pipeline.web.gradio.registry import function_named
from pipeline.web.gradio.space_functions import SPACE_RUNTIME
from pipeline.web.gradio.sse import DOCUMENTED, Heartbeat, block, event_stream
from pipeline.web.gradio.state import GradioOfApp, GradioState, Identified, StreamPlace

EVENT_ID = re.compile(r"[\w-]{1,64}", re.ASCII)

FunctionName = Annotated[str, Path(description="of the function, without a slash", examples=[SPACE_RUNTIME.name])]

router = APIRouter(prefix="/gradio_api", tags=["gradio"], responses=documented(400, 401, 403, 404, 429, 503))


class EventReply(BaseModel):
    """By which the call is followed."""

    event_id: str


async def read_json(request: Request, max_bytes: int | None = None) -> dict[str, Any]:
    """The body as a JSON object, whatever its content type says: examples for curl often name none."""
    raw = await read_body(request, max_bytes)
    return await parse_aside(len(raw), read_object, raw)


def json_body(properties: Mapping[str, Any], example: Mapping[str, Any]) -> dict[str, Any]:
    """``openapi_extra`` for a route that reads its JSON by itself; fields without an example may be left out."""
    schema = {"type": "object", "properties": properties, "required": [name for name in properties if name in example]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}


@router.post(
    "/call/v2/{name}",
    summary="Call a function with named parameters",
    openapi_extra=json_body({}, SPACE_RUNTIME.example),
)
@router.post("/call/v2/{name}/", include_in_schema=False)
async def call_by_name(name: FunctionName, request: Request, state: GradioOfApp, caller: Identified) -> EventReply:
    """The body is an object of parameters, of any content type; null stands for a parameter's default."""
    function = function_named(name)
    event = await state.calls.begin(function, await read_json(request), caller)
    return EventReply(event_id=event.id)


@router.post(
    "/call/{name}",
    summary="Call a function with positional parameters",
    openapi_extra=json_body({"data": {"type": "array", "items": {}}}, {"data": list(SPACE_RUNTIME.example.values())}),
)
@router.post("/call/{name}/", include_in_schema=False)
async def call_by_position(name: FunctionName, request: Request, state: GradioOfApp, caller: Identified) -> EventReply:
    """The body is ``{"data": [...]}``, the values in the order of /gradio_api/info."""
    function = function_named(name)
    given = by_position(function, (await read_json(request)).get("data"))
    event = await state.calls.begin(function, given, caller)
    return EventReply(event_id=event.id)


async def _event(name: FunctionName, event_id: str, state: GradioOfApp, caller: Identified) -> CallEvent:
    event = await state.services.call_events.get(event_id, caller.key) if EVENT_ID.fullmatch(event_id) else None
    if event is None or event.function != name:
        raise NotFound("no such event: the id or the name is wrong, or its time is over")
    return event


@router.get(
    "/call/{name}/{event_id}",
    summary="Read the events of a call",
    response_class=StreamingResponse,
    responses=DOCUMENTED,
    dependencies=[StreamPlace],
)
@router.get("/call/{name}/{event_id}/", include_in_schema=False, dependencies=[StreamPlace])
@router.get("/call/v2/{name}/{event_id}", include_in_schema=False, dependencies=[StreamPlace])
@router.get("/call/v2/{name}/{event_id}/", include_in_schema=False, dependencies=[StreamPlace])
async def read_events(state: GradioOfApp, event: Annotated[CallEvent, Depends(_event)]) -> StreamingResponse:
    """Server-Sent Events: ``generating`` for each stage of a job, ``heartbeat`` in silence, ``complete`` or ``error``.

    Hanging up stops nothing.
    """
    return event_stream(event_blocks(state, event))


async def event_blocks(state: GradioState, event: CallEvent) -> AsyncIterator[str]:
    """The events of a call from its beginning, until it has ended."""
    heartbeat = Heartbeat()
    async for update in state.calls.follow(event):
        match update:
            case None:
                if heartbeat.is_due():
                    yield block(None, "heartbeat")
            case JobEvent():
                yield block([EventView.model_validate(update).model_dump(mode="json")], "generating")
                heartbeat.spoke()
            case Ended(outcome):
                failed = outcome.error is not None
                yield block({"error": outcome.error}, "error") if failed else block([outcome.value], "complete")
                if update.is_final:
                    await state.services.call_events.mark_delivered(event.id)
