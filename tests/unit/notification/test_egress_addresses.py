"""Whom the client calls: the guard is never off, exact loopback origins are allowed instead."""

import pytest

from pipeline.domain.address import UrlRule
from pipeline.domain.errors import NoAnswer
from pipeline.notification.egress import EgressClient
from tests.fakes.evaluator import Drop, EvaluatorServer, Step
from tests.unit.notification.egress_rig import NAME, PUBLIC, REFUSED, ScriptedResolver, address_of, allowing, post


@pytest.mark.parametrize(
    "answers",
    [
        ["{canary}"],
        [PUBLIC, "{canary}"],
        ["{canary}", PUBLIC],
        ["::ffff:{canary}"],
        ["2606:4700::1111", "{canary}"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["fe80::1%eth0"],
        ["64:ff9b::7f00:1"],
        ["not an address"],
        [],
        OSError("Name or service not known"),
        TimeoutError("slow"),
    ],
)
async def test_a_name_that_leads_anywhere_but_to_the_internet_is_refused_in_the_same_words_without_a_connection(
    answers: list[str] | OSError, canary: EvaluatorServer, dialled: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    host = address_of(canary)
    resolver = ScriptedResolver(
        answers if isinstance(answers, OSError) else [answer.format(canary=host) for answer in answers]
    )
    with pytest.raises(NoAnswer) as caught:
        await post(EgressClient(UrlRule(), resolver), f"https://{NAME}:8443/hook?token=t0ken")
    assert str(caught.value) == REFUSED
    assert resolver.asked == [(NAME, 8443)]
    assert dialled == []
    assert canary.connections == 0
    assert NAME in caplog.text
    assert "t0ken" not in caplog.text


async def test_a_literal_or_a_url_against_the_rule_is_refused_in_those_words_too_and_never_looked_up(
    canary: EvaluatorServer, dialled: list[str]
) -> None:
    resolver = ScriptedResolver([PUBLIC])
    for url in (
        f"https://{address_of(canary)}:8443/",
        canary.url,
        f"https://x@{NAME}/",
        "https://localhost/",
        "x",
        "https://ex ample.com",
    ):
        with pytest.raises(NoAnswer) as caught:
            await post(EgressClient(UrlRule(), resolver), url)
        assert str(caught.value) == REFUSED
    assert (resolver.asked, dialled, canary.connections) == ([], [], 0)


async def test_a_name_that_is_rebound_after_the_check_is_dialled_at_the_address_that_was_checked(
    canary: EvaluatorServer, dialled: list[str]
) -> None:
    resolver = ScriptedResolver([PUBLIC], [address_of(canary)])
    client = EgressClient(UrlRule(), resolver)
    with pytest.raises(NoAnswer, match="could not connect"):  # the test's sockets end at loopback
        await post(client, f"https://{NAME}:8443/")
    assert dialled == [PUBLIC]
    with pytest.raises(NoAnswer, match="must be a public"):
        await post(client, f"https://{NAME}:8443/")
    assert dialled == [PUBLIC]
    assert canary.connections == 0
    assert len(resolver.asked) == 2


async def test_the_canary_does_see_who_calls_it(canary: EvaluatorServer) -> None:
    client = allowing(f"http://{NAME}:8443", resolver=ScriptedResolver([address_of(canary)]))
    await post(client, f"http://{NAME}:8443/")
    assert (canary.connections, canary.requests[0].headers["host"]) == (1, f"{NAME}:8443")


async def test_a_trusted_name_that_cannot_be_resolved_says_so() -> None:
    client = allowing("http://evaluator:9000", resolver=ScriptedResolver(OSError("unknown")))
    with pytest.raises(NoAnswer, match="could not be resolved"):
        await post(client, "http://evaluator:9000/")


async def test_the_next_address_is_tried_when_one_takes_no_connection(
    evaluator: EvaluatorServer, dialled: list[str]
) -> None:
    client = allowing(f"http://{NAME}:{evaluator.port}", resolver=ScriptedResolver(["::1", "127.0.0.1", "127.0.0.2"]))
    assert (await post(client, f"http://{NAME}:{evaluator.port}/")).status == 200
    assert dialled == ["::1", "127.0.0.1"]
    assert len(evaluator.requests) == 1


async def test_what_was_sent_once_is_not_sent_to_the_next_address() -> None:
    with EvaluatorServer([Step(drop=Drop.AFTER_READING)]) as evaluator:
        resolver = ScriptedResolver(["127.0.0.1", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"])
        client = allowing(f"http://{NAME}:{evaluator.port}", resolver=resolver)
        with pytest.raises(NoAnswer, match="connection broke"):
            await post(client, f"http://{NAME}:{evaluator.port}/")
        assert len(evaluator.requests) == 1


async def test_no_more_than_eight_addresses_are_tried_and_none_twice(dialled: list[str]) -> None:
    found = [f"93.184.215.{n // 2}" for n in range(2, 100)]  # each of them twice
    client = EgressClient(UrlRule(), ScriptedResolver(found))
    with pytest.raises(NoAnswer, match="could not connect"):
        await post(client, f"https://{NAME}/")
    assert dialled == [f"93.184.215.{n}" for n in range(1, 9)]
