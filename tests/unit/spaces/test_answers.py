"""What a call to the Hub may take, words for what the Hub and its library say, and logs that grow."""

import asyncio
import json
import threading
import traceback
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import httpx2
import huggingface_hub
import pytest
from huggingface_hub.errors import HfHubHTTPError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import HubUnreachable, NotPermitted, RateLimited
from pipeline.spaces import space_log
from pipeline.spaces.answers import LONGEST_MESSAGE, holds, plain, presentable, translate
from pipeline.spaces.client import CallLimit, Unanswered, use_limited_client, within
from pipeline.spaces.space_log import LINES_AHEAD, log_lines
from tests.cases import cases

CASES = cases("hub-answers")
TOKEN = "hf_" + "madeUp0123"


def refusal(status: int, message: str = "") -> HfHubHTTPError:
    response = httpx2.Response(status, request=httpx2.Request("POST", "https://hub.example/api/spaces/a/b"))
    return HfHubHTTPError(f"{status} Client Error: {message}", response=response, server_message=message)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        *((refusal(status, message), kind) for status, message, kind in CASES["meanings"]),
        (Unanswered("x", 429, 30.2), "RateLimited"),
        (Unanswered("x", 409), "SpaceConflict"),
        (Unanswered("x", 503, 30.0), "HubUnreachable"),
        (Unanswered("x"), "HubUnreachable"),
        (httpx2.ReadError("x"), "HubUnreachable"),
        (json.JSONDecodeError("x", "", 0), "HubUnreachable"),
        (KeyError("commitOid"), "HubUnreachable"),
        (TypeError("x"), "HubUnreachable"),
        (ConnectionError("x"), "HubUnreachable"),
        (ValueError("Invalid metadata in README.md."), "HubRejected"),
    ],
    ids=repr,
)
def test_every_failure_has_one_meaning_and_names_what_was_done(error: Exception, kind: str) -> None:
    translated = translate(error, "reading the Space a/b")
    assert type(translated).__name__ == kind
    assert "reading the Space a/b" in str(translated)


@pytest.mark.parametrize("said", ["Private repository storage limit reached.", "storage quota exceeded"])
def test_what_the_account_stores_is_no_matter_of_hardware_or_of_the_token(said: str) -> None:
    told = str(translate(refusal(403, said), "committing"))
    assert said in told
    assert "account's repositories" in told
    assert not any(word in told for word in ("hardware", "cpu-basic", "write permission"))


@pytest.mark.parametrize(("asked", "told"), [(30.2, 31), (0.0, 0), (None, 60)])
def test_too_many_requests_say_when_to_come_back(asked: float | None, told: int) -> None:
    error = translate(Unanswered("x", 429, asked), "asking")
    assert isinstance(error, RateLimited)
    assert error.retry_after_seconds == told


def test_what_the_library_wraps_is_told_as_what_it_was() -> None:
    wrapper = RuntimeError("Error while uploading 'a.png' to the Hub.")
    wrapper.__cause__ = refusal(403, "no")
    assert isinstance(translate(wrapper, "committing"), NotPermitted)


@given(
    st.text(), st.lists(st.text(alphabet=st.characters(codec="ascii", categories=["L", "N"]), min_size=4), max_size=3)
)
def test_no_hidden_value_survives_and_the_line_is_short_and_printable(text: str, hidden: list[str]) -> None:
    line = presentable(f"{text} {' '.join(hidden)} {TOKEN} {text}", hidden)
    assert not any(value in line for value in hidden)
    assert TOKEN not in line
    assert "\n" not in line
    assert len(line) <= LONGEST_MESSAGE + 2
    assert all(character.isprintable() or character.isspace() or ord(character) > 127 for character in line)


@given(st.text())
def test_plain_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    assert not {"\x1b", "\x07", "\x08", "\r", "\x9b", "\u202e"} & set(plain(f"{text}\x1b[31m{text}\u202e"))


@pytest.mark.parametrize(("text", "left"), CASES["escapes"])
def test_escape_sequences_go_and_words_stay(text: str, left: str) -> None:
    assert plain(text) == left


def test_an_error_that_shows_a_secret_is_recognised_through_its_causes() -> None:
    outer: Any = RuntimeError("outer")
    outer.__cause__ = refusal(400, "the value s3cret is wrong")
    assert holds(outer, ["s3cret"])
    assert not holds(outer, ["other", ""])
    assert "s3cret" not in "".join(traceback.format_exception(translate(outer, "setting", ["s3cret"])))


# What a call may take


NOBODY = "http://127.0.0.1:9/"


@pytest.fixture(autouse=True)
def _limited() -> None:
    use_limited_client()


def ask() -> int:
    return huggingface_hub.get_session().get(NOBODY).status_code


def test_a_call_that_nobody_waits_for_makes_no_request() -> None:
    limit = CallLimit(60)
    limit.abandon()
    with pytest.raises(Unanswered, match="nobody waits"):
        within(limit, ask)


def test_a_call_whose_time_is_up_makes_no_request() -> None:
    with pytest.raises(Unanswered, match="too long"):
        within(CallLimit(-1), ask)


def test_a_limit_holds_for_its_call_alone() -> None:
    with pytest.raises(Unanswered, match="too long"):
        within(CallLimit(-1), ask)
    with pytest.raises(Unanswered, match="cannot be reached"):
        within(CallLimit(60), ask)
    with pytest.raises(Unanswered, match="cannot be reached"):
        ask()


def test_the_client_is_put_in_place_once() -> None:
    client = huggingface_hub.get_session()
    use_limited_client()
    assert huggingface_hub.get_session() is client


# From a blocking reader to an async iterator, without loss and without leftovers


def unreachable(error: BaseException) -> HubUnreachable:
    return HubUnreachable(str(error))


def reader_threads() -> int:
    return sum(thread.name == "space-log" for thread in threading.enumerate())


async def test_every_line_comes_in_order_however_slow_the_consumer_is() -> None:
    count = 3 * LINES_AHEAD
    seen = []
    async for line in log_lines(lambda: (f"{number}\n" for number in range(count)), unreachable, None):
        seen.append(int(line.text))
        if len(seen) % 100 == 0:
            await asyncio.sleep(0)
    assert seen == list(range(count))


async def test_a_reader_never_gets_far_ahead_of_its_consumer() -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield "line\n"

    async with aclosing(log_lines(endless, unreachable, None)) as lines:
        await anext(lines)
        while read < LINES_AHEAD:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert read <= LINES_AHEAD + 3
    while reader_threads():
        await asyncio.sleep(0.05)


async def test_a_log_beyond_all_bounds_ends_with_a_word_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space_log, "MOST_LINES", 10)
    lines = [line.text async for line in log_lines(lambda: ["a\nb\n"] * 50, unreachable, None)]
    assert len(lines) == 11
    assert "longer than 10 lines" in lines[-1]


async def test_what_breaks_comes_after_the_lines_before_it() -> None:
    def breaking() -> Iterator[str]:
        yield "one\n"
        raise Unanswered("the connection broke")

    lines = log_lines(breaking, unreachable, None)
    assert (await anext(lines)).text == "one"
    with pytest.raises(HubUnreachable, match="broke"):
        await anext(lines)
