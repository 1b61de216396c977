"""The notifier with its real client against an evaluator on loopback; only the waits between attempts are fake."""

import asyncio
import base64
import hashlib
import hmac
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.domain.address import UrlRule
from pipeline.domain.notification import Delivery, Trigger
from pipeline.notification.egress import EgressClient
from pipeline.notification.notifier import WebhookNotifier
from pipeline.ports import Notifier
from tests.builders import make_notification
from tests.fakes.clock import FakeClock
from tests.fakes.evaluator import Drop, EvaluatorServer, Received, Step, gzip_bomb

JOB = "0123456789abcdef0123456789abcdef"
MESSAGE = make_notification(task="Größe ✓")
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()


class Telling:
    """A notifier for one evaluator, with a clock that does not wait."""

    def __init__(
        self, evaluator: EvaluatorServer, *, secret: str | None = None, attempt_seconds: float = 30, more: str = ""
    ) -> None:
        self.clock = FakeClock()
        self.deliveries: list[Delivery] = []
        self._url = evaluator.url
        client = EgressClient(UrlRule(tuple(filter(None, (evaluator.origin, more)))))
        self.notifier: Notifier = WebhookNotifier(client, self.clock, secret, attempt_seconds)

    async def tell(self, attempts: int = 1) -> list[int | None]:
        """Their statuses."""
        for _ in range(attempts):
            number = len(self.deliveries) + 1
            told = await self.notifier.tell(JOB, self._url, MESSAGE, number, Trigger.SCHEDULED)
            self.deliveries.append(told)
            self.clock.advance(1)
        return [delivery.status for delivery in self.deliveries]


def verified(request: Received, key: bytes) -> bool:
    """Standard Webhooks 1.0 as a receiver would check it."""
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(request.headers["webhook-signature"], f"v1,{expected}")


async def test_the_evaluator_gets_exactly_the_seven_fields() -> None:
    with EvaluatorServer() as evaluator:
        assert await Telling(evaluator).tell() == [200]
        (request,) = evaluator.requests
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["user-agent"].startswith("code-to-deployment/")
        assert list(request.json) == ["email", "task", "round", "nonce", "repo_url", "commit_sha", "pages_url"]
        assert request.json == {name: getattr(MESSAGE, name) for name in request.json}
        assert "webhook-signature" not in request.headers


@pytest.mark.parametrize("failures", [0, 1, 3, 8])
async def test_all_attempts_carry_one_id_and_one_body_and_each_its_own_time_and_signature(failures: int) -> None:
    with EvaluatorServer([500] * failures) as evaluator:
        telling = Telling(evaluator, secret=SECRET)
        assert await telling.tell(failures + 1) == [500] * failures + [200]
        assert {request.headers["webhook-id"] for request in evaluator.requests} == {f"msg_{JOB}"}
        assert len({request.body for request in evaluator.requests}) == 1
        times = [int(request.headers["webhook-timestamp"]) for request in evaluator.requests]
        assert times == [int(delivery.at.timestamp()) for delivery in telling.deliveries]
        assert all(later > earlier for earlier, later in pairwise(times))
        assert all(verified(request, b"0123456789abcdef01234567") for request in evaluator.requests)
        assert not verified(evaluator.requests[0], b"another key")


async def test_every_way_of_failing_is_one_attempt_that_tells_what_came() -> None:
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
        assert await telling.tell(7) == [503, None, None, None, 404, 429, 200]
        told = telling.deliveries
        assert (told[0].response, told[5].retry_after, len(evaluator.requests)) == ("not now", 90, 6)
        assert [delivery.error is None for delivery in told] == [True, False, False, False, True, True, True]
        assert [delivery.attempt for delivery in told] == [1, 2, 3, 4, 5, 6, 7]


async def test_a_redirect_is_a_failed_attempt_and_nobody_else_is_called() -> None:
    with EvaluatorServer() as elsewhere, EvaluatorServer([Step(302, headers={"Location": elsewhere.url})]) as evaluator:
        telling = Telling(evaluator, more=elsewhere.origin)
        assert await telling.tell(2) == [302, 200]
        assert elsewhere.connections == 0


async def test_an_address_against_the_rule_is_never_called() -> None:
    with EvaluatorServer() as canary:
        notifier = WebhookNotifier(EgressClient(UrlRule()), FakeClock())
        delivery = await notifier.tell(JOB, canary.url, MESSAGE, 1, Trigger.SCHEDULED)
        assert (delivery.status, canary.connections) == (None, 0)
        assert delivery.error == "the address must be a public https address (port 443 or 8443)"


async def test_cancelling_ends_an_attempt_under_way() -> None:
    with EvaluatorServer([Step(delay=3600)]) as evaluator:
        telling = Telling(evaluator)
        task = asyncio.create_task(telling.tell())
        await asyncio.to_thread(evaluator.wait_for, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def test_the_evaluator_as_a_program_fails_as_often_as_told_and_keeps_a_journal(tmp_path: Path) -> None:
    journal = tmp_path / "requests.jsonl"
    options = ["--fail", "2", "--status", "503", "--journal", str(journal)]
    command = [sys.executable, "-m", "tests.fakes.evaluator", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            client = EgressClient(UrlRule((url.removesuffix("/notify"),)))
            notifier = WebhookNotifier(client, FakeClock())
            told = [asyncio.run(notifier.tell(JOB, url, MESSAGE, number, Trigger.MANUAL)) for number in (1, 2, 3)]
        finally:
            process.terminate()
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["status"] for line in lines] == [delivery.status for delivery in told] == [503, 503, 200]
    assert {line["headers"]["webhook-id"] for line in lines} == {f"msg_{JOB}"}
    assert lines[0]["json"]["task"] == MESSAGE.task
