"""POST /spaces/provision and /spaces/wake: the whole service in this process, and the fake Hub."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.bootstrap import Services, build
from pipeline.settings import Settings
from pipeline.web.app import create_app
from tests.fakes.hub import FakeHub, Fault, Hang
from tests.fakes.hub.exchange import Answer

SECRET = "a-long-secret-for-tests"
OTHER_TOKEN = "hf_" + "ofSomebodyElse"
VALUE = "a-value-nobody-may-see"
CARD = "---\ntitle: Team\nsdk: gradio\nsdk_version: 5.0.0\napp_file: app.py\n---\n"
ORDER: dict[str, Any] = {
    "template": "deployer/template",
    "spaces": [{"name": "team-a", "secrets": {"KEY": VALUE}}, {"name": "team-b", "variables": {"TEAM": "b"}}],
}


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(others={OTHER_TOKEN: "visitor"}) as hub:
        hub.create("deployer/template", files={"README.md": CARD, "app.py": "print(1)\n"})
        yield hub


@pytest.fixture
async def services(hub: FakeHub, tmp_path: Path) -> AsyncIterator[Services]:
    settings = Settings.from_environment(
        deploy_secret=SECRET,
        hf_token=hub.token,
        hf_endpoint=hub.endpoint,
        generated_repos_dir=tmp_path,
        deploy_target="local",
        chromium="none",
        public_url="https://pipeline.test",
        response_patience_seconds=60,
    )
    services = build(settings)
    await services.start()
    yield services
    await services.stop(1)


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers, timeout=60) as client:
        yield client


async def test_an_order_is_answered_with_what_became_of_every_space(client: httpx.AsyncClient, hub: FakeHub) -> None:
    answer = await client.post("/spaces/provision", json=ORDER)
    document = answer.json()
    assert answer.status_code == 200
    assert (document["ok"], document["status"], document["error"]) == (True, "succeeded", None)
    assert document["url"] == f"https://pipeline.test/spaces/provision/{document['id']}"
    assert document["spaces"][0] == {
        "name": "team-a",
        "id": "deployer/team-a",
        "action": "create",
        "status": "succeeded",
        "url": hub.spaces["deployer/team-a"].url,
        "changes": ["secret KEY", "copy of deployer/template"],
        "warning": None,
        "error": None,
    }
    assert (await client.get(f"/spaces/provision/{document['id']}")).json() == document
    assert VALUE not in answer.text


async def test_a_caller_who_does_not_wait_finds_the_result_later(client: httpx.AsyncClient, hub: FakeHub) -> None:
    hub.add_fault(Fault("POST", "/duplicate", answer=Hang(2)))
    answer = await client.post("/spaces/provision", json=ORDER, headers={"Prefer": "respond-async"})
    document = answer.json()
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert document["status"] in {"waiting", "running"}
    assert (document["ok"], document["spaces"][0]["name"]) == (True, "team-a")
    while (shown := (await client.get(f"/spaces/provision/{document['id']}")).json())["status"] != "succeeded":
        await asyncio.sleep(0.02)
    assert [space["status"] for space in shown["spaces"]] == ["succeeded"] * 2


async def test_a_dry_run_shows_the_plan_and_leaves_nothing(client: httpx.AsyncClient, hub: FakeHub) -> None:
    document = (await client.post("/spaces/provision", json=ORDER | {"dry_run": True})).json()
    assert (document["ok"], document["status"], document["id"], document["url"]) == (True, "planned", None, None)
    assert [space["action"] for space in document["spaces"]] == ["create"] * 2
    assert {call.method for call in hub.log} == {"GET"}


async def test_a_space_that_failed_makes_the_answer_a_502_that_says_why(
    client: httpx.AsyncClient, hub: FakeHub
) -> None:
    hub.add_fault(Fault("POST", "/duplicate", answer=Answer(402, {"error": "Subscribe to PRO"}), times=None))
    answer = await client.post("/spaces/provision", json=ORDER)
    document = answer.json()
    assert answer.status_code == 502
    assert (document["ok"], document["status"]) == (False, "failed")
    assert document["error"] == "2 of 2 Spaces failed: each says why"
    assert "paid plan" in document["spaces"][0]["error"]
    assert (await client.get(f"/spaces/provision/{document['id']}")).status_code == 200


async def test_a_missing_template_is_told_for_the_whole(client: httpx.AsyncClient) -> None:
    answer = await client.post("/spaces/provision", json=ORDER | {"template": "deployer/none"})
    assert answer.status_code == 502
    assert "no such Space" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (ORDER | {"template": "none"}, "template"),
        (ORDER | {"spaces": [{"name": "a b", "secrets": {"KEY": VALUE}}]}, "spaces[0].name"),
        (ORDER | {"spaces": [{"name": "a", "secrets": {VALUE + "!": VALUE}}]}, "spaces[0].secrets"),
        (ORDER | {"template": {"files": {"app.py": f"x = '{VALUE}'"}}}, "spaces[0].secrets"),
        (ORDER | {"template": {"files": {"app.py": "x = ("}}}, "template.files"),
        (ORDER | {"template": {"space_type": "static", "files": {"index.html": "<h1>"}}}, "spaces[0]"),
    ],
)
async def test_what_is_wrong_is_told_by_field_before_the_hub_is_asked(
    client: httpx.AsyncClient, hub: FakeHub, body: dict[str, Any], field: str
) -> None:
    answer = await client.post("/spaces/provision", json=body)
    assert answer.status_code == 400
    assert field in [problem["field"] for problem in answer.json()["fields"]]
    assert VALUE not in answer.text
    assert hub.log == []


async def test_a_callers_own_token_acts_and_finds_its_own_provisions_alone(
    client: httpx.AsyncClient, hub: FakeHub
) -> None:
    own = {"Authorization": f"Bearer {OTHER_TOKEN}"}
    document = (await client.post("/spaces/provision", json=ORDER, headers=own)).json()
    assert [space["id"] for space in document["spaces"]] == ["visitor/team-a", "visitor/team-b"]
    assert {call.token for call in hub.log} == {OTHER_TOKEN}
    assert (await client.get(f"/spaces/provision/{document['id']}", headers=own)).status_code == 200
    assert (await client.get(f"/spaces/provision/{document['id']}")).status_code == 404
    assert (await client.get("/spaces/provision/not-an-id")).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer wrong"}, 403),
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer hf_unknownToken"}, 401),
    ],
)
async def test_nobody_else_gets_in(client: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    assert (await client.post("/spaces/provision", json=ORDER, headers=headers)).status_code == status
    if "hf_" not in headers["Authorization"]:
        assert (await client.post("/spaces/wake", json={"ids": ["a/b"]}, headers=headers)).status_code == status
        assert (await client.get(f"/spaces/provision/{'0' * 32}", headers=headers)).status_code == status


async def test_patience_ends_before_a_slow_hub_does(client: httpx.AsyncClient, hub: FakeHub) -> None:
    hub.add_fault(Fault("POST", "/duplicate", answer=Hang(3)))
    answer = await client.post("/spaces/provision", json=ORDER, headers={"Prefer": "wait=1"})
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=1"
    assert answer.json()["status"] in {"waiting", "running"}


async def test_spaces_that_rest_are_woken(client: httpx.AsyncClient, hub: FakeHub) -> None:
    hub.spaces["deployer/template"].settle("SLEEPING")
    answer = await client.post("/spaces/wake", json={"ids": ["deployer/template", "deployer/none"]})
    woken, missing = answer.json()["spaces"]
    assert answer.status_code == 200
    assert answer.json()["ok"] is False
    assert (woken["was"], woken["restarted"], woken["stage"]) == ("SLEEPING", True, "BUILDING")
    assert "no such Space" in missing["error"]
    assert (await client.post("/spaces/wake", json={"ids": ["none"]})).status_code == 400


async def test_the_routes_are_described(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()["paths"]["/spaces/provision"]["post"]
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    assert "$ref" not in str(schema)
    assert schema["properties"]["spaces"]["items"]["required"] == ["name"]
    assert set(described["responses"]) >= {"200", "400", "401", "403", "502"}
