"""GET /spaces/{owner}/{name}/logs: a Space's build or run log, as Server-Sent Events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from pipeline.domain.errors import HubError
from pipeline.domain.space import LogLine
from pipeline.web.hub_access import HostOfCaller, StreamPlaceOfToken
from pipeline.web.spaces.inputs import SpaceId
from pipeline.web.streams import OpenedStream

FIRST_LINE_SECONDS = 3.0
"""Within this the Hub's refusal becomes the answer's status; a log that is still silent then begins as a stream."""

LONGEST_FOLLOW_SECONDS = 3600.0

router = APIRouter()


async def _opened_log(
    host: HostOfCaller, space_id: SpaceId, *, build: bool = False, follow: bool = False
) -> AsyncIterator[OpenedStream[LogLine]]:
    await host.info(space_id)  # a wrong name is told here, with near ones
    log = OpenedStream(host.logs(space_id, build=build, follow=follow))
    try:
        await log.wait_for_first(FIRST_LINE_SECONDS)
        yield log
    finally:
        await log.close()


@router.get(
    "/logs", summary="Read or follow a log", response_class=EventSourceResponse, dependencies=[StreamPlaceOfToken]
)
async def show_log(log: Annotated[OpenedStream[LogLine], Depends(_opened_log)]) -> AsyncIterator[ServerSentEvent]:
    """Server-Sent Events: one `line` per line of the run log, or of the build log with `build=true`.

    With `follow=true` further lines come as they are written, for at most an hour; else the stream ends with what there
    is. An `error` event tells that the Hub was lost on the way, `end` that there is no more. The framework sends a
    comment after every 15 s of silence.
    """
    try:
        async for line in log.read(LONGEST_FOLLOW_SECONDS):
            yield ServerSentEvent(event="line", data=line)
    except HubError as error:
        yield ServerSentEvent(event="error", data={"ok": False, "error": str(error)})
        return
    yield ServerSentEvent(event="end", data={"ok": True})
