"""The Gradio-compatible routes: who may call, and with which token Spaces are worked on."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cases import cases
from tests.fakes.gradio import HUB_TOKEN, OTHER_HUB_TOKEN
from tests.fakes.jobs import SECRET
from tests.integration.gradio_rig import ACCOUNT, BRIEF, CANARY, SPACE, Client, begin, call

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


@pytest.mark.parametrize(
    "request_line",
    CASES["private_calls"],
)
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
