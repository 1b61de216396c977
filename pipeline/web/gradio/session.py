"""One stream of messages for all calls of a library client's session."""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection
from typing import Any

from pipeline.domain.call_event import CallEvent, CallOutcome
from pipeline.domain.job import JobEvent, Stage
from pipeline.ports import CallEvents
from pipeline.shapes.jobs import EventView
from pipeline.web.gradio.calls import Calls, Ended
from pipeline.web.gradio.sse import Heartbeat

LOOK_SECONDS = 0.5
"""How often an open stream looks for calls that joined its session meanwhile."""

MOST_WAITING = 32
"""Messages that wait for a slow reader; beyond that the calls are no longer followed until it has read."""

_STAGES = list(Stage)

Message = dict[str, Any]


async def session_messages(
    calls: Calls, events: CallEvents, session: str, caller: str
) -> AsyncGenerator[Message, None]:
    """Messages about every call of the session, and ``close_stream`` when all are told to their end.

    A call whose end was not read is told again by the next stream of the session.
    """
    waiting: asyncio.Queue[Message] = asyncio.Queue(MOST_WAITING)
    followed: dict[str, asyncio.Task[None]] = {}
    heartbeat, looked_at = Heartbeat(), 0.0
    try:
        while True:
            if waiting.empty() or time.monotonic() - looked_at > LOOK_SECONDS:
                looked_at, joins = time.monotonic(), calls.joins(session)
                for event in await events.undelivered(session, caller):
                    if event.id not in followed:
                        followed[event.id] = asyncio.create_task(_put_messages(calls, event, waiting))
                is_begun_meanwhile = calls.joins(session) != (False, joins[1])
                if _have_ended(followed.values()) and waiting.empty() and not is_begun_meanwhile:
                    yield {"msg": "close_stream", "event_id": None}
                    return
            message = await _next(waiting)
            if message is not None:
                yield message
                heartbeat.spoke()
                if message["msg"] == "process_completed":
                    await events.mark_delivered(message["event_id"])
            elif heartbeat.is_due():
                yield {"msg": "heartbeat"}
    finally:
        for task in followed.values():
            task.cancel()
        await asyncio.gather(*followed.values(), return_exceptions=True)


def _have_ended(following: Collection[asyncio.Task[None]]) -> bool:
    """Whether no call is followed any more; raises what nobody foresaw of one."""
    ended = [task.result() for task in following if task.done()]
    return len(ended) == len(following)


async def _next(waiting: asyncio.Queue[Message]) -> Message | None:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await waiting.get()
    except TimeoutError:
        return None


async def _put_messages(calls: Calls, event: CallEvent, waiting: asyncio.Queue[Message]) -> None:
    await waiting.put({"msg": "estimation", "event_id": event.id, "rank": 0, "queue_size": 1, "rank_eta": None})
    await waiting.put({"msg": "process_starts", "event_id": event.id, "eta": None})
    is_first = True
    async for update in calls.follow(event):
        if isinstance(update, JobEvent):
            await waiting.put(_generating(event, update, is_first=is_first))
            is_first = False
        elif isinstance(update, Ended):
            await waiting.put(_completed(event, update.outcome))


def _generating(event: CallEvent, news: JobEvent, *, is_first: bool) -> Message:
    """One event of the job. After the first, outputs are edits of the one before: here always of all of it."""
    value = EventView.model_validate(news).model_dump(mode="json")
    message = {
        "msg": "process_generating",
        "event_id": event.id,
        "output": {"data": [value if is_first else [["replace", [], value]]], "is_generating": True},
        "success": True,
    }
    if news.stage:
        message["progress_data"] = [
            {
                "index": _STAGES.index(news.stage),
                "length": len(_STAGES),
                "unit": "stages",
                "progress": None,
                "desc": f"{news.stage}: {news.detail or news.kind}",
            }
        ]
    return message


def _completed(event: CallEvent, outcome: CallOutcome) -> Message:
    is_success = outcome.error is None
    output = {"data": [outcome.value], "is_generating": False} if is_success else {"error": outcome.error}
    return {"msg": "process_completed", "event_id": event.id, "output": output, "success": is_success}
