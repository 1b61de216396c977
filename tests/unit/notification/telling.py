"""One notifier with everything around it. Time is fake; the exchange itself is tested with real servers."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from pipeline.domain.address import UrlRule
from pipeline.domain.errors import NoAnswer
from pipeline.domain.notification import Delivery, DeliveryState
from pipeline.notification.egress import Answer, EgressClient
from pipeline.notification.notifier import WebhookNotifier
from tests.builders import make_notification
from tests.fakes.clock import START, FakeClock
from tests.fakes.deliveries import MemoryDeliveries

JOB = "0123456789abcdef0123456789abcdef"
URL = "https://evaluator.example.com/notify"
DEADLINE = START + timedelta(seconds=600)


class ScriptedClient(EgressClient):
    """Gives the answers of a script, each after ``seconds``, without a network; then 200."""

    def __init__(self, clock: FakeClock, script: Iterable[int | Answer | None], seconds: float = 0.0) -> None:
        super().__init__(UrlRule())
        self.began: list[float] = []
        self.limits: list[tuple[float, float]] = []
        self._clock = clock
        self._script = list(script)
        self._seconds = seconds

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float, queue_seconds: float
    ) -> Answer:
        assert (url, body, headers["webhook-id"]) == (URL, make_notification().body(), f"msg_{JOB}")
        self.began.append(self._clock.monotonic())
        self.limits.append((seconds, queue_seconds))
        self._clock.advance(self._seconds)
        answer = self._script.pop(0) if self._script else 200
        if answer is None:
            raise NoAnswer("no answer within 30 seconds")
        return Answer(answer, None, "seen") if isinstance(answer, int) else answer


class Telling:
    """One notifier with everything around it."""

    def __init__(self, *script: int | Answer | None, seconds: float = 0.0, recorded: Iterable[Delivery] = ()) -> None:
        self.clock = FakeClock()
        self.client = ScriptedClient(self.clock, script, seconds)
        self.deliveries = MemoryDeliveries()
        self.notifier = WebhookNotifier(self.deliveries, self.client, self.clock)
        self._recorded = tuple(recorded)

    async def notify(self, deadline: datetime = DEADLINE) -> DeliveryState:
        await self._record()
        return await self.notifier.notify(JOB, URL, make_notification(), deadline)

    async def redeliver(self) -> DeliveryState:
        await self._record()
        return await self.notifier.redeliver(JOB, URL, make_notification())

    async def statuses(self) -> list[int | None]:
        return [delivery.status for delivery in await self.deliveries.of(JOB)]

    async def _record(self) -> None:
        for delivery in self._recorded:
            await self.deliveries.add(JOB, delivery)
        self._recorded = ()


def after(seconds: float | str, status: int = 429) -> Answer:
    return Answer(status, str(seconds), "")
