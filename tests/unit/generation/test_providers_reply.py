"""Putting a reply together, and telling reasoning from answer."""

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.conversation import Finish
from pipeline.domain.generation import Usage
from pipeline.generation.model.reply_reader import MAX_TEXT_CHARACTERS, ReplyReader
from tests.cases import cases

CASES = cases("providers")
REASONING = re.compile(r"\A(?:\s*<(think|thinking)>.*?(?:</\1>[\r\n]*|\Z))+", re.DOTALL)
letters = st.sampled_from(
    ["<think>", "</think>", "<thinking>", "</thinking>", "<th", "ink>", " ", "\n", "\r\n", "a", "<"]
)
texts = st.lists(letters, max_size=12).map("".join)


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"model": "test/answered", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def read(*documents: dict[str, Any]) -> ReplyReader:
    reader = ReplyReader(lambda _text: None)
    for document in documents:
        reader.take(document)
    return reader


@settings(deadline=None)
@given(texts, st.lists(st.integers(min_value=0, max_value=80), max_size=6))
def test_reasoning_at_the_beginning_is_removed_however_the_text_is_cut(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [chunk({"content": text[start:end]}) for start, end in pairwise(edges)]
    assert read(*pieces).text == REASONING.sub("", text)


def test_think_tags_inside_an_app_are_left_alone() -> None:
    text = '<file path="a.js">\nanswer.replace(/<think>.*<\\/think>/, "")\n</file>'
    assert read(chunk({"content": text})).text == text


def test_the_indentation_of_a_continued_file_survives_a_think_block() -> None:
    assert read(chunk({"content": "<think>where was I</think>\n\n    return 1"})).text == "    return 1"


def test_text_is_passed_on_as_it_comes_and_the_reply_is_without_its_reasoning() -> None:
    heard: list[str] = []
    reader = ReplyReader(heard.append)
    for piece in ["<thi", "nk>hm</th", "ink>\nHel", "lo", " <"]:
        reader.take(chunk({"content": piece}))
    assert heard == ["<thi", "nk>hm</th", "ink>\nHel", "lo", " <"]
    assert reader.text == "Hello <"


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_fields_are_a_sign_of_life_and_no_text(field: str) -> None:
    reader = ReplyReader(pytest.fail)
    assert reader.take(chunk({field: "let me think"})) is True
    assert reader.text == ""


def test_a_first_chunk_that_only_names_the_role_is_no_sign_of_life() -> None:
    assert ReplyReader(pytest.fail).take(chunk({"role": "assistant", "content": ""})) is False


@pytest.mark.parametrize(("reason", "finish"), [*CASES["finishes"], (None, "cut")])
def test_how_an_answer_ended_follows_from_finish_reason(reason: str | None, finish: str) -> None:
    assert read(chunk({"content": "text"}), chunk({}, reason)).finish is Finish(finish)


def test_a_refusal_is_one_whatever_finish_reason_says() -> None:
    assert read(chunk({"refusal": "I cannot"}), chunk({}, "stop")).finish is Finish.REFUSED
    assert read({"choices": [{"message": {"refusal": "No"}, "finish_reason": "stop"}]}).finish is Finish.REFUSED


def test_a_plain_answer_reads_like_a_stream() -> None:
    reader = read({"model": "m", "choices": [{"message": {"content": "all of it"}, "finish_reason": "stop"}]})
    assert (reader.text, reader.finish, reader.model) == ("all of it", Finish.COMPLETE, "m")


def test_content_may_come_as_a_list_of_parts() -> None:
    parts = [{"type": "thinking", "text": "hm"}, {"type": "text", "text": "yes"}, {"type": "text", "text": 3}, "x"]
    assert read(chunk({"content": parts})).text == "yes"


def test_the_usage_chunk_has_no_choices_and_is_read_with_cache_and_cost() -> None:
    usage = {
        "prompt_tokens": 120,
        "completion_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 100},
        "cost": 0.25,
    }
    assert read(chunk({"content": "x"}, "stop"), {"choices": [], "usage": usage}).usage == Usage(1, 120, 30, 100, 0.25)


@pytest.mark.parametrize("cost", [None, "0.1", -1, True, float("nan"), float("inf"), {}])
def test_a_cost_that_is_none_is_unknown_and_not_zero(cost: object) -> None:
    assert read({"usage": {"prompt_tokens": 1, "cost": cost}}).usage.cost_usd is None


def test_a_cost_of_nothing_is_known() -> None:
    assert read({"usage": {"cost": 0}}).usage.cost_usd == 0.0


FIELDS = ["choices", "delta", "message", "content", "refusal", "finish_reason", "reasoning", "type", "text"]
FIELDS += ["usage", "prompt_tokens", "prompt_tokens_details", "cached_tokens", "cost", "model"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=25,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["choices", "usage", "model"]), json_values))
def test_no_document_of_whatever_shape_breaks_the_reader(document: dict[str, Any]) -> None:
    reader = read(document)
    assert isinstance(reader.text, str)
    assert reader.usage.calls == 1


def test_reading_stops_at_the_largest_text_that_is_wanted() -> None:
    heard: list[str] = []
    reader = ReplyReader(heard.append)
    piece = "x" * (3 * 1024 * 1024)
    for _ in range(5):
        reader.take(chunk({"content": piece}))
    assert reader.is_full
    reader.take(chunk({}, "stop"))
    assert len(reader.text) == sum(map(len, heard)) == MAX_TEXT_CHARACTERS
    assert reader.finish is Finish.CUT
