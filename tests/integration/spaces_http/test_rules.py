"""What cannot be done to a Space, and who may not do it."""

from typing import Any

import pytest

from tests.cases import cases
from tests.fakes.hub import Fault, Setting
from tests.integration.spaces_http.rig import APP, AT, ID, PAGE, VALUE, VISITORS_TOKEN, HubClient, error_of


@pytest.mark.parametrize(("kind", "other"), [("variables", "secrets"), ("secrets", "variables")])
async def test_a_name_cannot_be_both_secret_and_variable(client: HubClient, kind: str, other: str) -> None:
    getattr(client.space, other)["KEY"] = Setting("1")
    response = await client.put(f"{AT}/{kind}", json={"KEY": "2"})
    assert response.status_code == 400
    assert [field["field"] for field in response.json()["fields"]] == [kind]
    assert not client.hub.calls("POST")


async def test_a_static_space_takes_no_secrets(client: HubClient) -> None:
    client.hub.create("deployer/page", "static", PAGE)
    response = await client.put("/spaces/deployer/page/secrets/KEY", json={"value": VALUE})
    assert "every visitor" in error_of(response, 400)
    assert not client.hub.calls("POST")


async def test_what_a_static_space_cannot_do_is_told_in_the_hub_s_words(client: HubClient) -> None:
    client.hub.create("deployer/page", "static", PAGE)
    response = await client.post("/spaces/deployer/page/restart")
    assert "static" in error_of(response, 400)


async def test_variables_of_a_static_space_restart_nothing(client: HubClient) -> None:
    client.hub.create("deployer/page", "static", PAGE)
    answer = (await client.put("/spaces/deployer/page/variables/A", json={"value": "1"})).json()
    assert (answer["restarts"], answer["warning"]) == (False, None)


async def test_hardware_that_nobody_here_knows_is_the_hub_s_to_judge(client: HubClient) -> None:
    response = await client.put(f"{AT}/hardware", json={"hardware": "quantum-x9"})
    assert response.status_code == 400
    assert client.hub.calls("POST", "/hardware")[0].body == {"flavor": "quantum-x9"}


@pytest.mark.parametrize(
    ("request_line", "body", "field"),
    [
        *cases("space-rules")["changes"],
        ("PUT /variables", {f"K{n}": "" for n in range(101)}, "variables"),
        ("PUT /secrets", {"A": "x" * 40_000}, "secrets"),
        ("PUT /secrets/A", {"value": None}, "value"),
        ("POST /restart?factory_reboot=canary", None, "factory_reboot"),
    ],
)
async def test_broken_rules_are_named_before_the_hub_is_asked(
    client: HubClient, request_line: str, body: Any, field: str
) -> None:
    method, _, path = request_line.partition(" ")
    response = await client.request(method, AT + path, json=body)
    assert response.status_code == 400, response.text
    assert {problem["field"] for problem in response.json()["fields"]} == {field}
    assert "canary" not in response.text
    assert client.hub.log == []


@pytest.mark.parametrize("name", ["a--b", "%2e%2e", "x" * 120, "name.git"])
async def test_an_address_that_names_no_space_is_refused_here(client: HubClient, name: str) -> None:
    response = await client.get(f"/spaces/deployer/{name}/runtime")
    assert response.status_code in {400, 404}
    assert client.hub.log == []


async def test_other_bodies_than_json_are_refused_where_json_is_needed(client: HubClient) -> None:
    headers = {"Content-Type": "text/plain"}
    assert (await client.put(f"{AT}/hardware", content="t4-small", headers=headers)).status_code == 415
    headers = {"Content-Type": "text/csv"}
    assert (await client.put(f"{AT}/variables", content="A,1", headers=headers)).status_code == 415


async def test_a_name_that_is_not_there_is_told_with_near_ones(client: HubClient) -> None:
    response = await client.get("/spaces/deployer/tide")
    assert ID in error_of(response, 404)


async def test_what_the_hub_refuses_has_the_status_of_its_kind(client: HubClient) -> None:
    client.hub.plan = "free"
    payment = await client.put(f"{AT}/hardware", json={"hardware": "t4-small"})
    assert "payment" in error_of(payment, 402)
    foreign = client.hub.create("visitor/waves", "gradio", APP)
    assert (await client.post(f"/spaces/{foreign.id}/restart")).status_code == 403
    client.hub.add_fault(Fault("GET", "/runtime", times=None))
    assert (await client.get(f"{AT}/runtime")).status_code == 502


async def test_a_token_of_the_caller_s_acts_for_the_caller(client: HubClient) -> None:
    foreign = client.hub.create("visitor/waves", "gradio", APP)
    headers = {"Authorization": f"Bearer {VISITORS_TOKEN}"}
    assert (await client.post(f"/spaces/{foreign.id}/restart", headers=headers)).status_code == 200
    assert {entry.token for entry in client.hub.log} == {VISITORS_TOKEN}
    assert (await client.post(f"{AT}/restart", headers=headers)).status_code == 403


async def test_an_unknown_token_of_the_hub_is_refused(client: HubClient) -> None:
    headers = {"Authorization": "Bearer hf_" + "nobodysTokenAtAll"}
    response = await client.get(AT, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_no_route_answers_without_a_secret(client: HubClient) -> None:
    document = (await client.get("/openapi.json")).json()
    paths = {path: item for path, item in document["paths"].items() if path.startswith("/spaces/{owner}/{name}")}
    assert len(paths) >= 15
    for path, item in paths.items():
        address = path.replace("{owner}/{name}", ID).replace("{key}", "A")
        for method in item:
            for headers in ({"Authorization": ""}, {"Authorization": "Bearer wrong"}):
                response = await client.request(method, address, headers=headers, content=b"{broken")
                assert response.status_code in {401, 403, 429}, (method, path)
            assert item[method]["security"]
            assert {"400", "401", "403", "404", "429", "502"} <= set(item[method]["responses"])
    assert client.hub.log == []
