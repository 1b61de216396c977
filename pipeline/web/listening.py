"""Waiting for a result as long as somebody listens."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from fastapi import Request

from pipeline.domain.errors import Unavailable

T = TypeVar("T")


async def while_listening(request: Request, result: Awaitable[T], otherwise: T) -> T:
    """``result``, or ``otherwise`` when nobody listens any more or the service stops: the work goes on without us."""
    waiting = asyncio.ensure_future(result)
    gone = asyncio.ensure_future(_hang_up(request))
    try:
        await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        return await waiting if waiting.done() else otherwise
    except Unavailable:  # stopping: the work is on disk, and the next start goes on with it
        return otherwise
    finally:
        waiting.cancel()
        gone.cancel()


async def _hang_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
