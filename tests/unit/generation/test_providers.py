"""Providers, what is sent to each, and what is changed when one refuses a field."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from pipeline.domain.conversation import CallLimits, Image, Message, Role
from pipeline.generation.model.chat_request import Adaptation, adaptation_for, chat_request, is_lasting
from pipeline.generation.model.providers import Provider, provider_for
from tests.cases import cases

CASES = cases("providers")


@pytest.mark.parametrize(("base_url", "name"), CASES["known"])
def test_each_provider_is_known_by_its_address(base_url: str, name: str) -> None:
    assert provider_for(base_url).name == name


@pytest.mark.parametrize(("base_url", "name"), CASES["unknown"])
def test_any_other_address_is_called_by_its_host_and_nothing_more(base_url: str, name: str) -> None:
    provider = provider_for(base_url)
    assert provider.name == name
    assert not provider.takes_cache_marks
    assert provider.output_limit_field == "max_tokens"


@pytest.mark.parametrize("base_url", ["https://api.openai.com/v1", "https://aipipe.org/openai/v1"])
def test_openai_is_told_its_own_name_of_the_output_limit(base_url: str) -> None:
    provider = provider_for(base_url)
    assert provider.output_limit_field == "max_completion_tokens"


@pytest.mark.parametrize("base_url", ["https://openrouter.ai/api/v1", "https://aipipe.org/openrouter/v1"])
def test_openrouter_takes_cache_marks_also_behind_ai_pipe(base_url: str) -> None:
    provider = provider_for(base_url)
    assert provider.takes_cache_marks


def test_of_all_providers_only_ollama_shortens_long_prompts_in_silence() -> None:
    assert provider_for("http://localhost:11434/v1").cuts_long_prompts
    assert not provider_for("http://localhost:8080/v1").cuts_long_prompts


OPENROUTER = provider_for("https://openrouter.ai/api/v1")
OPENAI = provider_for("https://api.openai.com/v1")
UNKNOWN = Provider("somewhere")
LIMITS = CallLimits(max_output_tokens=500, seconds=60, temperature=0.2)
PICTURE = Image("image/png", b"\x89PNG")
CONVERSATION = (Message(Role.SYSTEM, "You build apps."), Message(Role.USER, "Build this.", images=(PICTURE,)))


def request(provider: Provider = UNKNOWN, *adaptations: Adaptation, model: str = "test/model") -> dict[str, Any]:
    return chat_request(provider, model, CONVERSATION, LIMITS, frozenset(adaptations))


def test_a_request_says_model_messages_limit_temperature_and_that_the_usage_is_wanted() -> None:
    data = base64.b64encode(PICTURE.content).decode()
    assert request() == {
        "model": "test/model",
        "messages": [
            {"role": "system", "content": "You build apps."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Build this."},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}", "detail": "low"}},
                ],
            },
        ],
        "stream": True,
        "max_tokens": 500,
        "stream_options": {"include_usage": True},
        "temperature": 0.2,
    }


def test_without_a_temperature_the_provider_chooses_it() -> None:
    assert "temperature" not in chat_request(UNKNOWN, "m", CONVERSATION, replace(LIMITS, temperature=None))


def test_a_model_without_vision_gets_the_text_alone() -> None:
    messages = request(replace(UNKNOWN, takes_images=False))["messages"]
    assert messages[1] == {"role": "user", "content": "Build this."}


def test_a_lone_surrogate_in_a_brief_can_be_sent() -> None:
    sent = chat_request(UNKNOWN, "m", (Message(Role.USER, "a\ud800b"),), LIMITS)
    assert sent["messages"][0]["content"].encode() == b"a?b"


def test_cache_marks_are_for_anthropics_models_alone_and_end_the_system_prompt_and_the_last_message() -> None:
    marked = request(OPENROUTER, model="anthropic/claude")["messages"]
    assert [message["content"][0].get("cache_control") for message in marked] == [{"type": "ephemeral"}] * 2
    assert "cache_control" not in str(request(OPENROUTER, model="openai/gpt"))
    assert "cache_control" not in str(request(UNKNOWN, model="anthropic/claude"))


@pytest.mark.parametrize(("adaptation", "without"), CASES["adaptations"])
def test_an_adapted_request_leaves_the_refused_field_out(adaptation: str, without: str) -> None:
    assert without in str(request(OPENROUTER, model="anthropic/claude"))
    assert without not in str(request(OPENROUTER, Adaptation(adaptation), model="anthropic/claude"))


def test_the_output_limit_can_go_by_its_other_name() -> None:
    assert request(UNKNOWN, Adaptation.OTHER_LIMIT_FIELD)["max_completion_tokens"] == 500
    assert request(OPENAI, Adaptation.OTHER_LIMIT_FIELD)["max_tokens"] == 500
    assert "max_tokens" not in request(OPENAI)


def test_an_answer_in_one_piece_is_asked_for_where_streams_are_refused() -> None:
    assert request(UNKNOWN, Adaptation.NO_STREAM)["stream"] is False


COMPLAINTS = [(status, complaint, Adaptation(change)) for status, complaint, change in CASES["complaints"]]


@pytest.mark.parametrize(("status", "complaint", "adaptation"), COMPLAINTS)
def test_a_complaint_about_a_field_says_what_to_change(status: int, complaint: str, adaptation: Adaptation) -> None:
    sent = request(OPENROUTER, model="anthropic/claude")
    assert adaptation_for(status, complaint, sent) is adaptation


@pytest.mark.parametrize(("status", "complaint", "adaptation"), COMPLAINTS)
def test_a_complaint_about_a_field_that_was_not_sent_changes_nothing(
    status: int, complaint: str, adaptation: Adaptation
) -> None:
    bare = chat_request(UNKNOWN, "m", (Message(Role.USER, "hello"),), replace(LIMITS, temperature=None))
    for field in ("max_tokens", "stream_options", "stream"):
        del bare[field]
    assert adaptation_for(status, complaint, bare) is None, adaptation


@pytest.mark.parametrize(("status", "complaint", "first"), COMPLAINTS)
def test_however_often_the_same_complaint_comes_no_change_is_made_twice(
    status: int, complaint: str, first: Adaptation
) -> None:
    known: set[Adaptation] = set()
    while change := adaptation_for(status, complaint, request(OPENROUTER, *known, model="anthropic/a"), known):
        assert change not in known
        known.add(change)
    assert first in known


@pytest.mark.parametrize(("status", "complaint"), CASES["others"])
def test_a_complaint_about_something_else_changes_nothing(status: int, complaint: str) -> None:
    sent = request(OPENROUTER, model="anthropic/claude")
    assert adaptation_for(status, complaint, sent) is None


def test_an_output_limit_that_is_refused_under_both_names_is_dropped() -> None:
    sent = request(UNKNOWN, Adaptation.OTHER_LIMIT_FIELD)
    known = {Adaptation.OTHER_LIMIT_FIELD}
    assert adaptation_for(400, "unknown: max_completion_tokens", sent, known) is Adaptation.NO_OUTPUT_LIMIT


def test_one_bad_picture_does_not_make_a_model_blind_for_ever() -> None:
    assert not is_lasting(Adaptation.NO_IMAGES, "You uploaded an unsupported image")
    assert not is_lasting(Adaptation.NO_IMAGES, "Could not decode the image")
    assert is_lasting(Adaptation.NO_IMAGES, "No endpoints found that support image input")
    assert is_lasting(Adaptation.NO_OUTPUT_LIMIT, "max_tokens is too large")
