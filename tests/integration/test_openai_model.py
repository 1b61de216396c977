"""One model behind the real SDK, over a real connection to a scripted provider."""

import socket
from dataclasses import replace

import pytest
from pydantic import SecretStr

from pipeline.domain.conversation import Finish
from pipeline.domain.generation import Usage
from pipeline.generation.model import openai_model
from pipeline.generation.model.failure import ModelFailure, Remedy
from pipeline.generation.model.openai_model import OpenAIModel
from pipeline.generation.model.reply_reader import MAX_TEXT_CHARACTERS
from tests.cases import cases
from tests.fakes import model as fake
from tests.fakes.model import Answer, ModelServer
from tests.integration.model_rig import AMPLE, BRIEF, CONVERSATION, JOB, KEY, SHORT, TEXT, ask, failure_of, reply_to

CASES = cases("odd-answers")


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


@pytest.mark.parametrize(
    ("answer", "text", "finish"),
    [
        pytest.param(Answer(TEXT, finish=None), TEXT, Finish.CUT, id="without a reason it is cut even if it ends well"),
        pytest.param(Answer(TEXT, finish="length"), TEXT, Finish.LENGTH, id="the output limit ends it"),
        pytest.param(Answer(TEXT, comments=3), TEXT, Finish.COMPLETE, id="comments before it do no harm"),
        pytest.param(Answer("<thin"), "<thin", Finish.COMPLETE, id="letters that look like reasoning are not lost"),
        pytest.param(Answer(refusal="No."), None, Finish.REFUSED, id="the model refuses"),
        pytest.param(Answer(refusal="No.", fault="json"), None, Finish.REFUSED, id="the model refuses, not streaming"),
        pytest.param(Answer(TEXT, finish="content_filter"), None, Finish.REFUSED, id="a filter refuses half-way"),
        pytest.param(Answer("", finish="content_filter"), None, Finish.REFUSED, id="a filter refuses"),
    ],
)
async def test_how_an_answer_ended_is_told_with_its_text(answer: Answer, text: str | None, finish: Finish) -> None:
    reply = await reply_to(answer)
    assert reply.finish is finish
    assert text in {None, reply.text}


async def test_a_server_that_does_not_stream_is_understood() -> None:
    heard: list[str] = []
    with ModelServer([Answer(TEXT, fault="json", reasoning="hm")]) as server:
        reply = await ask(server, on_text=heard.append)
    assert (reply.text, reply.finish, heard) == (TEXT, Finish.COMPLETE, [TEXT])
    assert reply.usage.prompt_tokens == 100


async def test_reasoning_keeps_a_call_alive_beyond_half_of_its_time_and_is_no_text() -> None:
    reply = await reply_to(Answer("ok", reasoning="x" * 25, chunk=1, delay=0.1), replace(AMPLE, seconds=4))
    assert (reply.text, reply.finish) == ("ok", Finish.COMPLETE)


async def test_think_blocks_are_no_part_of_the_reply() -> None:
    thought = "<think>\nfirst a heading\n</think>\n\n"
    heard: list[str] = []
    with ModelServer([Answer(f"{thought}{TEXT}", chunk=3)]) as server:
        reply = await ask(server, on_text=heard.append)
    assert reply.text == TEXT
    assert "".join(heard) == f"{thought}{TEXT}"


@pytest.mark.parametrize(
    ("answer", "words", "remedy"),
    [(Answer(**answer), words, Remedy[remedy]) for answer, words, remedy in CASES["odd"]],
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
    assert failure.usage == Usage()
    assert (await failure_of(Answer(reasoning="hm", fault="error_chunk"))).usage.calls == 1


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
