"""The Gradio-compatible routes as curl sees them: calls, who may make them, and by which token Spaces are managed."""

import asyncio
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.call_event import CallOutcome
from pipeline.web.gradio import calls, sse
from tests.cases import cases
from tests.fakes.gradio import HUB_TOKEN, OTHER_HUB_TOKEN
from tests.fakes.jobs import SECRET
from tests.integration.gradio_rig import ACCOUNT, BRIEF, CANARY, SECONDS, SPACE, Client, begin, call, events


async def test_a_call_gives_its_result_as_often_as_it_is_read(client: Client) -> None:
    event_id = await begin(client, "space_runtime", SPACE)
    for _ in range(3):
        ((event, data),) = await events(client, "space_runtime", event_id)
        assert (event, data[0]["stage"]) == ("complete", "RUNNING")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("version", ["", "v2/"])
async def test_a_call_by_position_and_by_name_are_the_same(client: Client, version: str, slash: str) -> None:
    body: dict[str, Any] = SPACE if version else {"data": ["ada/app"]}
    begun = await client.post(f"/gradio_api/call/{version}space_runtime{slash}", json=body)
    path = f"/gradio_api/call/{version}space_runtime/{begun.json()['event_id']}{slash}"
    assert "event: complete" in (await client.get(path)).text
    assert client.hub.asked == [(None, "runtime ada/app")]


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense", None]
)
async def test_a_body_is_json_whatever_its_content_type_says(client: Client, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = await client.post("/gradio_api/call/v2/space_runtime", content=json.dumps(SPACE).encode(), headers=headers)
    assert answer.status_code == 200


async def test_events_are_kept_by_no_cache_and_held_back_by_no_proxy(client: Client) -> None:
    event_id = await begin(client, "space_runtime", SPACE)
    answer = await client.get(f"/gradio_api/call/space_runtime/{event_id}")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"


async def test_an_event_under_a_wrong_name_is_not_found_and_nothing_is_lost(client: Client) -> None:
    event_id = await begin(client, "space_runtime", SPACE)
    for path in (f"job/{event_id}", f"space_runtime/{event_id[:-1]}", "space_runtime/%00", "nope/x", f"v2/{event_id}"):
        answer = await client.get(f"/gradio_api/call/{path}")
        assert (answer.status_code, answer.json()["ok"]) == (404, False)
    assert (await events(client, "space_runtime", event_id))[0][0] == "complete"


async def test_an_error_of_the_hub_ends_the_call_in_words(client: Client) -> None:
    assert await call(client, "space_runtime", {"space_id": "ada/gone"}) == [
        ("error", {"error": "there is no such Space, or the token may not see it"})
    ]


@pytest.mark.parametrize(
    ("name", "body", "status", "told"),
    [
        ("space_runtime", {}, 400, "space_id: is required"),
        ("space_runtime", {"space_id": None}, 400, "space_id: is required"),
        ("space_runtime", {"space_id": 7}, 400, "space_id: must be a string"),
        ("space_runtime", {"space_id": CANARY}, 400, "space_id: must be owner/name"),
        ("space_runtime", {**SPACE, CANARY: 1}, 400, "names a parameter that /space_runtime does not have"),
        ("restart_space", {**SPACE, "factory_reboot": "yes"}, 400, "factory_reboot"),
        ("create_space", {"files": {CANARY: {"base64": 1}}, "secrets": {CANARY: 1}}, 400, "secrets: must be a string"),
        ("job", {"job_id": CANARY}, 400, "job_id"),
        ("deploy", {**BRIEF, "round": "1"}, 400, "round: must be a whole number"),
        ("deploy", {**BRIEF, "checks": [1]}, 400, "checks[0]"),
        ("deploy", {**BRIEF, "attachments": [{"name": CANARY, "url": CANARY}]}, 400, "attachments[0].url"),
        (CANARY, {}, 404, "there are: /deploy"),
    ],
)
async def test_arguments_that_break_a_rule_are_refused_at_once_and_never_repeated(
    client: Client, name: str, body: Any, status: int, told: str
) -> None:
    answer = await client.post(f"/gradio_api/call/v2/{name}", json=body)
    assert answer.status_code == status
    assert told in answer.json()["error"]
    assert CANARY not in answer.text


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"data": {}}', b'{"data": [1, 2, 3]}', b'{"data": [NaN]}'])
async def test_positional_bodies_of_another_shape_are_refused(client: Client, body: bytes) -> None:
    answer = await client.post("/gradio_api/call/space_runtime", content=body)
    assert (answer.status_code, answer.json()["ok"]) == (400, False)


@pytest.mark.parametrize("path", ["/config", "/gradio_api/info", "/gradio_api/openapi.json", "/agents.md", "/docs"])
async def test_a_document_can_be_asked_for_its_head_alone(client: Client, path: str) -> None:
    head, whole = await client.head(path), await client.get(path)
    assert (head.status_code, head.headers) == (200, whole.headers)


async def test_silence_is_broken_by_heartbeats(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr(calls, "LOOK_SECONDS", 0.01)
    client.hub.delay = 0.2
    told = await call(client, "space_runtime", SPACE)
    assert (told[0], told[-1][0]) == (("heartbeat", None), "complete")


async def test_a_call_that_takes_too_long_ends_as_an_error(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "CALL_SECONDS", 0.01)
    client.hub.delay = 60
    assert await call(client, "space_runtime", SPACE) == [("error", {"error": "the call did not end within 0 seconds"})]


async def test_a_fault_of_ours_ends_the_call_and_tells_nothing(client: Client) -> None:
    client.hub.fault = RuntimeError(CANARY)
    assert await call(client, "space_runtime", SPACE) == [("error", {"error": "internal error"})]


async def test_a_call_that_runs_in_another_process_is_followed_and_given_up_in_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "LOOK_SECONDS", 0.01)
    elsewhere = await client.services.call_events.add("operator", "space_runtime")
    reading = asyncio.create_task(events(client, "space_runtime", elsewhere.id))
    await client.services.call_events.record(elsewhere.id, CallOutcome({"stage": "PAUSED"}))
    assert await reading == [("complete", [{"stage": "PAUSED"}])]
    lost = await client.services.call_events.add("operator", "space_runtime")
    monkeypatch.setattr(calls, "CALL_SECONDS", 0.0)
    ((event, data),) = await events(client, "space_runtime", lost.id)
    assert (event, "call again" in data["error"]) == ("error", True)


async def test_calls_that_come_all_at_once_cannot_all_take_the_last_place(client: Client) -> None:
    client.hub.delay = SECONDS
    path = "/gradio_api/call/v2/space_runtime"
    answers = await asyncio.gather(*[client.post(path, json=SPACE) for _ in range(calls.MOST_RUNNING + 5)])
    assert Counter(answer.status_code for answer in answers) == {200: calls.MOST_RUNNING, 429: 5}


async def test_a_thousand_abandoned_calls_are_refused_beyond_the_limit(tmp_path: Path) -> None:
    async with Client(tmp_path, limits={"most_per_caller": 20}) as client:
        call = partial(client.post, "/gradio_api/call/v2/space_runtime", json=SPACE)
        statuses = [(await call()).status_code for _ in range(1000)]
    assert {status: statuses.count(status) for status in set(statuses)} == {200: 20, 429: 980}


CASES = cases("http-addresses")


async def test_an_event_is_its_callers_alone(client: Client) -> None:
    event_id = await begin(client, "space_runtime", SPACE, headers={**ACCOUNT, "Authorization": ""})
    other = {"Authorization": f"Bearer {OTHER_HUB_TOKEN}"}
    path = f"/gradio_api/call/space_runtime/{event_id}"
    assert (await client.get(path)).status_code == 404
    assert (await client.get(path, headers=other)).status_code == 404
    assert (await client.get(path, headers={**ACCOUNT, "Authorization": ""})).status_code == 200


@pytest.mark.parametrize(
    "path", ["/config", "/gradio_api/info", "/gradio_api/info/", "/gradio_api/openapi.json", "/agents.md"]
)
async def test_discovery_is_public(client: Client, path: str) -> None:
    answer = await client.get(path, headers={"Authorization": ""})
    assert answer.status_code == 200
    assert SECRET not in answer.text


@pytest.mark.parametrize("request_line", CASES["private_calls"])
@pytest.mark.parametrize(("token", "status"), [("", 401), ("Bearer wrong", 403), ("Bearer hf_made_up", 401)])
async def test_calls_are_not_public(client: Client, request_line: tuple[str, str], token: str, status: int) -> None:
    method, path = request_line
    for headers in ({"Authorization": token}, {"Authorization": "", "x-hf-authorization": token}):
        answer = await client.request(method, path, headers=headers, json=SPACE if method == "POST" else None)
        assert answer.status_code == status
        assert answer.json()["ok"] is False
    assert all(method == "owner" for _, method in client.hub.asked)


@pytest.mark.parametrize("name", ["deploy", "job"])
async def test_a_hub_token_alone_opens_no_job(client: Client, name: str) -> None:
    answer = await client.post(
        f"/gradio_api/call/v2/{name}", json=BRIEF, headers={"Authorization": f"Bearer {HUB_TOKEN}"}
    )
    assert (answer.status_code, "own secret" in answer.json()["error"]) == (403, True)


@pytest.mark.parametrize("token", [None, "", "   "])
async def test_the_callers_own_token_acts_when_none_or_a_blank_one_is_given(client: Client, token: str | None) -> None:
    headers = {"Authorization": "", **ACCOUNT}
    await call(client, "pause_space", {**SPACE, "hf_token": token}, headers=headers)
    assert (HUB_TOKEN, "pause ada/app") in client.hub.asked
    assert None not in {used for used, _ in client.hub.asked}


async def test_a_token_among_the_arguments_acts_before_all_others(client: Client) -> None:
    await call(client, "restart_space", {**SPACE, "hf_token": OTHER_HUB_TOKEN, "factory_reboot": True})
    assert client.hub.asked == [(OTHER_HUB_TOKEN, "restart ada/app True")]


async def test_the_operators_token_acts_for_the_operator(client: Client) -> None:
    files = {"index.html": "<h1>x</h1>", "a.bin": {"base64": "AAE="}}
    ((event, (created,)),) = await call(client, "create_space", {"space_type": "static", "files": files, "name": "hi"})
    assert (event, created["space_id"], created["message"]) == ("complete", "deployer/hi", "New Space created")
    assert client.hub.asked == [(None, "create static a.bin,index.html")]


async def test_an_owner_cannot_act_as_the_operator(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"ada@example.com": "ada-s-own-long-secret"}))
    owner = {"Authorization": "Bearer ada-s-own-long-secret"}
    async with Client(tmp_path, deploy_secrets_file=secrets) as client:
        refused = await call(client, "pause_space", SPACE, headers=owner)
        await call(client, "pause_space", {**SPACE, "hf_token": HUB_TOKEN}, headers=owner)
        foreign = await client.post("/gradio_api/call/v2/deploy", json=BRIEF | {"email": "b@c"}, headers=owner)
        own = await client.post("/gradio_api/call/v2/deploy", json=BRIEF, headers=owner)
    assert refused[0][0] == "error"
    assert client.hub.asked == [(HUB_TOKEN, "pause ada/app")]
    assert (foreign.status_code, own.status_code) == (403, 200)


async def test_a_copy_goes_to_the_tokens_own_account_unless_told_otherwise(client: Client) -> None:
    await call(client, "duplicate_space", {"from_id": "ada/app"})
    await call(client, "duplicate_space", {"from_id": "ada/app", "to_id": "copy", "private": False})
    await call(client, "duplicate_space", {"from_id": "ada/app", "to_id": "org/copy"})
    assert [asked for _, asked in client.hub.asked if asked != "owner"] == [
        "duplicate ada/app deployer/app True",
        "duplicate ada/app deployer/copy False",
        "duplicate ada/app org/copy True",
    ]
    assert (await call(client, "duplicate_space", {"from_id": "ada/app", "to_id": "a//b"}))[0][0] == "error"


async def test_a_copy_says_which_secrets_it_lacks(client: Client) -> None:
    ((event, (copy,)),) = await call(client, "duplicate_space", {"from_id": "ada/app"})
    assert (event, copy["space_id"]) == ("complete", "deployer/app")
    assert "KEY" in copy["warning"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"from_id": "ada/static", "secrets": {"KEY": CANARY}},  # every visitor could read it
        {"secrets": {"KEY": CANARY}, "variables": {"KEY": CANARY}},
        {"secrets": {"not a name": CANARY}},
        {"hardware": f"{CANARY} !"},
        {"sleep_time": -2},
    ],
)
async def test_a_copy_that_breaks_a_rule_of_spaces_is_not_made(client: Client, wrong: dict[str, Any]) -> None:
    ((event, data),) = await call(client, "duplicate_space", {"from_id": "ada/app", **wrong})
    assert event == "error"
    assert CANARY not in data["error"]
    assert not [asked for _, asked in client.hub.asked if asked.startswith("duplicate")]
