"""Waiting for GitHub, with time that passes only when told to."""

import asyncio
import threading
from collections.abc import Callable, Coroutine

import pytest

from pipeline.domain.errors import PublishFailed
from pipeline.publishing.github_pages.patience import Patience, TryAgain, WriteLimiter
from tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def patience(clock: FakeClock, told: list[str]) -> Patience:
    return Patience(clock, 600, told.append)


class StoppedClock(FakeClock):
    """Time that does not pass."""

    def advance(self, seconds: float) -> None:
        pass


def failing(problem: Exception) -> Callable[[], Coroutine[None, None, str]]:
    async def attempt() -> str:
        raise problem

    return attempt


class TestRetry:
    async def test_gives_the_first_answer_there_is(self, patience: Patience, clock: FakeClock, told: list[str]) -> None:
        answers = iter([TryAgain(PublishFailed("it was away")), None])

        async def attempt() -> str:
            if problem := next(answers):
                raise problem
            return "here"

        assert await patience.retry(attempt) == "here"
        assert told == [f"it was away; trying again in {clock.slept[0]:.0f} s"]

    async def test_waits_longer_and_longer_until_its_time_is_up(self, patience: Patience, clock: FakeClock) -> None:
        with pytest.raises(PublishFailed, match="it was away"):
            await patience.retry(failing(TryAgain(PublishFailed("it was away"))))
        for seconds, longest in zip(clock.slept, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=False):
            assert 1 <= seconds <= 1 + longest
        assert patience.seconds_left < 61

    async def test_does_not_begin_a_wait_that_is_too_long(self, patience: Patience, clock: FakeClock) -> None:
        with pytest.raises(PublishFailed, match="come back later"):
            await patience.retry(failing(TryAgain(PublishFailed("come back later"), minimum_seconds=601)))
        assert clock.slept == []

    async def test_ends_before_its_time_is_up(self, patience: Patience, clock: FakeClock) -> None:
        with pytest.raises(PublishFailed):
            await patience.retry(failing(TryAgain(PublishFailed("limited"), is_limit=True)))
        assert [seconds // 60 for seconds in clock.slept] == [1, 2, 4]

    async def test_leaves_other_errors_alone(self, patience: Patience, clock: FakeClock) -> None:
        with pytest.raises(PublishFailed, match="refused"):
            await patience.retry(failing(PublishFailed("refused")))
        assert clock.slept == []


class TestWriteLimiter:
    async def test_lets_a_burst_pass_and_then_so_many_in_a_minute(self, clock: FakeClock, patience: Patience) -> None:
        limiter = WriteLimiter(clock, ((3, 60.0),))
        for _ in range(3):
            await limiter.turn(patience)
        assert clock.slept == []
        clock.advance(20)
        await limiter.turn(patience)
        assert clock.slept == [40]
        await limiter.turn(patience)
        assert clock.slept == [40]

    async def test_keeps_every_limit(self, clock: FakeClock, patience: Patience) -> None:
        limiter = WriteLimiter(clock, ((1, 10.0), (3, 300.0)))
        for _ in range(4):
            await limiter.turn(patience)
        assert clock.slept == [10, 10, 280]

    async def test_gives_several_turns_at_once_or_none(self, clock: FakeClock, patience: Patience) -> None:
        limiter = WriteLimiter(clock, ((3, 60.0),))
        await limiter.turn(patience, 2)
        clock.advance(20)
        await limiter.turn(patience, 2)
        assert clock.slept == [40]
        await limiter.turn(patience)
        assert clock.slept == [40]

    async def test_says_for_how_long_it_makes_wait(self, clock: FakeClock, patience: Patience, told: list[str]) -> None:
        limiter = WriteLimiter(clock, ((1, 60.0),))
        await limiter.turn(patience)
        assert told == []
        await limiter.turn(patience)
        assert told[0].endswith("going on in 60 s")

    async def test_refuses_at_once_what_would_take_too_long_and_takes_no_turn(
        self, clock: FakeClock, patience: Patience
    ) -> None:
        limiter = WriteLimiter(clock, ((1, 3600.0),))
        await limiter.turn(patience)
        for _ in range(5):
            with pytest.raises(PublishFailed, match="next turn is in 3600 seconds"):
                await limiter.turn(patience)
        clock.advance(3600)
        await limiter.turn(Patience(clock, 600, print))
        assert clock.slept == []

    async def test_lets_nobody_write_for_as_long_as_one_was_told(self, clock: FakeClock, patience: Patience) -> None:
        limiter = WriteLimiter(clock)
        limiter.hold(30)
        limiter.hold(0)
        await limiter.turn(patience)
        await limiter.turn(patience)
        assert clock.slept == [30]
        limiter.hold(601)
        with pytest.raises(PublishFailed, match="after this job's time"):
            await limiter.turn(patience)

    def test_is_shared_by_threads_with_event_loops_of_their_own(self) -> None:
        clock = StoppedClock()
        limiter = WriteLimiter(clock, ((8, 60.0),))

        def write() -> None:
            asyncio.run(limiter.turn(Patience(clock, 600, print)))

        threads = [threading.Thread(target=write) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(clock.slept) == [60] * 8 + [120] * 8
