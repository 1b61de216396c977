"""Server-Sent Events as Gradio's clients read them.

The Python client splits what it reads at blank lines and takes nothing but ``data:`` lines: no comments, no ``id:``
and no carriage returns, which is why FastAPI's own event streams do not serve here.
"""

import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi.responses import StreamingResponse

HEARTBEAT_SECONDS = 15.0

DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-Sent Events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}
"""For OpenAPI."""


def event_stream(blocks: AsyncIterator[str]) -> StreamingResponse:
    """Blocks of text as they come, kept by no cache and held back by no proxy."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(blocks, media_type="text/event-stream", headers=headers)


def block(data: Any, event: str | None = None) -> str:
    """One event, its data as JSON on one line."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(data)}\n\n"


class Heartbeat:
    """Tells when a stream has been silent for too long."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._spoken_at = now()

    def spoke(self) -> None:
        """Something was sent."""
        self._spoken_at = self._now()

    def is_due(self) -> bool:
        """Whether a heartbeat should be sent; the next is due ``HEARTBEAT_SECONDS`` after that."""
        if self._now() - self._spoken_at < HEARTBEAT_SECONDS:
            return False
        self.spoke()
        return True
