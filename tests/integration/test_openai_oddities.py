"""One model behind the real SDK: streams, errors and places of answers that are not in the books."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pipeline.domain.conversation import Finish
from pipeline.generation.model.failure import ModelFailure, Remedy
from pipeline.generation.model.openai_model import OpenAIModel
from tests.fakes.model import Answer, ModelServer
from tests.integration.model_rig import AMPLE, BRIEF, CONVERSATION, JOB, TEXT, ask, failure_of, reply_to


def event(delta: dict[str, Any], finish: str | None = None, **choice: Any) -> str:
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish, **choice}]})}\n\n"


BEGIN, END = event({"content": TEXT[:20]}), event({"content": TEXT[20:]}, "stop")


@pytest.mark.parametrize(
    "raw",
    [
        f"retry: 3000\n\n{BEGIN}{END}",
        f"id: 1\n{BEGIN}: ping\n\nid: 2\n{END}",
        f"\ufeff:\n\n{BEGIN}event: ping\ndata: \n\ndata: ping\n\n{END}data: [DONE]\n\nevent: late\n\n",
        f"{BEGIN}{END}".replace("\n", "\r\n"),
        f"{BEGIN}{END}".removesuffix("\n\n"),
        f'{BEGIN}event: ping\ndata: {{"type": "ping"}}\n\n{END}data: [DONE]',
        (BEGIN + END).replace("data: {", "data:{").replace(', "finish', ',\ndata: "finish'),
    ],
)
async def test_events_that_carry_no_answer_do_no_harm(raw: str) -> None:
    reply = await reply_to(Answer(raw=raw))
    assert (reply.text, reply.finish) == (TEXT, Finish.COMPLETE)


@pytest.mark.parametrize("end", ["stop", "tool_calls"])
@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_an_answer_that_stands_among_the_reasoning_is_taken_from_there(end: str, field: str) -> None:
    raw = event({"content": None, field: TEXT[:9]}) + event({field: TEXT[9:]}, end)
    reply = await reply_to(Answer(raw=raw))
    assert (reply.text, reply.place) == (TEXT, "reasoning")
    reply = await reply_to(Answer("real", reasoning="hm"))
    assert (reply.text, reply.place) == ("real", "")


async def test_reasoning_that_a_complete_answer_never_ends_is_kept() -> None:
    reply = await reply_to(Answer(f"<think>\nso\n{TEXT}"))
    assert reply.text == f"<think>\nso\n{TEXT}"


@pytest.mark.parametrize("whole", [True, False])
async def test_calls_of_tools_that_nobody_offered_are_read_as_what_they_carry(whole: bool) -> None:
    arguments = json.dumps({"path": "index.html", "content": "<p>"})
    calls = [
        {"index": 0, "function": {"name": "write_file", "arguments": arguments[:12]}},
        {"index": 0, "function": {"arguments": arguments[12:]}},
        {"index": 1, "function": {"name": "finish", "arguments": {} if whole else "{}"}},
    ]
    raw = "".join(event({"tool_calls": [call]}) for call in calls) + event({}, "tool_calls")
    reply = await reply_to(Answer(raw=raw))
    assert json.loads(reply.text)[0] == {"path": "index.html", "content": "<p>"}
    assert reply.place == "a call of the tool write_file, finish, which was not offered"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([{"error": {"code": 400, "message": "API key not valid", "status": "INVALID_ARGUMENT"}}], "API key not valid"),
        ([{"message": "no such field: foo"}, {"message": "other"}], "no such field: foo"),
        ([], "HTTP 400"),
    ],
)
async def test_errors_in_a_list_are_read(body: Any, words: str) -> None:
    assert words in str(await failure_of(Answer(status=400, body=json.dumps(body))))
    if body:
        streamed = await failure_of(Answer(raw=f"data: {json.dumps([{'error': {'message': words}}])}\n\n"))
        assert words in str(streamed)


async def test_googles_own_way_to_say_when_to_come_back_is_understood() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}]
    body = json.dumps([{"error": {"code": 429, "message": "Quota", "details": details}}])
    assert (await failure_of(Answer(status=429, body=body))).wait_seconds == 34.5
    failure = await failure_of(Answer(status=429, body=body, headers={"Retry-After": "7"}))
    assert failure.wait_seconds == 7


@pytest.mark.parametrize(
    ("error", "words", "remedy"),
    [
        ({"code": 502, "message": "Provider disconnected"}, "HTTP 502: Provider disconnected", Remedy.RETRY),
        ({"code": "model_not_found", "message": "Gone"}, "HTTP 404: Gone", Remedy.NEXT_MODEL),
        ("overloaded", "an error: overloaded", Remedy.RETRY),
    ],
)
async def test_an_error_inside_the_choice_ends_the_answer_in_the_providers_words(
    error: Any, words: str, remedy: Remedy
) -> None:
    broken = event({"content": ""}, "error", error=error)
    assert (await reply_to(Answer(raw=BEGIN + broken))).finish is Finish.CUT
    failure = await failure_of(Answer(raw=broken))
    assert str(failure).endswith(words)
    assert failure.remedy is remedy


async def test_a_call_in_the_old_way_is_read_as_well() -> None:
    called = {"name": "write", "arguments": '{"path": "index.html"}'}
    reply = await reply_to(Answer(raw=event({"content": None, "function_call": called}, "function_call")))
    assert (json.loads(reply.text), reply.place) == (
        [{"path": "index.html"}],
        "a call of the tool write, which was not offered",
    )


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "System role not supported"),
        (400, "Developer instruction is not enabled for models/some-model"),
        (500, "Jinja: raise_exception: Only user and assistant roles are supported!"),
        (422, "messages.0.role: Input should be 'user' or 'assistant'"),
    ],
)
async def test_a_model_without_a_system_role_gets_its_instructions_from_the_user(status: int, message: str) -> None:
    refusal = Answer(status=status, body={"error": {"message": message}})
    with ModelServer([refusal, TEXT]) as server:
        model = OpenAIModel(server.base_url, "m", None)
        for _ in range(2):
            assert (await model.ask(JOB, CONVERSATION, AMPLE, lambda _text: None)).text == TEXT
    assert [[message["role"] for message in call.body["messages"]] for call in server.calls] == [
        ["system", "user"],
        ["user"],
        ["user"],
    ]
    assert server.calls[1].body["messages"][0]["content"] == f"You build apps.\n\n{BRIEF}"


async def test_less_effort_is_asked_for_and_left_out_where_nobody_knows_it() -> None:
    with ModelServer([TEXT], refuses={"reasoning_effort": "Unknown field: reasoning_effort"}) as server:
        await ask(server, replace(AMPLE, less_effort=True))
    assert [call.body.get("reasoning_effort") for call in server.calls] == ["low", None]


@pytest.mark.parametrize("ending", ["/chat/completions", "/chat/completions/", "/"])
async def test_the_whole_address_of_the_endpoint_will_do_as_well(ending: str) -> None:
    with ModelServer([TEXT]) as server:
        model = OpenAIModel(server.base_url + ending, "m", None)
        await model.ask(JOB, CONVERSATION, AMPLE, lambda _text: None)
    assert server.calls[0].path == "/v1/chat/completions"


async def test_reasoning_that_used_up_the_limit_wants_room() -> None:
    with pytest.raises(ModelFailure) as raised, ModelServer([Answer(reasoning="hm", finish="length")]) as server:
        await ask(server)
    assert raised.value.wants_room
