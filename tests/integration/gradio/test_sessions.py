"""Sessions of library clients: what they are sent, message by message, and what a real server does with them."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx import AsyncClient

from pipeline.domain.call_event import CallOutcome
from pipeline.domain.job import EventKind, Stage
from pipeline.web.gradio import session, sse
from pipeline.web.gradio.registry import FUNCTIONS
from pipeline.web.gradio.session import MOST_WAITING, session_messages
from pipeline.web.places import Places
from tests.fakes.served import served, until
from tests.integration.gradio_rig import OPERATOR, SECONDS, Client

INDEX = {function.name: index for index, function in enumerate(FUNCTIONS)}
BRIEF = ["ada@example.com", "sales", 1, "n1", "Show the sales."]
SESSION = "session-1"


async def join(client: AsyncClient, name: str, *data: Any, session_hash: Any = SESSION) -> httpx.Response:
    body = {"data": list(data), "fn_index": INDEX[name], "session_hash": session_hash, "event_data": None}
    return await client.post("/gradio_api/queue/join", json=body)


async def follow(client: AsyncClient, session_hash: str = SESSION) -> list[dict[str, Any]]:
    async with asyncio.timeout(SECONDS):
        answer = await client.get("/gradio_api/queue/data", params={"session_hash": session_hash})
    assert (answer.status_code, answer.headers["x-accel-buffering"]) == (200, "no")
    return messages_in(answer.text)


def messages_to(client: Client) -> AsyncGenerator[dict[str, Any]]:
    """As the stream of the session sends them, taken one by one."""
    return session_messages(client.calls, client.services.call_events, SESSION, "operator")


def messages_in(text: str) -> list[dict[str, Any]]:
    """What the Python client makes of a stream: blocks behind ``data:``, and nothing else."""
    *blocks, rest = text.split("\n\n")
    assert not rest
    assert all(block.startswith("data: ") and "\n" not in block and "\r" not in block for block in blocks)
    return [json.loads(block.removeprefix("data: ")) for block in blocks]


async def test_a_call_is_told_from_its_place_in_the_queue_to_the_end_of_the_stream(client: Client) -> None:
    event_id = (await join(client, "space_runtime", "ada/app")).json()["event_id"]
    told = await follow(client)
    assert [message["msg"] for message in told] == ["estimation", "process_starts", "process_completed", "close_stream"]
    assert {message["event_id"] for message in told[:3]} == {event_id}
    assert (told[2]["success"], told[2]["output"]["data"][0]["stage"]) == (True, "RUNNING")


async def test_stages_of_a_job_are_values_of_which_the_second_and_later_are_edits(client: Client) -> None:
    await join(client, "deploy", *BRIEF)
    (job_id,) = client.jobs.ids
    client.jobs.start(job_id)
    client.jobs.event(job_id, EventKind.STARTED, Stage.VERIFY, "looking")
    client.jobs.finish(job_id)
    told = await follow(client)
    generating = [message for message in told if message["msg"] == "process_generating"]
    assert generating[0]["output"]["data"][0]["detail"] == "running"
    ((action, path, value),) = generating[1]["output"]["data"][0]
    assert (action, path, value["stage"]) == ("replace", [], "verify")
    assert generating[1]["progress_data"][0]["desc"] == "verify: looking"
    assert told[-2]["output"]["data"][0]["job_id"] == job_id


async def test_arguments_that_break_a_rule_are_told_where_clients_look_for_them(client: Client) -> None:
    assert (await join(client, "space_runtime")).status_code == 200
    assert (await join(client, "space_runtime", "ada/app", None, 3)).status_code == 200
    ends = [message for message in await follow(client) if message["msg"] == "process_completed"]
    assert [end["success"] for end in ends] == [False, False]
    assert ends[0]["output"] == {"error": "space_id: is required"}


async def test_calls_of_one_session_share_a_stream_and_other_sessions_see_nothing(client: Client) -> None:
    mine = [(await join(client, "space_runtime", "ada/app")).json()["event_id"] for _ in range(3)]
    await join(client, "space_runtime", "ada/app", session_hash="session-2")
    ended = [message["event_id"] for message in await follow(client) if message["msg"] == "process_completed"]
    assert sorted(ended) == sorted(mine)


async def test_a_stream_without_calls_ends_at_once(client: Client) -> None:
    assert [message["msg"] for message in await follow(client)] == ["close_stream"]


async def test_a_call_that_joins_an_open_stream_is_told_there(client: Client) -> None:
    await join(client, "deploy", *BRIEF)
    reading = asyncio.create_task(follow(client))
    await until(lambda: client.jobs.watching)
    second = (await join(client, "space_runtime", "ada/app")).json()["event_id"]
    await asyncio.sleep(2 * session.LOOK_SECONDS)
    client.jobs.finish(client.jobs.ids[0])
    told = await reading
    assert next(m["event_id"] for m in told if m["msg"] == "process_completed") == second
    assert [m["msg"] for m in told].count("close_stream") == 1


async def test_a_stream_is_not_closed_while_a_call_is_joining(client: Client) -> None:
    with client.calls.joining(SESSION):
        reading = asyncio.create_task(follow(client))
        await asyncio.sleep(2 * session.LOOK_SECONDS)
        assert not reading.done()
        event = await client.services.call_events.add("operator", "job", session=SESSION, outcome=CallOutcome(1))
    told = await reading
    assert [message["event_id"] for message in told if message["msg"] == "process_completed"] == [event.id]


async def test_what_a_broken_stream_did_not_tell_is_told_by_the_next(client: Client) -> None:
    await join(client, "deploy", *BRIEF)
    client.jobs.finish(client.jobs.ids[0])
    broken = messages_to(client)
    async for message in broken:
        if message["msg"] == "process_generating":
            break
    await broken.aclose()
    assert client.jobs.watching == 0
    assert "process_completed" in [message["msg"] for message in await follow(client)]
    assert [message["msg"] for message in await follow(client)] == ["close_stream"]


async def test_a_slow_reader_holds_up_its_own_calls_and_no_memory(client: Client) -> None:
    await join(client, "deploy", *BRIEF)
    (job_id,) = client.jobs.ids
    for number in range(1000):
        client.jobs.event(job_id, EventKind.PROGRESS, Stage.GENERATE, f"{number} " + "x" * 1000)
    client.jobs.finish(job_id)
    taken = 0
    watch = client.jobs.watch

    async def counting(job_id: str, after: int = 0) -> AsyncIterator[Any]:
        nonlocal taken
        async for event in watch(job_id, after):
            taken += 1
            yield event

    client.jobs.watch = counting  # type: ignore[method-assign]  # to count what is taken
    slow = messages_to(client)
    await anext(slow)
    await asyncio.sleep(0.2)
    assert 0 < taken <= MOST_WAITING + 1 < 100
    await slow.aclose()
    assert len([m for m in await follow(client) if m["msg"] == "process_generating"]) == 1001


async def test_silence_is_broken_by_heartbeats(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr(session, "LOOK_SECONDS", 0.01)
    await join(client, "deploy", *BRIEF)
    reading = asyncio.create_task(follow(client))
    await until(lambda: client.jobs.watching)
    await asyncio.sleep(0.1)
    client.jobs.finish(client.jobs.ids[0])
    assert {"msg": "heartbeat"} in await reading


async def test_a_fault_of_ours_ends_the_stream_loudly(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    await join(client, "deploy", *BRIEF)
    monkeypatch.setattr(client.jobs, "watch", None)
    with pytest.raises(TypeError):
        _ = [message async for message in messages_to(client)]


async def test_a_full_queue_has_the_status_that_clients_know(tmp_path: Path) -> None:
    async with Client(tmp_path, limits={"most_per_caller": 1}) as client:
        await join(client, "deploy", *BRIEF)
        full = await join(client, "space_runtime", "ada/app")
    assert (full.status_code, "retry-after" in full.headers) == (503, True)


@pytest.mark.parametrize("session_hash", [None, 7, "", "a b", "x" * 101, "\0", "gr\u00fc\u00dfe"])
async def test_a_session_is_a_plain_word(client: Client, session_hash: Any) -> None:
    assert (await join(client, "space_runtime", "ada/app", session_hash=session_hash)).status_code == 400
    answer = await client.get("/gradio_api/queue/data", params={"session_hash": str(session_hash or "")})
    assert answer.status_code in {200, 400}


@pytest.mark.parametrize("index", [None, -1, 99, True, "0", 1.5])
async def test_an_unknown_function_is_not_found(client: Client, index: Any) -> None:
    body = {"data": [], "fn_index": index, "session_hash": SESSION}
    assert (await client.post("/gradio_api/queue/join", json=body)).status_code == 404


async def test_whoever_knows_session_and_event_cancels_the_job(client: Client) -> None:
    event_id = (await join(client, "deploy", *BRIEF)).json()["event_id"]
    nobody = {"Authorization": ""}
    for body in ({"event_id": event_id, "session_hash": "other"}, {"event_id": "x", "session_hash": SESSION}, {}):
        answer = await client.post("/gradio_api/cancel", json=body, headers=nobody)
        assert answer.status_code in {400, 404}
    right = {"event_id": event_id, "session_hash": SESSION, "fn_index": 0}
    assert (await client.post("/gradio_api/cancel", json=right, headers=nobody)).json() == {"success": True}
    end = (await follow(client))[-2]
    assert (end["success"], "cancelled" in end["output"]["error"]) == (False, True)
    assert (await client.post("/gradio_api/reset", json={"event_id": event_id})).json() == {"success": True}


async def test_the_app_is_known_by_the_same_id_everywhere(client: Client) -> None:
    config = (await client.get("/config")).json()
    assert (await client.get("/gradio_api/app_id")).json() == {"app_id": config["app_id"]}


@pytest.fixture
async def caller(client: Client) -> AsyncIterator[AsyncClient]:
    """Asks the same application on a real server."""
    async with (
        served(client.app) as url,
        AsyncClient(base_url=url, headers=OPERATOR, trust_env=False, timeout=20) as caller,
    ):
        yield caller


@pytest.mark.parametrize(
    "path", ["/gradio_api/call/deploy/{event_id}", "/gradio_api/queue/data?session_hash=session-1"]
)
async def test_a_client_that_hangs_up_leaves_no_watcher_and_no_place_behind(
    client: Client, caller: AsyncClient, path: str
) -> None:
    client.app.state.streams = Places("too many event streams are open", 1, 1)
    event_id = (await join(caller, "deploy", *BRIEF)).json()["event_id"]
    client.jobs.start(client.jobs.ids[0])
    for _ in range(3):
        async with caller.stream("GET", path.format(event_id=event_id)) as answer:
            chunks = answer.aiter_text()  # one that nobody holds hangs up
            await anext(chunks)
            assert answer.status_code == 200
            assert (await caller.get(path.format(event_id=event_id))).status_code == 429
        await until(lambda: not client.jobs.watching)
        await until(lambda: not client.app.state.streams._taken.total())  # noqa: SLF001 - what is left is asked for


async def test_a_heartbeat_stream_says_that_we_live(caller: AsyncClient) -> None:
    async with caller.stream("GET", "/gradio_api/heartbeat/session-1") as answer:
        assert await anext(answer.aiter_text()) == "data: ALIVE\n\n"
