"""Real time."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_REALTIME)  # it goes on while the machine sleeps; Linux has it
_BEGAN_AT, _BEGAN = datetime.now(UTC), time.clock_gettime(_STEADY)


class SystemClock:
    """The ``Clock`` port on this machine's clocks."""

    def now(self) -> datetime:
        """The wall clock as it was when the process began, carried on by one that never jumps, in UTC.

        Whoever sets the machine's clock, or its time server, ends no deadline by that and makes no wait longer.
        """
        return _BEGAN_AT + timedelta(seconds=time.clock_gettime(_STEADY) - _BEGAN)

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
