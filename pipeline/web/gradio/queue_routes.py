"""Calls as Gradio's own clients make them: calls join a session, and one stream tells about all of a session's calls.

The messages are those that the Python and JavaScript clients read in the protocol that they call ``sse_v3``.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from pipeline.domain.errors import Busy, FieldProblem, InvalidInput, NotFound, PipelineError, Unavailable
from pipeline.web.body import HEAVY_BYTES
from pipeline.web.errors import documented
from pipeline.web.gradio.call_routes import EVENT_ID, EventReply, json_body, read_json
from pipeline.web.gradio.documents import APP_ID
from pipeline.web.gradio.functions import JobFunction, QuickFunction, by_position
from pipeline.web.gradio.registry import FUNCTIONS
from pipeline.web.gradio.session import session_messages
from pipeline.web.gradio.space_functions import SPACE_RUNTIME
from pipeline.web.gradio.sse import DOCUMENTED, HEARTBEAT_SECONDS, block, event_stream
from pipeline.web.gradio.state import GradioOfApp, Identified, StreamPlace

ALIVE_SECONDS = 3600
"""After this a heartbeat stream ends; clients open another one."""

_SESSION_HASH = r"^[A-Za-z0-9_-]{1,100}$"

_JOIN = {"fn_index": {"type": "integer"}, "data": {"type": "array", "items": {}}, "session_hash": {"type": "string"}}
_JOIN_EXAMPLE = {
    "fn_index": FUNCTIONS.index(SPACE_RUNTIME),
    "data": list(SPACE_RUNTIME.example.values()),
    "session_hash": "SESSION_HASH",
}
_CANCEL = {"event_id": {"type": "string"}, "session_hash": {"type": "string"}}

router = APIRouter(prefix="/gradio_api", tags=["gradio"], responses=documented(400, 401, 403, 404, 429, 503))


@router.post("/queue/join", summary="Call a function within a session", openapi_extra=json_body(_JOIN, _JOIN_EXAMPLE))
@router.post("/queue/join/", include_in_schema=False)
async def join(request: Request, state: GradioOfApp, caller: Identified) -> EventReply:
    """``{"fn_index", "data": [...], "session_hash"}``; the call is followed at /gradio_api/queue/data.

    Arguments that break a rule are told there, where the clients look for them.
    """
    body = await read_json(request)
    function, session = _function(body), _session(body.get("session_hash"))
    data = body.get("data")
    with state.calls.joining(session):
        try:
            event = await state.calls.begin(function, by_position(function, data), caller, session)
        except Busy as error:  # the status that the clients know
            raise HTTPException(503, str(error), {"Retry-After": str(error.retry_after_seconds)}) from error
        except Unavailable:
            raise
        except PipelineError as error:
            event = await state.calls.refuse(function, error, caller, session)
    return EventReply(event_id=event.id)


@router.get(
    "/queue/data",
    summary="Follow the calls of a session",
    response_class=StreamingResponse,
    responses=DOCUMENTED,
    dependencies=[StreamPlace],
)
async def follow_session(
    state: GradioOfApp, caller: Identified, session_hash: Annotated[str, Query(pattern=_SESSION_HASH)]
) -> StreamingResponse:
    """Server-Sent Events, one JSON message each; the stream ends when no call of the session is under way."""

    async def blocks() -> AsyncIterator[str]:
        async for message in session_messages(state.calls, state.services.call_events, session_hash, caller.key):
            yield block(message)

    return event_stream(blocks())


@router.post(
    "/cancel",
    summary="Cancel the job behind a call of a session",
    openapi_extra=json_body(_CANCEL, {"event_id": "EVENT_ID", "session_hash": "SESSION_HASH"}),
)
async def cancel(request: Request, state: GradioOfApp) -> dict[str, bool]:
    """``{"event_id", "session_hash"}``. The JavaScript client sends no token here: who knows both may cancel."""
    body = await read_json(request, HEAVY_BYTES)
    event_id = body.get("event_id")
    if not isinstance(event_id, str) or not EVENT_ID.fullmatch(event_id):
        raise NotFound("no such event")
    await state.calls.cancel(event_id, _session(body.get("session_hash")))
    return {"success": True}


@router.post("/reset", summary="For the clients' sake: does nothing")
@router.post("/reset/", include_in_schema=False)
async def reset() -> dict[str, bool]:
    """Clients send it after a cancellation, to stop iterators, which there are none of here."""
    return {"success": True}


@router.get("/app_id", summary="Whether this is still the same app")
async def app_id() -> dict[str, str]:
    """Changes when the functions change; the JavaScript client asks after it has lost its connection."""
    return {"app_id": APP_ID}


@router.get(
    "/heartbeat/{session_hash}",
    summary="A sign of life now and then",
    response_class=StreamingResponse,
    responses=DOCUMENTED,
)
async def heartbeat(session_hash: str, caller: Identified) -> StreamingResponse:  # noqa: ARG001 - part of the protocol
    """For clients that hold state in a session; here they need not. Costs nobody a place for streams."""

    async def blocks() -> AsyncIterator[str]:
        for _ in range(int(ALIVE_SECONDS / HEARTBEAT_SECONDS)):
            yield "data: ALIVE\n\n"
            await asyncio.sleep(HEARTBEAT_SECONDS)

    return event_stream(blocks())


def _function(body: dict[str, Any]) -> JobFunction | QuickFunction:
    index = body.get("fn_index")
    if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(FUNCTIONS):
        return FUNCTIONS[index]
    raise NotFound("there is no function with this fn_index")


def _session(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(_SESSION_HASH, value):
        return value
    raise InvalidInput(FieldProblem("session_hash", "must be 1 to 100 letters, digits, '-' or '_'"))
