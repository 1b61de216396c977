"""One Space, looked at again and again until whoever watches has seen enough."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace

from pipeline.domain.errors import HubUnreachable, RateLimited, SpaceMissing
from pipeline.domain.space import BUILDING, GRACE_SECONDS, Look, SpaceRuntime
from pipeline.ports import Clock

FIRST_PAUSE_SECONDS = 3.0
LONGEST_PAUSE_SECONDS = 5.0


async def looks(
    ask: Callable[[], Awaitable[SpaceRuntime]], clock: Clock, seconds: float, *, has_changed: bool
) -> AsyncGenerator[Look, None]:
    """Yield a look, and another one after each pause, the last when ``seconds`` are over.

    When it ``has_changed`` just now, a stage is current once a build was seen, or the grace period is over.

    Raises:
        HubError: the Hub does not tell; one that gives no answer, or asks for a rest, is waited for until the end.
    """
    began = stage_began = clock.monotonic()
    pause, stage, is_current = FIRST_PAUSE_SECONDS, "", not has_changed
    while True:
        runtime = await _asked(ask, clock, began + seconds, has_changed=has_changed)
        now = clock.monotonic()
        is_new = runtime.stage != stage
        if is_new:
            stage, stage_began = runtime.stage, now
        is_current = is_current or stage in BUILDING or now - began >= GRACE_SECONDS
        yield Look(runtime, is_new, is_current, waited=now - began, in_stage=now - stage_began)
        if now - began >= seconds:
            return
        await clock.sleep(pause)
        pause = min(pause + 1, LONGEST_PAUSE_SECONDS)


async def _asked(
    ask: Callable[[], Awaitable[SpaceRuntime]], clock: Clock, end: float, *, has_changed: bool
) -> SpaceRuntime:
    began = clock.monotonic()
    while True:
        try:
            runtime = await ask()
        except (HubUnreachable, RateLimited, SpaceMissing) as error:
            rest = max(getattr(error, "retry_after_seconds", 0), LONGEST_PAUSE_SECONDS)
            until = end
            if isinstance(error, SpaceMissing):  # a new one may be missing for a moment
                until = began + GRACE_SECONDS if has_changed else began
            if clock.monotonic() + rest > until:
                raise
            await clock.sleep(rest)
        else:
            return replace(runtime, stage=re.sub(r"\W+", "_", runtime.stage.strip().upper()))
