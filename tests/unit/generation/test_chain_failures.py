"""What a provider's error means, and what of it may be told."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.generation import Usage
from pipeline.generation.model.failure import (
    ENDED_PROVIDER_REST,
    LIMITED_REST,
    MISSING_MODEL_REST,
    ErrorAnswer,
    ModelFailure,
    Remedy,
    presentable,
)
from tests.cases import cases

CASES = cases("provider-errors")
KEY = "sk-or-v1-0123456789abcdef"
PROMPT = "Build a page that sums up the sales of all regions, please."


def failure(status: int | None, body: Any = None, retry_after: float | None = None) -> ModelFailure:
    answer = ErrorAnswer.from_body(status, body)
    return answer.failure("a at B", presentable(answer.message, KEY, [PROMPT]), retry_after, Usage())


def error(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


@pytest.mark.parametrize(
    ("status", "body", "remedy"),
    [
        *CASES["remedies"],
        *((status, None, Remedy.RETRY) for status in (408, 409, 425, 429, 500, 502, 503, 504, 529)),
        *((status, None, Remedy.NEXT_MODEL) for status in (400, 404, 405, 413, 415, 422, 451)),
        *((status, None, Remedy.NEXT_PROVIDER) for status in (301, 302, 307, 308, 401, 402, 403)),
        *((None, body, remedy) for body, remedy in CASES["remedies-in-streams"]),
    ],
)
def test_each_status_has_its_remedy(status: int | None, body: Any, remedy: str) -> None:
    assert failure(status, body).remedy is Remedy(remedy)


@pytest.mark.parametrize(("body", "message"), [*CASES["messages"], (None, "")])
def test_the_message_is_found_in_every_shape_of_error(body: Any, message: str) -> None:
    assert ErrorAnswer.from_body(400, body).message == message


def test_an_error_says_who_and_what_and_when_to_come_back() -> None:
    told = failure(429, error("Rate limited"), 30)
    assert str(told) == "a at B: HTTP 429: Rate limited (come back in 30 s)"
    assert told.wait_seconds == 30


def test_a_redirect_points_at_the_setting() -> None:
    assert "LLM_BASE_URL" in str(failure(308))


def test_a_provider_that_lets_nobody_in_and_a_model_that_is_not_there_are_left_alone_for_a_while() -> None:
    assert failure(401).wait_seconds == ENDED_PROVIDER_REST
    assert failure(402, None, 300).wait_seconds == 300
    assert failure(404).wait_seconds == MISSING_MODEL_REST
    assert failure(400).wait_seconds == failure(500).wait_seconds == 0
    assert failure(429).wait_seconds == LIMITED_REST


@pytest.mark.parametrize(
    "message",
    [
        f"Incorrect API key provided: {KEY}",
        f"header 'Bearer {KEY}' is wrong",
        f"{'x' * 1_990}{KEY}",
        KEY * 200,
        "Incorrect API key provided: sk-or-v1-01*************cdef.",
    ],
)
def test_no_message_shows_the_key_or_a_part_of_it(message: str) -> None:
    shown = presentable(message, KEY, [])
    assert not any(KEY[start : start + 4] in shown for start in range(len(KEY) - 3))


@pytest.mark.parametrize("message", [PROMPT, f"Invalid prompt: {PROMPT[5:45]}", f"flagged:\n{PROMPT[:40]} ..."])
def test_no_message_repeats_the_prompt(message: str) -> None:
    assert presentable(message, KEY, ["You build apps.", PROMPT.replace(" ", "\n")]) == (
        "its message repeats the prompt and is left out"
    )


@settings(deadline=None)
@given(st.text(max_size=500))
def test_a_message_is_one_short_line(message: str) -> None:
    shown = presentable(message, "", [])
    assert len(shown) <= 200
    assert len(shown.splitlines()) <= 1
