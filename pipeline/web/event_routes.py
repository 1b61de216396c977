"""GET /jobs/{id}/events: a job's timeline as it grows, as Server-Sent Events."""

# ruff: noqa: FAST003 - job_id is taken by the dependency JobOfCaller, which the rule does not see

import re
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from pipeline.shapes.jobs import EventView
from pipeline.web.dependencies import Authenticated, JobOfCaller, ServicesOfApp, StreamsOfApp, from_address
from pipeline.web.errors import documented

_EVENT_ID = re.compile(r"[0-9]{1,18}", re.ASCII)

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=documented(400, 401, 403, 404, 429, 503))


async def _last_event_id(last_event_id: Annotated[str, Header(max_length=100)] = "") -> int:
    return int(last_event_id) if _EVENT_ID.fullmatch(last_event_id) else 0


def _place(request: Request, streams: StreamsOfApp, caller: Authenticated) -> Iterator[None]:
    with streams.take(from_address(caller.email or "operator", request)):
        yield


async def _something_to_tell(
    job: JobOfCaller, services: ServicesOfApp, after: Annotated[int, Depends(_last_event_id)]
) -> None:
    if after and job.is_over and not await services.jobs.events(job.id, after):
        raise HTTPException(HTTPStatus.NO_CONTENT)


@router.get(
    "/{job_id}/events",
    summary="Follow a job",
    responses={204: {"description": "The job has ended, and Last-Event-ID was its last event"}},
    response_class=EventSourceResponse,
    dependencies=[Depends(_something_to_tell), Depends(_place)],
)
async def follow_job(
    job: JobOfCaller, services: ServicesOfApp, after: Annotated[int, Depends(_last_event_id)]
) -> AsyncIterator[ServerSentEvent]:
    """Server-Sent Events: one per event of the timeline, from the first or from behind ``Last-Event-ID`` on.

    Ends when the job has ended and the evaluator has been told, or is not told again before the deadline. A client
    that reconnects after that gets 204, which tells an EventSource to stop (HTML standard, 9.2.3). The framework sends
    a comment after every 15 s of silence and keeps proxies from buffering.
    """
    async for event in services.jobs.watch(job.id, after):
        if event is not None:
            yield ServerSentEvent(id=str(event.id), event=event.kind.value, data=EventView.model_validate(event))
