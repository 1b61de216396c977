"""The clock that deadlines are held to."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.clock import SystemClock

MOMENT = timedelta(minutes=1)
HOUR = 3600.0


def test_it_tells_the_time() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < MOMENT


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no clock that never jumps")
@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_jump_of_the_wall_clock_moves_no_deadline(jump: float, monkeypatch: pytest.MonkeyPatch) -> None:
    before, clock_gettime = SystemClock().now(), time.clock_gettime
    jumped = {time.CLOCK_REALTIME: jump}
    monkeypatch.setattr(time, "clock_gettime", lambda clock: clock_gettime(clock) + jumped.get(clock, 0.0))
    monkeypatch.setattr(time, "time", lambda: clock_gettime(time.CLOCK_REALTIME) + jump)
    assert abs(SystemClock().now() - before) < MOMENT
