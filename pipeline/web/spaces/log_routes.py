"""GET /spaces/{owner}/{name}/logs: a Space's build or run log, as Server-Sent Events."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from pipeline.domain.errors import HubError
from pipeline.domain.space import LogLine
from pipeline.shapes.spaces import LogLineView
from pipeline.web.dependencies import StreamsOfApp
from pipeline.web.hub_access import HostOfCaller, HubToken
from pipeline.web.spaces.path import SpaceId

FIRST_LINE_SECONDS = 3.0
"""Within this the Hub's refusal becomes the answer's status; a log that is still silent then begins as a stream."""

LONGEST_FOLLOW_SECONDS = 3600.0

router = APIRouter()


def _place(streams: StreamsOfApp, token: HubToken) -> Iterator[None]:
    caller = "operator" if token is None else sha256(token.encode()).hexdigest()
    with streams.place(f"logs of {caller}"):
        yield


class OpenedLog:
    """A log whose first line was already asked for.

    Args:
        lines: as the Hub gives them.
    """

    def __init__(self, lines: AsyncGenerator[LogLine, None]) -> None:
        self._lines = lines
        self._next = asyncio.ensure_future(anext(lines, None))

    async def wait_for_first(self, seconds: float) -> None:
        """Return when there is a line, the log has ended, or ``seconds`` are over. Raises HubError."""
        await asyncio.wait({self._next}, timeout=seconds)
        if self._next.done():
            self._next.result()

    async def read(self, seconds: float) -> AsyncIterator[LogLine]:
        """Every line, for at most ``seconds``. Raises HubError."""
        with suppress(TimeoutError):
            end = asyncio.get_running_loop().time() + seconds
            while line := await self._until(end):
                yield line
                self._next = asyncio.ensure_future(anext(self._lines, None))

    async def close(self) -> None:
        """Let go of the Hub's connection."""
        self._next.cancel()
        with suppress(asyncio.CancelledError, HubError):
            await self._next
        await self._lines.aclose()

    async def _until(self, end: float) -> LogLine | None:
        async with asyncio.timeout_at(end):
            return await self._next


async def _opened_log(
    host: HostOfCaller, space_id: SpaceId, *, build: bool = False, follow: bool = False
) -> AsyncIterator[OpenedLog]:
    await host.info(space_id)  # a wrong name is told here, with near ones
    log = OpenedLog(host.logs(space_id, build=build, follow=follow))
    try:
        await log.wait_for_first(FIRST_LINE_SECONDS)
        yield log
    finally:
        await log.close()


@router.get(
    "/logs",
    summary="Read or follow a log",
    response_class=EventSourceResponse,
    dependencies=[Depends(_place)],
)
async def show_log(log: Annotated[OpenedLog, Depends(_opened_log)]) -> AsyncIterator[ServerSentEvent]:
    """Server-Sent Events: one `line` per line of the run log, or of the build log with `build=true`.

    With `follow=true` further lines come as they are written, for at most an hour; else the stream ends with what there
    is. An `error` event tells that the Hub was lost on the way, `end` that there is no more. The framework sends a
    comment after every 15 s of silence.
    """
    try:
        async for line in log.read(LONGEST_FOLLOW_SECONDS):
            yield ServerSentEvent(event="line", data=LogLineView.of(line))
    except HubError as error:
        yield ServerSentEvent(event="error", data={"ok": False, "error": str(error)})
        return
    yield ServerSentEvent(event="end", data={"ok": True})
