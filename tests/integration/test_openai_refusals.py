"""One model behind the real SDK: refused fields, errors, and chains of models."""

import asyncio
import json
import logging
import threading
import traceback
from dataclasses import replace

import pytest

from pipeline.domain.conversation import Finish, Image, Message, Reply, Role
from pipeline.domain.errors import GenerationFailed
from pipeline.generation.model.failure import ModelFailure
from pipeline.generation.model.providers import Provider
from tests.fakes.model import Answer, ModelServer
from tests.fakes.model_calls import RecordingLedger
from tests.integration.model_rig import (
    AMPLE,
    BRIEF,
    CONVERSATION,
    JOB,
    KEY,
    SHORT,
    STUCK_SECONDS,
    TEXT,
    ask,
    chain_of,
    make_model,
)

PICTURE = Image("image/png", b"\x89PNG")


@pytest.mark.parametrize(
    ("field", "message", "provider"),
    [
        ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", Provider("p")),
        ("stream_options", "Unknown parameter: 'stream_options'.", Provider("p")),
        ("temperature", "Unsupported value: 'temperature'", Provider("p")),
        ("image_url", "This model does not support image input", Provider("p")),
    ],
)
async def test_a_refused_field_is_left_out_once_and_for_all_later_calls(
    field: str, message: str, provider: Provider
) -> None:
    conversation = (CONVERSATION[0], replace(CONVERSATION[1], images=(PICTURE,)))
    limits = replace(AMPLE, temperature=0.1)
    with ModelServer([TEXT], refuses={field: message}) as server:
        model = make_model(server, provider=provider)
        for _ in range(2):
            reply = await model.ask(JOB, conversation, limits, lambda _text: None)
            assert reply.text == TEXT
    assert [call.status for call in server.calls] == [400, 200, 200]
    assert field in json.dumps(server.calls[0].body)
    assert all(f'"{field}"' not in json.dumps(call.body) for call in server.calls[1:])


async def test_several_refused_fields_are_left_out_one_after_the_other() -> None:
    refused = {"max_tokens": "unknown 'max_tokens'", "max_completion_tokens": "unknown 'max_completion_tokens'"}
    with ModelServer([TEXT], refuses={**refused, "stream_options": "what is 'stream_options'"}) as server:
        assert (await ask(server)).text == TEXT
    assert [call.status for call in server.calls] == [400, 400, 400, 200]


async def test_a_field_that_is_still_refused_after_it_was_left_out_is_a_failure() -> None:
    complaint = Answer(status=400, body={"error": {"message": "temperature is bad", "param": "temperature"}})
    with ModelServer([complaint]) as server, pytest.raises(ModelFailure, match="HTTP 400"):
        await ask(server, replace(AMPLE, temperature=0.1))
    assert len(server.calls) == 2


async def test_a_complaint_that_comes_after_text_does_not_start_the_answer_anew() -> None:
    complaint = Answer(TEXT, fault="error_chunk", body={"error": {"message": "temperature is bad", "code": 400}})
    heard: list[str] = []
    with ModelServer([complaint]) as server:
        reply = await ask(server, replace(AMPLE, temperature=0.1), heard.append)
    assert len(server.calls) == 1
    assert "".join(heard) == reply.text == TEXT


async def test_a_model_that_may_not_stream_is_asked_for_the_whole_answer_and_given_the_time_for_it() -> None:
    no_stream = {"message": "Your organization must be verified to stream this model.", "param": "stream"}
    script = [Answer(status=400, body={"error": no_stream}), Answer(TEXT, delay=2.2)]
    with ModelServer(script) as server:
        reply = await ask(server, replace(AMPLE, seconds=4))
    assert (reply.text, reply.finish) == (TEXT, Finish.COMPLETE)
    assert [call.body["stream"] for call in server.calls] == [True, False]


async def test_one_broken_picture_is_left_out_of_one_call_only() -> None:
    conversation = (replace(CONVERSATION[1], images=(PICTURE,)),)
    script = [Answer(status=400, body={"error": {"message": "Could not decode the image"}}), Answer(TEXT)]
    with ModelServer(script) as server:
        model = make_model(server)
        for _ in range(2):
            await model.ask(JOB, conversation, AMPLE, lambda _text: None)
    assert ["image_url" in json.dumps(call.body) for call in server.calls] == [True, False, True]


async def test_a_prompt_that_ollama_cut_is_told_to_the_operator(caplog: pytest.LogCaptureFixture) -> None:
    ollama = Provider("Ollama", cuts_long_prompts=True)
    conversation = (Message(Role.USER, "x" * 40_000),)
    usage = {"prompt_tokens": 4_096, "completion_tokens": 10}
    with ModelServer([Answer(TEXT, usage=usage)]) as server:
        await make_model(server, provider=ollama).ask(JOB, conversation, AMPLE, lambda _text: None)
        assert "OLLAMA_CONTEXT_LENGTH" in caplog.text
        caplog.clear()
        await make_model(server).ask(JOB, conversation, AMPLE, lambda _text: None)
        assert not caplog.text


ECHOES = [
    Answer(status=401, body={"error": {"message": f"Incorrect API key provided: {KEY}. {BRIEF}"}}),
    Answer(status=400, body={"error": {"message": f"Bad input: {BRIEF}", "metadata": {"raw": f"{KEY} {BRIEF}"}}}),
    Answer(status=500, body=f"{KEY}\n{BRIEF}"),
    Answer(fault="error_body", body={"error": {"message": f"{KEY} {BRIEF}", "code": KEY}}),
    Answer(fault="error_chunk", body={"error": {"message": f"{KEY} {BRIEF}"}}),
    Answer(TEXT, fault="error_chunk", body={"error": {"message": f"{KEY} {BRIEF}"}}),
    Answer(fault="error_body", body=f"{{{KEY} {BRIEF}"),
    Answer(fault="drop"),
]


@pytest.mark.parametrize("answer", ECHOES, ids=lambda answer: f"{answer.status}-{answer.fault}")
async def test_neither_key_nor_prompt_is_in_any_error_repr_or_log(
    answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = ""
    with ModelServer([answer]) as server:
        model = make_model(server)
        try:
            await model.ask(JOB, CONVERSATION, SHORT, lambda _text: None)
        except ModelFailure as failure:
            told = "".join(traceback.format_exception(failure)) + repr(failure)
    told += f"{model} {model!r}" + "".join(caplog.handler.format(record) for record in caplog.records)
    assert KEY not in told
    assert BRIEF[:20] not in told


async def test_an_error_of_the_listener_is_passed_through_and_closes_the_connection() -> None:
    def listener(_text: str) -> None:
        raise TimeoutError("the listener's own")

    with ModelServer([Answer(TEXT, fault="stall")]) as server, pytest.raises(TimeoutError, match="the listener's own"):
        await ask(server, on_text=listener)


async def test_a_cancelled_call_ends_at_once_and_stays_cancelled() -> None:
    with ModelServer([Answer(TEXT, fault="stall")]) as server:
        call = asyncio.create_task(ask(server))
        await asyncio.to_thread(server.wait_for, 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


def test_one_model_can_be_asked_from_several_event_loops_at_once() -> None:
    with ModelServer([Answer(TEXT, delay=0.01, chunk=5)]) as server:
        model = make_model(server)
        replies: list[Reply] = []

        def run() -> None:
            replies.append(asyncio.run(model.ask(JOB, CONVERSATION, AMPLE, lambda _text: None)))

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(STUCK_SECONDS)
    assert [reply.text for reply in replies] == [TEXT] * 4


async def test_a_chain_goes_from_a_missing_model_over_a_refusing_one_to_one_that_answers() -> None:
    script = [
        Answer(status=404, model="a"),
        Answer(refusal="no", model="b"),
        Answer(TEXT, model="c", usage={"prompt_tokens": 9, "completion_tokens": 9, "cost": 0.5}),
    ]
    ledger = RecordingLedger()
    with ModelServer(script) as server:
        reply = await chain_of(server, "a", "b", "c", ledger=ledger).ask(JOB, CONVERSATION, AMPLE, lambda _text: None)
    assert (reply.text, reply.asked) == (TEXT, "c")
    assert [call.model for call in server.calls] == [call.model for call in ledger.calls] == ["a", "b", "c"]


@pytest.mark.parametrize("reasoning", ["", "hm"])
async def test_a_model_that_falls_silent_leaves_time_for_the_next_one(reasoning: str) -> None:
    script = [Answer(reasoning=reasoning, fault="stall", model="a"), Answer(TEXT, model="b")]
    with ModelServer(script) as server:
        reply = await chain_of(server, "a", "b").ask(JOB, CONVERSATION, SHORT, lambda _text: None)
    assert (reply.text, reply.asked) == (TEXT, "b")


async def test_a_chain_stops_at_the_door_when_the_key_is_wrong() -> None:
    with ModelServer([TEXT], key="another") as server, pytest.raises(GenerationFailed) as raised:
        await chain_of(server, "a", "b", "c").ask(JOB, CONVERSATION, AMPLE, lambda _text: None)
    assert len(server.calls) == 2  # behind a gateway, the second one's key might have been right
    assert len(str(raised.value).splitlines()) == 4
    assert KEY not in str(raised.value)


async def test_a_request_that_was_answered_is_not_sent_again_after_a_restart() -> None:
    ledger = RecordingLedger()
    with ModelServer([TEXT], then="error") as server:
        for _ in range(2):
            chain = chain_of(server, "a", "b", ledger=ledger)
            assert (await chain.ask(JOB, CONVERSATION, AMPLE, lambda _text: None)).text == TEXT
    assert len(server.calls) == 1
