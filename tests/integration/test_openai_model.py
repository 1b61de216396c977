"""One model behind the real SDK, over a real connection to a scripted provider on loopback."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.domain.conversation import CallLimits, Finish, Image, Message, Reply, Role
from pipeline.domain.errors import GenerationFailed
from pipeline.domain.generation import Usage
from pipeline.generation.model import openai_model
from pipeline.generation.model.budget import Caps
from pipeline.generation.model.chain import build_chain
from pipeline.generation.model.failure import ModelFailure, Remedy
from pipeline.generation.model.openai_model import OpenAIModel
from pipeline.generation.model.providers import Provider
from pipeline.generation.model.reply_reader import MAX_TEXT_CHARACTERS
from tests.fakes import model as fake
from tests.fakes.model import Answer, ModelServer
from tests.fakes.model_calls import RecordingLedger

KEY = "sk-or-v1-8d7f6a5b4c3d2e1f"
JOB = "0123456789abcdef0123456789abcdef"
BRIEF = "Build a page that sums up the sales of all regions and shows the total."
TEXT = '<file path="index.html">\n<h1>Sales</h1>\n</file>\n'
CONVERSATION = (Message(Role.SYSTEM, "You build apps."), Message(Role.USER, BRIEF))
AMPLE = CallLimits(max_output_tokens=1_000, seconds=60)
SHORT = CallLimits(max_output_tokens=1_000, seconds=2)
STUCK_SECONDS = 30  # a test that waits so long has found a wait without an end


def make_model(server: ModelServer, **fields: Any) -> OpenAIModel:
    return OpenAIModel(server.base_url, "test/model", SecretStr(KEY), **fields)


async def ask(
    server: ModelServer, limits: CallLimits = AMPLE, on_text: Callable[[str], None] = lambda _text: None, **fields: Any
) -> Reply:
    async with asyncio.timeout(STUCK_SECONDS):
        return await make_model(server, **fields).ask(JOB, CONVERSATION, limits, on_text)


async def failure_of(*script: Answer, limits: CallLimits = AMPLE, **options: Any) -> ModelFailure:
    with ModelServer(script, **options) as server, pytest.raises(ModelFailure) as raised:
        await ask(server, limits)
    assert len(server.calls) == 1
    return raised.value


async def reply_to(answer: Answer, limits: CallLimits = AMPLE) -> Reply:
    with ModelServer([answer]) as server:
        return await ask(server, limits)


async def test_an_answer_arrives_piece_by_piece_with_its_usage() -> None:
    heard: list[str] = []
    usage = {"prompt_tokens": 90, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 80}, "cost": 0.02}
    with ModelServer([Answer(TEXT, chunk=10, usage=usage, answered="test/model-2026")]) as server:
        reply = await ask(server, on_text=heard.append)
    assert heard == [TEXT[start : start + 10] for start in range(0, len(TEXT), 10)]
    assert (reply.text, reply.finish) == (TEXT, Finish.COMPLETE)
    assert (reply.asked, reply.answered) == ("test/model", "test/model-2026")
    assert reply.usage == Usage(1, 90, 20, 80, 0.02)
    assert reply.seconds > 0


async def test_the_request_carries_the_key_and_all_that_is_said() -> None:
    with ModelServer([TEXT], key=KEY, strict=True) as server:
        await ask(server, replace(AMPLE, temperature=0.5))
    assert server.calls[0].body == {
        "model": "test/model",
        "messages": [{"role": "system", "content": "You build apps."}, {"role": "user", "content": BRIEF}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 1_000,
        "temperature": 0.5,
    }
    assert server.keys == [KEY]


async def test_a_server_without_keys_is_never_sent_the_one_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    with ModelServer([TEXT]) as server:
        await OpenAIModel(server.base_url, "m", None).ask(JOB, CONVERSATION, AMPLE, lambda _text: None)
    assert "sk-of-somebody-else" not in server.keys


@pytest.mark.parametrize("fault", ["drop", "error_chunk", "garbage", "no_done"])
async def test_text_that_arrived_before_a_stream_broke_is_kept_as_a_cut_reply(fault: fake.Fault) -> None:
    reply = await reply_to(Answer(TEXT, fault=fault))
    assert (reply.text, reply.finish) == (TEXT, Finish.CUT)
    assert reply.usage.cost_usd is None


async def test_an_answer_without_finish_reason_is_cut_even_if_the_stream_ends_well() -> None:
    assert (await reply_to(Answer(TEXT, finish=None))).finish is Finish.CUT


@pytest.mark.parametrize("fault", ["stall", "comments"])
async def test_text_before_a_silence_is_kept_and_comments_are_silence(
    fault: fake.Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_model, "SILENCE_SECONDS", 0.2)
    reply = await reply_to(Answer(TEXT, fault=fault))
    assert (reply.text, reply.finish) == (TEXT, Finish.CUT)


async def test_an_answer_that_drips_for_ever_ends_with_its_time() -> None:
    reply = await reply_to(Answer("ab", chunk=1, delay=0.05, fault="endless"), SHORT)
    assert reply.finish is Finish.CUT
    assert set(reply.text) == {"a", "b"}


async def test_a_huge_answer_is_cut_at_the_largest_text_that_is_wanted() -> None:
    reply = await reply_to(Answer("x" * 100_000, chunk=100_000, fault="endless"))
    assert (len(reply.text), reply.finish) == (MAX_TEXT_CHARACTERS, Finish.CUT)


async def test_a_line_without_an_end_does_not_fill_the_memory() -> None:
    failure = await failure_of(Answer(fault="endless_line"))
    assert "the connection broke (ReadError)" in str(failure)


@pytest.mark.parametrize("fault", ["hang_after_finish", "drop_after_finish"])
async def test_an_answer_that_said_why_it_ended_is_complete_and_its_usage_is_not_waited_for_long(
    fault: fake.Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_model, "USAGE_SECONDS", 0.1)
    reply = await reply_to(Answer(TEXT, fault=fault))
    assert (reply.text, reply.finish) == (TEXT, Finish.COMPLETE)


async def test_the_output_limit_ends_an_answer_as_length() -> None:
    reply = await reply_to(Answer(TEXT, finish="length"))
    assert (reply.text, reply.finish) == (TEXT, Finish.LENGTH)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(refusal="I cannot help with that."),
        Answer(refusal="I cannot help with that.", fault="json"),
        Answer(TEXT, finish="content_filter"),
        Answer("", finish="content_filter"),
    ],
)
async def test_refusals_by_model_and_filter_are_refused_replies(answer: Answer) -> None:
    assert (await reply_to(answer)).finish is Finish.REFUSED


async def test_a_server_that_does_not_stream_is_understood() -> None:
    heard: list[str] = []
    with ModelServer([Answer(TEXT, fault="json", reasoning="hm")]) as server:
        reply = await ask(server, on_text=heard.append)
    assert (reply.text, reply.finish, heard) == (TEXT, Finish.COMPLETE, [TEXT])
    assert reply.usage.prompt_tokens == 100


async def test_reasoning_keeps_a_call_alive_beyond_half_of_its_time_and_is_no_text() -> None:
    reply = await reply_to(Answer("ok", reasoning="x" * 25, chunk=1, delay=0.1), replace(AMPLE, seconds=4))
    assert (reply.text, reply.finish) == ("ok", Finish.COMPLETE)


async def test_letters_that_only_looked_like_the_beginning_of_reasoning_are_not_lost() -> None:
    assert (await reply_to(Answer("<thin"))).text == "<thin"


async def test_think_blocks_are_no_part_of_the_reply() -> None:
    thought = "<think>\nfirst a heading\n</think>\n\n"
    heard: list[str] = []
    with ModelServer([Answer(f"{thought}{TEXT}", chunk=3)]) as server:
        reply = await ask(server, on_text=heard.append)
    assert reply.text == TEXT
    assert "".join(heard) == f"{thought}{TEXT}"


async def test_comments_before_the_answer_do_no_harm() -> None:
    assert (await reply_to(Answer(TEXT, comments=3))).text == TEXT


@pytest.mark.parametrize(
    ("answer", "words", "remedy"),
    [
        (Answer(fault="drop"), "the connection broke", Remedy.RETRY),
        (Answer(fault="no_done"), "empty", Remedy.RETRY),
        (Answer(" \n", finish="stop"), "empty", Remedy.RETRY),
        (Answer(fault="empty_body"), "empty or is not JSON", Remedy.RETRY),
        (Answer(fault="garbage"), "empty or is not JSON", Remedy.RETRY),
        (Answer(fault="no_choices"), "empty", Remedy.RETRY),
        (Answer(fault="error_body"), "HTTP 502: upstream failed", Remedy.RETRY),
        (Answer(fault="error_chunk"), "HTTP 502: upstream failed", Remedy.RETRY),
        (Answer(fault="error_body", body={"error": {"message": "no", "code": 402}}), "402: no", Remedy.NEXT_PROVIDER),
        (Answer(fault="error_chunk", body={"error": {"message": "no", "code": 400}}), "400: no", Remedy.NEXT_MODEL),
        (Answer(fault="error_chunk", body={"error": "down"}), "an error: down", Remedy.RETRY),
        (Answer(fault="error_body", body="[1]"), "not JSON", Remedy.RETRY),
        (Answer(fault="html"), "LLM_BASE_URL", Remedy.NEXT_PROVIDER),
        (Answer(fault="stall"), "no sign of life", Remedy.NEXT_MODEL),
        (Answer(fault="comments"), "no sign of life", Remedy.NEXT_MODEL),
        (Answer(reasoning="hm", fault="stall"), "no end of its answer", Remedy.NEXT_MODEL),
        (Answer(reasoning="hm", finish="length"), "output limit", Remedy.NEXT_MODEL),
        (Answer("<think>hm", finish="length"), "output limit", Remedy.NEXT_MODEL),
        (Answer(status=500, fault="drop"), "the connection broke", Remedy.RETRY),
        (Answer(status=500, fault="stall"), "no sign of life", Remedy.NEXT_MODEL),
        (Answer(status=500, body="<html>Bad gateway</html>"), "HTTP 500", Remedy.RETRY),
        (Answer(status=529), "HTTP 529", Remedy.RETRY),
        (Answer(status=404, body={"error": "model 'x' not found"}), "404: model 'x' not found", Remedy.NEXT_MODEL),
        (Answer(status=400, body={"error": {"message": "pricing unknown"}}), "400: pricing", Remedy.NEXT_MODEL),
        (Answer(status=429, body={"message": "Usage $0.5 / $0.5 in 7 days"}), "Usage", Remedy.NEXT_PROVIDER),
        (Answer(status=307, headers={"Location": "http://127.0.0.1:9/"}), "another address", Remedy.NEXT_PROVIDER),
    ],
    ids=lambda value: f"{value.status}-{value.fault}" if isinstance(value, Answer) else None,
)
async def test_an_odd_answer_without_text_is_a_failure_that_says_what_may_help(
    answer: Answer, words: str, remedy: Remedy
) -> None:
    failure = await failure_of(answer, limits=SHORT if answer.fault in {"stall", "comments"} else AMPLE)
    assert words in str(failure)
    assert str(failure).startswith("test/model at 127.0.0.1:")
    assert failure.remedy is remedy


async def test_a_failure_carries_retry_after_and_whether_it_was_free() -> None:
    failure = await failure_of(Answer(status=429, headers={"Retry-After": "17"}))
    assert failure.wait_seconds == 17
    assert failure.usage == Usage(calls=1, cost_usd=0.0)
    assert (await failure_of(Answer(status=503))).usage == Usage(calls=1)


async def test_an_empty_answer_that_was_paid_for_is_counted() -> None:
    failure = await failure_of(Answer("", usage={"prompt_tokens": 5, "completion_tokens": 6, "cost": 0.1}))
    assert failure.usage == Usage(1, 5, 6, 0, 0.1)


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def test_a_provider_that_cannot_be_reached_is_a_failure_that_cost_nothing_and_counts_as_no_call() -> None:
    model = OpenAIModel(f"http://127.0.0.1:{unused_port()}/v1", "m", SecretStr(KEY))
    with pytest.raises(ModelFailure, match="cannot be reached") as raised:
        await model.ask(JOB, CONVERSATION, AMPLE, lambda _text: None)
    assert raised.value.usage == Usage()
    assert raised.value.remedy is Remedy.RETRY


async def test_a_redirect_is_not_followed() -> None:
    with ModelServer([TEXT]) as elsewhere:
        redirect = Answer(status=307, headers={"Location": f"{elsewhere.base_url}/chat/completions"})
        await failure_of(redirect)
        assert elsewhere.connections == 0


PICTURE = Image("image/png", b"\x89PNG")


@pytest.mark.parametrize(
    ("field", "message", "provider"),
    [
        ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", Provider("p")),
        ("stream_options", "Unknown parameter: 'stream_options'.", Provider("p")),
        ("temperature", "Unsupported value: 'temperature'", Provider("p")),
        ("image_url", "This model does not support image input", Provider("p")),
        ("models", "Unrecognized request argument supplied: models", Provider("p", takes_fallback_models=True)),
    ],
)
async def test_a_refused_field_is_left_out_once_and_for_all_later_calls(
    field: str, message: str, provider: Provider
) -> None:
    conversation = (CONVERSATION[0], replace(CONVERSATION[1], images=(PICTURE,)))
    limits = replace(AMPLE, temperature=0.1)
    with ModelServer([TEXT], refuses={field: message}) as server:
        model = make_model(server, provider=provider, fallbacks=("test/other",))
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


def chain_of(server: ModelServer, *models: str, caps: Caps | None = None, ledger: RecordingLedger | None = None) -> Any:
    return build_chain(
        server.base_url, SecretStr(KEY), models, ledger or RecordingLedger(), caps or Caps(calls=10, tokens=1_000_000)
    )


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
    assert len(server.calls) == 1
    assert len(str(raised.value).splitlines()) == 4
    assert KEY not in str(raised.value)


async def test_a_request_that_was_answered_is_not_sent_again_after_a_restart() -> None:
    ledger = RecordingLedger()
    with ModelServer([TEXT], then="error") as server:
        for _ in range(2):
            chain = chain_of(server, "a", "b", ledger=ledger)
            assert (await chain.ask(JOB, CONVERSATION, AMPLE, lambda _text: None)).text == TEXT
    assert len(server.calls) == 1


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The fake as a process: its base URL and its journal."""
    script, journal = tmp_path / "script.json", tmp_path / "calls.jsonl"
    script.write_text(
        json.dumps([{"text": TEXT, "contains": "sales"}, {"status": 429, "headers": {"Retry-After": "9"}}])
    )
    command = [sys.executable, fake.__file__, "--script", str(script), "--journal", str(journal), "--strict"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), journal
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(STUCK_SECONDS) == 0


async def test_the_scripted_server_runs_as_a_program_and_keeps_a_journal_without_the_key(
    program: tuple[str, Path],
) -> None:
    base_url, journal = program
    model = OpenAIModel(base_url, "test/model", SecretStr(KEY))
    assert (await model.ask(JOB, CONVERSATION, AMPLE, lambda _text: None)).text == TEXT
    with pytest.raises(ModelFailure, match="come back in 9 s"):
        await model.ask(JOB, CONVERSATION, AMPLE, lambda _text: None)
    calls = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [call["status"] for call in calls] == [200, 429]
    assert calls[0]["body"]["messages"][1]["content"] == BRIEF
    assert KEY not in journal.read_text()


def test_the_scripted_server_lists_its_models() -> None:
    with (
        ModelServer(models=["a", "b"]) as server,
        urllib.request.urlopen(f"{server.base_url}/models", timeout=STUCK_SECONDS) as answer,  # noqa: S310 - loopback
    ):
        assert [model["id"] for model in json.load(answer)["data"]] == ["a", "b"]


async def test_the_scripted_server_is_as_strict_as_openai_when_told_to() -> None:
    fallbacks = Provider("p", takes_fallback_models=True)
    with ModelServer([TEXT], strict=True) as server:
        await ask(server, provider=fallbacks, fallbacks=("test/other",))
    assert [call.status for call in server.calls] == [400, 200]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"model": "m", "messages": []}', b'{"model": "m", "messages": [{"role": "x"}]}']
)
def test_the_scripted_server_refuses_what_is_no_chat_request(body: bytes) -> None:
    with ModelServer([TEXT]) as server:
        request = urllib.request.Request(f"{server.base_url}/chat/completions", body)  # noqa: S310 - loopback
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(request, timeout=STUCK_SECONDS)  # noqa: S310 - loopback
