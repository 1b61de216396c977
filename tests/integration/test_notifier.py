"""The notifier with its real client against an evaluator on loopback; only the waits between attempts are fake."""

import asyncio
import base64
import hashlib
import hmac
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.clock import SystemClock
from pipeline.domain.address import UrlRule
from pipeline.domain.notification import DeliveryState, Trigger
from pipeline.notification.egress import EgressClient
from pipeline.notification.notifier import WebhookNotifier
from pipeline.ports import Notifier
from tests.builders import make_delivery, make_notification
from tests.fakes.clock import START, FakeClock
from tests.fakes.deliveries import MemoryDeliveries
from tests.fakes.evaluator import Drop, EvaluatorServer, Received, Step, gzip_bomb

JOB = "0123456789abcdef0123456789abcdef"
DEADLINE = START + timedelta(seconds=600)
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()


class Telling:
    """A notifier for one evaluator, with a clock that does not wait."""

    def __init__(
        self, evaluator: EvaluatorServer, *, secret: str | None = None, attempt_seconds: float = 30, more: str = ""
    ) -> None:
        self.clock = FakeClock()
        self.deliveries = MemoryDeliveries()
        self._url = evaluator.url
        client = EgressClient(UrlRule(tuple(filter(None, (evaluator.origin, more)))))
        self.notifier: Notifier = WebhookNotifier(self.deliveries, client, self.clock, secret, attempt_seconds)

    async def notify(self) -> DeliveryState:
        return await self.notifier.notify(JOB, self._url, make_notification(task="Größe ✓"), DEADLINE)

    async def redeliver(self) -> DeliveryState:
        return await self.notifier.tell(JOB, self._url, make_notification(task="Größe ✓"), Trigger.MANUAL)

    async def statuses(self) -> list[int | None]:
        return [delivery.status for delivery in await self.deliveries.of(JOB)]


def verified(request: Received, key: bytes) -> bool:
    """Standard Webhooks 1.0 as a receiver would check it."""
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(request.headers["webhook-signature"], f"v1,{expected}")


async def test_the_evaluator_gets_exactly_the_seven_fields() -> None:
    with EvaluatorServer() as evaluator:
        assert await Telling(evaluator).notify() is DeliveryState.DELIVERED
        (request,) = evaluator.requests
        notification = make_notification(task="Größe ✓")
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["user-agent"].startswith("code-to-deployment/")
        assert list(request.json) == ["email", "task", "round", "nonce", "repo_url", "commit_sha", "pages_url"]
        assert request.json == {name: getattr(notification, name) for name in request.json}
        assert "webhook-signature" not in request.headers


@pytest.mark.parametrize("failures", [0, 1, 3, 8])
async def test_all_attempts_carry_one_id_and_one_body_and_each_its_own_time_and_signature(failures: int) -> None:
    with EvaluatorServer([500] * failures) as evaluator:
        telling = Telling(evaluator, secret=SECRET)
        assert await telling.notify() is DeliveryState.DELIVERED
        assert len(evaluator.requests) == failures + 1
        assert {request.headers["webhook-id"] for request in evaluator.requests} == {f"msg_{JOB}"}
        assert len({request.body for request in evaluator.requests}) == 1
        times = [int(request.headers["webhook-timestamp"]) for request in evaluator.requests]
        recorded = await telling.deliveries.of(JOB)
        assert times == [int(delivery.at.timestamp()) for delivery in recorded]
        assert all(later > earlier for earlier, later in pairwise(times))
        assert all(verified(request, b"0123456789abcdef01234567") for request in evaluator.requests)
        assert not verified(evaluator.requests[0], b"another key")


async def test_every_way_of_failing_is_one_recorded_attempt_and_is_tried_again() -> None:
    script = [
        Step(503, body=b"not now"),
        Step(drop=Drop.BEFORE_READING),
        Step(drop=Drop.AFTER_READING),
        Step(delay=3600),
        Step(404, headers={"Content-Encoding": "gzip"}, body=gzip_bomb().body),
        Step(429, headers={"Retry-After": "90"}),
    ]
    with EvaluatorServer(script) as evaluator:
        telling = Telling(evaluator, attempt_seconds=2)
        assert await telling.notify() is DeliveryState.DELIVERED
        assert await telling.statuses() == [503, None, None, None, 404, 429, 200]
        assert telling.clock.slept == [1, 2, 4, 8, 16, 90]
        recorded = await telling.deliveries.of(JOB)
        assert recorded[0].response == "not now"
        assert [delivery.error is None for delivery in recorded] == [True, False, False, False, True, True, True]


async def test_a_redirect_is_a_failed_attempt_and_nobody_else_is_called() -> None:
    with EvaluatorServer() as elsewhere, EvaluatorServer([Step(302, headers={"Location": elsewhere.url})]) as evaluator:
        telling = Telling(evaluator, more=elsewhere.origin)
        assert await telling.notify() is DeliveryState.DELIVERED
        assert await telling.statuses() == [302, 200]
        assert elsewhere.connections == 0


@pytest.mark.parametrize("status", [401, 410])
async def test_a_refusal_is_a_dead_letter_that_can_be_delivered_by_hand(status: int) -> None:
    with EvaluatorServer([Step(status, body=b'{"error": "no such nonce"}')]) as evaluator:
        telling = Telling(evaluator)
        assert await telling.notify() is DeliveryState.DEAD_LETTER
        assert await telling.notify() is DeliveryState.DEAD_LETTER
        assert len(evaluator.requests) == 1
        assert await telling.redeliver() is DeliveryState.DELIVERED
        first, second = evaluator.requests
        assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
        assert (await telling.deliveries.of(JOB))[0].response == '{"error": "no such nonce"}'


async def test_a_recorded_success_is_sent_again_by_hand_only() -> None:
    with EvaluatorServer() as evaluator:
        telling = Telling(evaluator)
        await telling.deliveries.add(JOB, make_delivery(status=200))
        assert await telling.notify() is DeliveryState.DELIVERED
        assert evaluator.connections == 0
        assert await telling.redeliver() is DeliveryState.DELIVERED
        assert evaluator.connections == 1


async def test_an_evaluator_that_is_down_is_left_for_later_at_the_deadline() -> None:
    with EvaluatorServer() as gone:
        pass
    telling = Telling(gone)
    assert await telling.notify() is DeliveryState.PENDING
    recorded = await telling.deliveries.of(JOB)
    assert [delivery.error for delivery in recorded] == ["could not connect"] * 15
    assert recorded[-1].at <= DEADLINE


async def test_an_address_against_the_rule_is_never_called() -> None:
    with EvaluatorServer() as canary:
        clock, deliveries = FakeClock(), MemoryDeliveries()
        notifier = WebhookNotifier(deliveries, EgressClient(UrlRule()), clock)
        state = await notifier.notify(JOB, canary.url, make_notification(), START)
        assert (state, canary.connections) == (DeliveryState.PENDING, 0)
        (delivery,) = await deliveries.of(JOB)
        assert delivery.error == "the address must be a public https address (port 443 or 8443)"


async def test_cancelling_ends_an_attempt_under_way() -> None:
    with EvaluatorServer([Step(delay=3600)]) as evaluator:
        telling = Telling(evaluator)
        task = asyncio.create_task(telling.notify())
        await asyncio.to_thread(evaluator.wait_for, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await telling.statuses() == []


def test_the_notifier_works_on_an_event_loop_in_another_thread_and_in_real_time() -> None:
    with EvaluatorServer([500]) as evaluator:
        client = EgressClient(UrlRule((evaluator.origin,)))
        notifier = WebhookNotifier(MemoryDeliveries(), client, SystemClock())
        deadline = datetime.now(UTC) + timedelta(seconds=600)

        async def in_a_thread() -> DeliveryState:
            work = notifier.notify(JOB, evaluator.url, make_notification(), deadline)
            return await asyncio.to_thread(lambda: asyncio.run(work))

        assert asyncio.run(in_a_thread()) is DeliveryState.DELIVERED
        assert len(evaluator.requests) == 2


def test_the_evaluator_as_a_program_fails_as_often_as_told_and_keeps_a_journal(tmp_path: Path) -> None:
    journal = tmp_path / "requests.jsonl"
    options = ["--fail", "2", "--status", "503", "--journal", str(journal)]
    command = [sys.executable, "-m", "tests.fakes.evaluator", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            client = EgressClient(UrlRule((url.removesuffix("/notify"),)))
            notifier = WebhookNotifier(MemoryDeliveries(), client, FakeClock())
            assert asyncio.run(notifier.notify(JOB, url, make_notification(), DEADLINE)) is DeliveryState.DELIVERED
        finally:
            process.terminate()
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["status"] for line in lines] == [503, 503, 200]
    assert {line["headers"]["webhook-id"] for line in lines} == {f"msg_{JOB}"}
    assert lines[0]["json"]["task"] == make_notification().task
