"""Whole answers, by the one client: the same guard as for posts, and a limit on what is read."""

import gzip

import pytest

from pipeline.domain.address import UrlRule
from pipeline.domain.download import Download
from pipeline.domain.errors import NoAnswer
from pipeline.notification.egress import EgressClient
from tests.fakes.evaluator import EvaluatorServer, Step


async def get(server: EvaluatorServer, *, seconds: float = 20, max_bytes: int = 10_000) -> Download:
    client = EgressClient(UrlRule((server.origin,)))
    return await client.get(f"{server.origin}/a.js?x=1", {"Host": "h.example"}, seconds=seconds, max_bytes=max_bytes)


async def test_an_answer_is_read_whole_and_asked_for_in_the_name_that_was_given() -> None:
    body = b"\0\xff" * 5_000
    with EvaluatorServer([Step(body=body, headers={"Content-Type": "text/javascript"})]) as server:
        assert await get(server) == Download(200, None, "text/javascript", body)
        (request,) = server.requests
    assert (request.method, request.path, request.body) == ("GET", "/a.js?x=1", b"")
    assert request.headers == {
        "host": "h.example",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
    }


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with EvaluatorServer([Step(302, headers={"Location": "/b.js"})]) as server:
        answer = await get(server)
        assert (answer.status, answer.location, server.connections) == (302, "/b.js", 1)


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (Step(body=b"x" * 10_001), "larger than 10000 bytes"),
        (Step(body=b"x" * 4096, endless=True), "larger than 10000 bytes"),
        (Step(body=gzip.compress(b"x"), headers={"Content-Encoding": "gzip"}), "compressed"),
        (Step(body=b"x", drip=0.05, endless=True), "did not end in time"),
        (Step(delay=3600), "no answer within"),
    ],
)
async def test_an_answer_that_is_too_much_is_none(step: Step, problem: str) -> None:
    with EvaluatorServer([step]) as server, pytest.raises(NoAnswer, match=problem):
        await get(server, seconds=0.5 if "time" in problem or "within" in problem else 20)


async def test_an_address_within_this_network_is_not_asked() -> None:
    with EvaluatorServer() as server:
        with pytest.raises(NoAnswer, match="must be a public https address"):
            await EgressClient(UrlRule()).get(server.url, {}, seconds=5, max_bytes=1)
        assert server.connections == 0
