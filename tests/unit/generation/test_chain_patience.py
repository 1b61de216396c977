"""Many jobs at once and a provider that limits them, or is away for a while. Time is virtual here."""

import asyncio
import heapq
from collections.abc import Awaitable
from dataclasses import dataclass, field

import pytest

from pipeline.domain.conversation import CallLimits, Conversation, Message, Reply, Role
from pipeline.domain.errors import GenerationFailed
from pipeline.domain.generation import Usage
from pipeline.generation.model.chain import ModelChain
from pipeline.generation.model.failure import ENDED_PROVIDER_REST, ModelFailure, Remedy
from pipeline.generation.model.traffic import Traffic
from pipeline.ports import Progress
from tests.builders import make_reply
from tests.fakes.model_calls import RecordingLedger

QUESTION = (Message(Role.USER, "Build this."),)
JOB_SECONDS = 388.0


@dataclass
class VirtualTime:
    """Jumps to the next moment that somebody waits for, as soon as everybody waits."""

    now: float = 0.0
    waiting: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self.waiting, (self.now + seconds, id(woken), woken))
        await woken

    async def all_of(self, *work: Awaitable[Reply]) -> list[Reply | BaseException]:
        together = asyncio.ensure_future(asyncio.gather(*work, return_exceptions=True))
        while not together.done():
            for _ in range(20):  # whoever can go on has done so by then
                await asyncio.sleep(0)
            if self.waiting:
                self.now, _, woken = heapq.heappop(self.waiting)
                woken.set_result(None)
        return await together


class Provider:
    """One model; ``turned_away`` are the moments of the requests that it did not take, ``served`` of the others."""

    account = "one"

    def __init__(self, time: VirtualTime, name: str = "a") -> None:
        self.name = name
        self.time = time
        self.served: list[float] = []
        self.turned_away: list[float] = []

    def failure(self) -> ModelFailure | None:
        return None

    async def ask(self, _job_id: str, _conversation: Conversation, _limits: CallLimits, _on_text: Progress) -> Reply:
        await self.time.sleep(0.2)
        if failure := self.failure():
            self.turned_away.append(self.time.now)
            raise failure
        self.served.append(self.time.now)
        await self.time.sleep(2.0)
        return make_reply()


class Limiting(Provider):
    """Takes so many requests in so many seconds, and says truthfully when the next may come."""

    most, window = 6, 10.0

    def failure(self) -> ModelFailure | None:
        recent = [at for at in self.served if self.time.now - at < self.window]
        if len(recent) < self.most:
            return None
        after = recent[-self.most] + self.window - self.time.now
        return ModelFailure("429", Remedy.RETRY, wait_seconds=after, usage=Usage())


class Away(Provider):
    """Cannot be reached until then."""

    until = 12.0

    def failure(self) -> ModelFailure | None:
        return ModelFailure("away", Remedy.RETRY, usage=Usage()) if self.time.now < self.until else None


class LockedOut(Provider):
    def failure(self) -> ModelFailure | None:
        return ModelFailure("HTTP 401", Remedy.NEXT_PROVIDER, wait_seconds=ENDED_PROVIDER_REST, usage=Usage())


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


def chain_of(time: VirtualTime, *models: Provider, traffic: Traffic | None = None) -> ModelChain:
    return ModelChain(models, RecordingLedger(), traffic, monotonic=time.monotonic, sleep=time.sleep)


def questions(chain: ModelChain, jobs: int) -> list[Awaitable[Reply]]:
    limits = CallLimits(1_000, JOB_SECONDS)
    return [chain.ask(f"job-{number}", QUESTION, limits, lambda _: None) for number in range(jobs)]


@pytest.mark.parametrize(("jobs", "most"), [(24, 6), (12, 1), (24, 20), (1, 1)])
async def test_a_limit_delays_jobs_and_fails_none(time: VirtualTime, jobs: int, most: int) -> None:
    provider = Limiting(time)
    provider.most = most
    assert await time.all_of(*questions(chain_of(time, provider), jobs)) == [make_reply()] * jobs
    assert time.now <= 2 * provider.window * (jobs / most) + 2
    assert len(provider.turned_away) <= 2 * jobs


async def test_a_limit_of_the_account_is_learnt_by_all_its_models(time: VirtualTime) -> None:
    first, second = Limiting(time), Limiting(time, "b")
    second.served = first.served
    assert await time.all_of(*questions(chain_of(time, first, second), 24)) == [make_reply()] * 24
    assert len(first.turned_away) + len(second.turned_away) <= 72


@pytest.mark.parametrize("jobs", [1, 24])
async def test_a_model_that_is_away_for_a_while_fails_no_job(time: VirtualTime, jobs: int) -> None:
    assert await time.all_of(*questions(chain_of(time, Away(time)), jobs)) == [make_reply()] * jobs
    assert time.now <= Away.until + 18


async def test_jobs_that_failed_together_do_not_come_back_together_nor_within_a_second(time: VirtualTime) -> None:
    provider = Away(time)
    await time.all_of(*questions(chain_of(time, provider), 24))
    later = sorted(at for at in [*provider.turned_away, *provider.served] if at > 0.5)
    assert later[0] >= 1.2
    assert len(set(later)) == len(later)


async def test_a_model_that_stays_away_is_given_up_when_half_of_the_time_is_gone(time: VirtualTime) -> None:
    provider = Away(time)
    provider.until = JOB_SECONDS
    [failure] = await time.all_of(*questions(chain_of(time, provider), 1))
    assert isinstance(failure, GenerationFailed)
    assert str(failure) == "no language model gave an answer:\naway"
    assert 0.4 * JOB_SECONDS <= provider.turned_away[-1] <= 0.5 * JOB_SECONDS


async def test_while_the_first_model_is_away_the_second_answers_within_seconds(time: VirtualTime) -> None:
    first = Away(time)
    first.until = JOB_SECONDS
    assert await time.all_of(*questions(chain_of(time, first, Provider(time, "b")), 1)) == [make_reply()]
    assert time.now <= 8


async def test_with_every_model_away_the_first_that_is_back_answers(time: VirtualTime) -> None:
    first, second = Away(time), Away(time, "b")
    first.until, second.until = JOB_SECONDS, 30.0
    assert await time.all_of(*questions(chain_of(time, first, second), 1)) == [make_reply()]
    assert time.now <= second.until + 34


async def test_who_lets_nobody_in_is_left_alone_by_all_jobs_of_all_chains(time: VirtualTime) -> None:
    provider, traffic = LockedOut(time), Traffic(time.monotonic)
    for _ in range(2):
        [failure] = await time.all_of(*questions(chain_of(time, provider, traffic=traffic), 1))
        assert "HTTP 401" in str(failure)
    assert len(provider.turned_away) == 1
    time.now += ENDED_PROVIDER_REST
    await time.all_of(*questions(chain_of(time, provider, traffic=traffic), 1))
    assert len(provider.turned_away) == 2
