"""The evaluator's callback address: 400 until the task is in its table, and nothing that comes can upset it."""

import asyncio
import socket
from dataclasses import asdict
from time import monotonic
from typing import Any

import httpx
import pytest

from pipeline.domain.address import NeighbourRule, Origin
from pipeline.domain.brief import JobKey
from pipeline.domain.errors import Misconfigured
from pipeline.evaluation import receiver as receiving
from pipeline.evaluation.receiver import Receiver

KEY = JobKey("ada@example.com", "task", 1, "nonce")
HOST = "127.0.0.1"


async def post(receiver: Receiver, **request: Any) -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.post(receiver.url, **request)).status_code


async def test_a_task_is_known_only_once_it_is_in_the_table() -> None:
    with Receiver(HOST, 0) as receiver:
        inbox = receiver.expect(KEY)
        early = await post(receiver, json=asdict(KEY))
        inbox.is_in_table = True
        assert (early, await post(receiver, json=asdict(KEY))) == (400, 200)
        first = await inbox.first(monotonic() + 5)
        assert first is not None
        assert first.status == 200
        assert len(inbox.callbacks) == 2


@pytest.mark.parametrize(
    "wrong", [{"round": True}, {"round": "1"}, {"email": "b@example.com"}, {"task": "other"}, {"nonce": "other"}]
)
async def test_a_wrong_echo_is_refused_and_kept_for_the_round_that_it_means(
    wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "MISFIT_SECONDS", 0.05)
    with Receiver(HOST, 0) as receiver:
        inbox = receiver.expect(KEY)
        inbox.is_in_table = True
        assert await post(receiver, json=asdict(KEY) | wrong) == 400
        first = await inbox.first(monotonic() + 60)
        assert first is not None
        assert (first.status, receiver.strays) == (400, [])


@pytest.mark.parametrize(
    "request_", [{"content": b"\xff{"}, {"content": b"[" * 60_000}, {"json": [1]}, {"content": bytes(70_000)}, {}]
)
async def test_what_is_no_callback_is_refused_and_fits_no_round(request_: dict[str, Any]) -> None:
    with Receiver(HOST, 0) as receiver:
        inbox = receiver.expect(KEY)
        inbox.is_in_table = True
        assert await post(receiver, **request_) == 400
        assert await inbox.first(monotonic()) is None


async def test_silent_callers_keep_nobody_out() -> None:
    with Receiver(HOST, 0) as receiver:
        address = (HOST, int(receiver.url.split(":")[2].split("/")[0]))
        silent = [socket.create_connection(address) for _ in range(5)]
        inbox = receiver.expect(KEY)
        inbox.is_in_table = True
        status = await asyncio.wait_for(post(receiver, json=asdict(KEY)), 30)
        for connection in silent:
            connection.close()
        assert status == 200


@pytest.mark.parametrize(
    ("endpoint", "told", "may"),
    [
        ("http://127.0.0.1:8000/api", "http://localhost:9000", True),
        ("http://127.0.0.1:8000/api", "http://192.168.1.4", False),
        ("http://192.168.1.4:8000/api", "http://192.168.1.4:9000", True),
        ("http://192.168.1.4:8000/api", "http://127.0.0.1:9000", False),
        ("https://service.example.com/api", "https://service.example.com:9000", False),
        ("https://service.example.com/api", "http://127.0.0.1", False),
        ("http://service.example.com/api", "http://service.example.com", True),
        ("http://127.0.0.1:8000/api", "https://octo.github.io", True),
    ],
)
def test_a_service_may_lead_to_public_addresses_and_to_its_own_neighbourhood(
    endpoint: str, told: str, may: bool
) -> None:
    assert (NeighbourRule(endpoint, setting="--endpoint").problem(f"{told}/page/") is None) is may


def test_an_endpoint_is_a_web_address() -> None:
    with pytest.raises(Misconfigured, match="--endpoint must be an http"):
        NeighbourRule("ftp://here", setting="--endpoint")
    assert Origin.of("http://127.0.0.1") is not None
