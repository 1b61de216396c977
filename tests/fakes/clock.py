"""Time that passes only when told to."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """The ``Clock`` port without waiting; ``slept`` are the waits that were asked for, in seconds."""

    def __init__(self, now: datetime = START) -> None:
        self.slept: list[float] = []
        self._now = now
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self._monotonic += seconds
        self._now += timedelta(seconds=seconds)

    def jump(self, seconds: float) -> None:
        """Set the wall clock, forwards or backwards, as an operator or a time server would."""
        self._now += timedelta(seconds=seconds)
