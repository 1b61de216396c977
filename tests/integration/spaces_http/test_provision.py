"""POST /spaces/provision and /spaces/wake through the whole application, with the fake Hub."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.manage_spaces.provisioning import ProvisionSpaces
from pipeline.spaces.hosts import space_hosts
from pipeline.web.spaces import creation_routes
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, FakeHub, Fault, Hang
from tests.fakes.jobs import MemoryServices
from tests.fakes.served import until
from tests.integration.space_functions import APP, VALUE
from tests.integration.spaces_http.rig import VISITORS_TOKEN, HubClient, bearer, error_of, events, served

ORDER: dict[str, Any] = {
    "template": "deployer/template",
    "spaces": [{"name": "team-a", "secrets": {"KEY": VALUE}}, {"name": "team-b", "variables": {"TEAM": "b"}}],
}
SPACES = 40
STREAM = {"Accept": "text/event-stream"}


@pytest.fixture(autouse=True)
def _template(hub: FakeHub) -> None:
    hub.create("deployer/template", files=APP)


@pytest.fixture
def services(hub: FakeHub) -> MemoryServices:
    services = MemoryServices()
    services.spaces = space_hosts(hub.endpoint, SecretStr(hub.token), FakeClock())
    services.provision_spaces = ProvisionSpaces(services.spaces, services.secrets, FakeClock())
    return services


async def test_an_order_is_answered_with_what_became_of_every_space(client: HubClient) -> None:
    answer = await client.post("/spaces/provision", json=ORDER)
    document = answer.json()
    assert answer.status_code == 200
    assert (document["ok"], document["status"], document["error"]) == (True, "succeeded", None)
    assert document["spaces"][0] == {
        "name": "team-a",
        "id": "deployer/team-a",
        "action": "create",
        "status": "succeeded",
        "url": client.hub.spaces["deployer/team-a"].url,
        "changes": ["secret KEY", "copy of deployer/template"],
        "warning": None,
        "error": None,
    }
    assert VALUE not in answer.text


async def test_a_dry_run_shows_the_plan_and_leaves_nothing(client: HubClient) -> None:
    document = (await client.post("/spaces/provision", json=ORDER | {"dry_run": True})).json()
    assert (document["ok"], document["status"]) == (True, "planned")
    assert [space["action"] for space in document["spaces"]] == ["create"] * 2
    assert {call.method for call in client.hub.log} == {"GET"}


async def test_a_space_that_failed_makes_the_answer_a_502_that_says_why(client: HubClient) -> None:
    client.hub.add_fault(Fault("POST", "/duplicate", answer=Answer(402, {"error": "Subscribe to PRO"}), times=None))
    answer = await client.post("/spaces/provision", json=ORDER)
    document = answer.json()
    assert answer.status_code == 502
    assert (document["ok"], document["status"]) == (False, "failed")
    assert document["error"] == "2 of 2 Spaces failed: each says why"
    assert "paid plan" in document["spaces"][0]["error"]


async def test_a_missing_template_is_told_for_the_whole(client: HubClient) -> None:
    answer = await client.post("/spaces/provision", json=ORDER | {"template": "deployer/none"})
    assert "no such Space" in error_of(answer, 404)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (ORDER | {"template": "none"}, "template"),
        (ORDER | {"spaces": [{"name": "a b", "secrets": {"KEY": VALUE}}]}, "spaces[0].name"),
        (ORDER | {"spaces": [{"name": "a", "secrets": {VALUE + "!": VALUE}}]}, "spaces[0].secrets"),
        (ORDER | {"template": {"files": {"app.py": f"x = '{VALUE}'"}}}, "spaces[0].secrets"),
        (ORDER | {"template": {"files": {"app.py": "x = ("}}}, "template.files"),
        (ORDER | {"template": {"space_type": "static", "files": {"index.html": "<h1>"}}}, "spaces[0].secrets"),
    ],
)
async def test_what_is_wrong_is_told_by_field_before_the_hub_is_asked(
    client: HubClient, body: dict[str, Any], field: str
) -> None:
    answer = await client.post("/spaces/provision", json=body)
    assert answer.status_code == 400
    assert field in [problem["field"] for problem in answer.json()["fields"]]
    assert VALUE not in answer.text
    assert client.hub.log == []


async def test_a_callers_own_token_acts(client: HubClient) -> None:
    own = bearer(VISITORS_TOKEN)
    document = (await client.post("/spaces/provision", json=ORDER, headers=own)).json()
    assert [space["id"] for space in document["spaces"]] == ["visitor/team-a", "visitor/team-b"]
    assert {call.token for call in client.hub.log} == {VISITORS_TOKEN}


@pytest.mark.parametrize(
    ("headers", "status"), [(bearer("wrong"), 403), ({"Authorization": ""}, 401), (bearer("hf_unknownToken"), 401)]
)
async def test_nobody_else_gets_in(client: HubClient, headers: dict[str, str], status: int) -> None:
    assert (await client.post("/spaces/provision", json=ORDER, headers=headers)).status_code == status
    if "hf_" not in headers["Authorization"]:
        assert (await client.post("/spaces/wake", json={"ids": ["a/b"]}, headers=headers)).status_code == status


async def test_spaces_that_rest_are_woken(client: HubClient) -> None:
    client.hub.spaces["deployer/template"].settle("SLEEPING")
    answer = await client.post("/spaces/wake", json={"ids": ["deployer/template", "deployer/none"]})
    woken, missing = answer.json()["spaces"]
    assert answer.status_code == 200
    assert answer.json()["ok"] is False
    assert (woken["was"], woken["restarted"], woken["stage"]) == ("SLEEPING", True, "BUILDING")
    assert "no such Space" in missing["error"]
    assert (await client.post("/spaces/wake", json={"ids": ["none"]})).status_code == 400


async def test_the_routes_are_described(client: HubClient) -> None:
    described = (await client.get("/openapi.json")).json()["paths"]["/spaces/provision"]["post"]
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    assert "$ref" not in str(schema)
    assert schema["properties"]["spaces"]["items"]["required"] == ["name"]
    assert set(described["responses"]) >= {"200", "400", "401", "403", "502"}


async def test_who_accepts_event_streams_is_told_of_every_space_and_at_the_end_of_the_result(client: HubClient) -> None:
    response = await client.post("/spaces/provision", json=ORDER, headers=STREAM)
    assert response.headers["content-type"].startswith("text/event-stream")
    *changes, (last, result) = events(response.text)
    assert {name for name, _ in changes} == {"space"}
    for name in ("team-a", "team-b"):
        told = [data["status"] for _, data in changes if data["name"] == name]
        assert told == ["running", "succeeded"]
    assert (last, result["ok"], result["status"]) == ("result", True, "succeeded")
    assert [space["name"] for space in result["spaces"]] == ["team-a", "team-b"]
    assert VALUE not in response.text
    plan = await client.post("/spaces/provision", json=ORDER | {"dry_run": True}, headers=STREAM)
    ((name, data),) = events(plan.text)
    assert (name, data["status"], data["spaces"][0]["action"]) == ("result", "planned", "unchanged")
    assert len(client.hub.calls("POST", "/duplicate")) == 2


async def test_a_refusal_has_its_status_also_for_who_accepts_event_streams(client: HubClient) -> None:
    for body, status in (({"spaces": []}, 400), (ORDER | {"template": "deployer/none"}, 404)):
        response = await client.post("/spaces/provision", json=body, headers=STREAM)
        assert (response.status_code, response.json()["ok"]) == (status, False)
    wrong = STREAM | bearer("wrong")
    assert (await client.post("/spaces/provision", json=ORDER, headers=wrong)).status_code == 403


async def test_what_breaks_on_the_way_is_an_event(client: HubClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creation_routes, "FIRST_EVENT_SECONDS", 0.0)
    client.hub.spaces.clear()
    response = await client.post("/spaces/provision", json=ORDER, headers=STREAM)
    ((name, data),) = events(response.text)
    assert (response.status_code, name, data["ok"]) == (200, "error", False)
    assert "no such Space" in data["error"]


async def test_silence_is_filled_with_comments(client: HubClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.1)
    client.hub.add_fault(Fault("POST", "/duplicate", answer=Hang(1)))
    response = await client.post("/spaces/provision", json=ORDER, headers=STREAM)
    assert ": ping\n\n" in response.text
    assert events(response.text)[-1][0] == "result"


@pytest.mark.parametrize("headers", [{}, STREAM], ids=["JSON", "events"])
async def test_to_hang_up_stops_the_work_and_the_same_order_again_finishes_it(
    hub: FakeHub, services: MemoryServices, headers: dict[str, str]
) -> None:
    spaces = [{"name": f"team-{number}", "secrets": {"KEY": VALUE}} for number in range(SPACES)]
    order = ORDER | {"spaces": spaces}
    async with served(services) as client:
        asked = asyncio.create_task(client.post("/spaces/provision", json=order, headers=headers))
        await until(lambda: "deployer/team-2" in hub.spaces)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await until(lambda: services.provision_spaces.under_way == 0)
        assert len(hub.spaces) < 2 + SPACES
        again = (await client.post("/spaces/provision", json=order, timeout=60)).json()
    assert [space["status"] for space in again["spaces"]] == ["succeeded"] * SPACES
    assert len([call for call in hub.calls("POST", "/duplicate") if call.status == 200]) == SPACES
    assert {hub.spaces[f"deployer/team-{number}"].secrets["KEY"].value for number in range(SPACES)} == {VALUE}
