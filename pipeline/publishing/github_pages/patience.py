"""How a publication to GitHub waits: between attempts, for its turn to write, and not for ever.

GitHub allows 80 requests a minute, and 500 an hour, that create content ("Rate limits for the REST API" in GitHub's
documentation), and wants a client that was limited without a time given to wait for a minute, then longer.
"""

import random
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from pipeline.domain.errors import PublishFailed
from pipeline.ports import Clock, Progress

MAX_BACKOFF_SECONDS = 60.0
LIMITED_SECONDS = 60.0
WRITES = ((40, 40.0), (480, 3600.0))
"""How many writes are let go in how many seconds. Each arrives some time after its turn, the second of a new site when
its push is done; so that even those that are 20 s late make no more than 80 in any minute."""

T = TypeVar("T")


class TryAgain(Exception):
    """An attempt failed, and the next may succeed.

    Args:
        failure: what it is called when there is no next attempt.
        minimum_seconds: not to try again before.
        is_limit: too many requests, with no word on when to come back: the wait begins with a minute and doubles.
        is_lost: the attempt may have had its effect.
    """

    def __init__(
        self, failure: PublishFailed, *, minimum_seconds: float = 0.0, is_limit: bool = False, is_lost: bool = False
    ) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.minimum_seconds = minimum_seconds
        self.is_limit = is_limit
        self.is_lost = is_lost


class Patience:
    """What is left of the ``seconds`` for a publication, and the waits in it, of which ``progress`` is told."""

    def __init__(self, clock: Clock, seconds: float, progress: Progress) -> None:
        self._clock = clock
        self._progress = progress
        self._ends = clock.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        """Never negative."""
        return max(self._ends - self._clock.monotonic(), 0.0)

    async def retry(self, attempt: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Call ``attempt`` until it does not raise TryAgain, with growing waits.

        Raises:
            PublishFailed: that of the last TryAgain, when the next wait would take longer than there is time left.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TryAgain),
            wait=_wait_seconds,
            stop=self._is_over,
            sleep=self._clock.sleep,
            before_sleep=self._tell,
            reraise=True,
        )
        try:
            return await retrying(attempt)
        except TryAgain as last:
            raise last.failure from last

    async def wait(self, seconds: float, why: str) -> None:
        """Let ``seconds`` pass. Raises PublishFailed at once when there is not so much time left."""
        if seconds > self.seconds_left:
            raise PublishFailed(f"{why}: the next turn is in {seconds:.0f} seconds, after this job's time")
        if seconds > 0:
            self._progress(f"{why}: going on in {seconds:.0f} s")
            await self._clock.sleep(seconds)

    def _is_over(self, state: RetryCallState) -> bool:
        return state.upcoming_sleep >= self.seconds_left

    def _tell(self, state: RetryCallState) -> None:
        self._progress(f"{_problem(state)}; trying again in {state.upcoming_sleep:.0f} s")


def _problem(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _wait_seconds(state: RetryCallState) -> float:
    """Never less than a second; of random length, so that jobs that failed together do not come back together."""
    problem = _problem(state)
    growth = 2.0 ** min(state.attempt_number - 1, 6)
    least = 0.0
    if isinstance(problem, TryAgain):
        least = LIMITED_SECONDS * growth if problem.is_limit else problem.minimum_seconds
    return max(least, 1.0) + random.uniform(0, min(growth, MAX_BACKOFF_SECONDS))  # noqa: S311 - hides nothing


class WriteLimiter:
    """Spreads the writes of all publications of this process, whatever thread or event loop they come from."""

    def __init__(self, clock: Clock, limits: tuple[tuple[int, float], ...] = WRITES) -> None:
        self._clock = clock
        self._limits = limits
        self._lock = threading.Lock()
        self._turns: deque[float] = deque(maxlen=max(count for count, _ in limits))
        self._opens_at = 0.0

    async def turn(self, patience: Patience, writes: int = 1) -> None:
        """Wait until so many more writes are allowed at once. Whoever comes first goes first.

        Raises PublishFailed when that takes longer than there is time left.
        """
        seconds = self._reserve(patience.seconds_left, writes)
        await patience.wait(seconds, "as much as GitHub allows in a minute or hour has been published from here")

    def hold(self, seconds: float) -> None:
        """Let no more writes go for so long: one publication has been told that there were too many requests."""
        with self._lock:
            self._opens_at = max(self._opens_at, self._clock.monotonic() + seconds)

    def _reserve(self, longest: float, writes: int) -> float:
        """Seconds until the next free turn, which is taken if they are at most ``longest``."""
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._opens_at)
            for count, seconds in self._limits:
                last_in_the_way = max(count - writes + 1, 1)
                if len(self._turns) >= last_in_the_way:
                    turn = max(turn, self._turns[-last_in_the_way] + seconds)
            if turn - now <= longest:
                self._turns.extend([turn] * writes)
            return turn - now
