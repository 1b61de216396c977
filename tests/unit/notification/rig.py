"""An egress client that may call servers of the test, and a notifier with everything around it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.domain.address import UrlRule
from pipeline.domain.errors import NoAnswer
from pipeline.domain.notification import Delivery, DeliveryState, Trigger
from pipeline.notification.egress import Answer, EgressClient
from pipeline.notification.notifier import WebhookNotifier
from tests.builders import make_notification
from tests.fakes.clock import START, FakeClock
from tests.fakes.deliveries import MemoryDeliveries
from tests.fakes.evaluator import EvaluatorServer, Step

PUBLIC = "93.184.215.14"
REFUSED = "the address must be a public https address (port 443 or 8443)"
NAME = "evaluator.example.com"


class ScriptedResolver:
    """Answers in order, the last one for ever."""

    def __init__(self, *answers: Sequence[str] | OSError) -> None:
        self.asked: list[tuple[str, int]] = []
        self._answers = list(answers)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


def allowing(*servers: EvaluatorServer | str, **options: Any) -> EgressClient:
    origins = tuple(server if isinstance(server, str) else server.origin for server in servers)
    return EgressClient(UrlRule(origins), **options)


async def post(client: EgressClient, url: str, seconds: float = 20, queue_seconds: float = 20) -> Answer:
    return await client.post(url, b'{"a": "\xc3\xa9"}', {"X-Own": "1"}, seconds=seconds, queue_seconds=queue_seconds)


async def answer_of(step: Step, **limits: float) -> Answer:
    """What the client makes of a server that answers so."""
    with EvaluatorServer([step]) as evaluator:
        return await post(allowing(evaluator), evaluator.url, **limits)


def address_of(server: EvaluatorServer) -> str:
    return server.origin.removeprefix("http://").removesuffix(f":{server.port}")


# The notifier. Time is fake; the exchange itself is tested with real servers.


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

    def __init__(
        self,
        *script: int | Answer | None,
        seconds: float = 0.0,
        recorded: Iterable[Delivery] = (),
        deliveries: MemoryDeliveries | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.client = ScriptedClient(self.clock, script, seconds)
        self.deliveries = deliveries or MemoryDeliveries()
        self.notifier = WebhookNotifier(self.deliveries, self.client, self.clock)
        self._recorded = tuple(recorded)

    async def notify(self, deadline: datetime = DEADLINE) -> DeliveryState:
        await self._record()
        return await self.notifier.notify(JOB, URL, make_notification(), deadline)

    async def tell(self, trigger: Trigger) -> DeliveryState:
        await self._record()
        return await self.notifier.tell(JOB, URL, make_notification(), trigger)

    async def redeliver(self) -> DeliveryState:
        return await self.tell(Trigger.MANUAL)

    async def statuses(self) -> list[int | None]:
        return [delivery.status for delivery in await self.deliveries.of(JOB)]

    async def _record(self) -> None:
        for delivery in self._recorded:
            await self.deliveries.add(JOB, delivery)
        self._recorded = ()


def after(seconds: float | str, status: int = 429) -> Answer:
    return Answer(status, str(seconds), "")
