"""Secrets, variables and other settings over HTTP: what differs is set, what that means is told, and who may not."""

from typing import Any

import pytest

from tests.cases import cases
from tests.fakes.hub import Answer, Fault, Setting, too_many_requests
from tests.integration.space_functions import APP, ID, VALUE
from tests.integration.spaces_http.rig import AT, PAGE, VISITORS_TOKEN, VOLUME, HubClient, bearer, error_of


async def test_variables_are_listed_with_their_values_and_secrets_without(client: HubClient) -> None:
    client.space.variables["LEVEL"] = Setting("3", "where it begins")
    client.space.secrets["KEY"] = Setting(VALUE, "of the tables")
    variables = (await client.get(f"{AT}/variables")).json()
    secrets = await client.get(f"{AT}/secrets")
    assert [(each["key"], each["value"]) for each in variables["variables"]] == [("LEVEL", "3")]
    assert secrets.json()["secrets"] == [
        {"key": "KEY", "description": "of the tables", "updated_at": "2026-01-02T03:04:05Z"}
    ]
    assert VALUE not in secrets.text
    assert (await client.get(f"{AT}/variables/LEVEL")).json()["value"] == "3"
    assert VALUE not in (await client.get(f"{AT}/secrets/KEY")).text


@pytest.mark.parametrize("kind", ["variables", "secrets"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_name_that_is_not_there_is_not_found_and_near_ones_are_told(
    client: HubClient, kind: str, method: str
) -> None:
    getattr(client.space, kind)["API_KEY"] = Setting(VALUE)
    response = await client.request(method, f"{AT}/{kind}/APIKEY")
    assert "API_KEY" in error_of(response, 404)
    assert VALUE not in response.text
    assert not client.hub.calls("DELETE")


@pytest.mark.parametrize("kind", ["variables", "secrets"])
async def test_many_are_set_at_once_as_json(client: HubClient, kind: str) -> None:
    body = {"A": "1", "B": {"value": "2", "description": "the second"}}
    response = await client.put(f"{AT}/{kind}", json=body)
    settings = getattr(client.space, kind)
    assert response.status_code == 200
    assert [(key, each.value, each.description) for key, each in settings.items()] == [
        ("A", "1", None),
        ("B", "2", "the second"),
    ]
    assert response.json()["changed"] == [f"{kind[:-1]} A", f"{kind[:-1]} B"]


@pytest.mark.parametrize("kind", ["variables", "secrets"])
async def test_many_are_set_at_once_as_an_env_file(client: HubClient, kind: str) -> None:
    text = f"# settings\nexport A=1\nB='two words' # why\n\nC=\"{VALUE}\"\n"
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    response = await client.put(f"{AT}/{kind}", content=text, headers=headers)
    assert response.status_code == 200
    assert {key: each.value for key, each in getattr(client.space, kind).items()} == {
        "A": "1",
        "B": "two words",
        "C": VALUE,
    }
    assert VALUE not in response.text


async def test_a_line_that_is_no_setting_is_told_by_its_number_alone(client: HubClient) -> None:
    text = f"A=1\n{VALUE}\nB='{VALUE}\nA=2\n"
    response = await client.put(f"{AT}/secrets", content=text, headers={"Content-Type": "text/plain"})
    assert "line 2" in error_of(response, 400)
    assert VALUE not in response.text
    assert client.hub.log == []


async def test_all_of_one_kind_are_deleted_when_that_is_confirmed(client: HubClient) -> None:
    client.space.variables |= {"A": Setting("1"), "B": Setting("2")}
    assert (await client.delete(f"{AT}/variables")).status_code == 400
    assert len(client.space.variables) == 2
    response = await client.delete(f"{AT}/variables", params={"confirm": ID})
    assert response.json()["changed"] == ["variable A", "variable B"]
    assert client.space.variables == {}


async def test_what_is_so_already_is_left_alone_and_restarts_nothing(client: HubClient) -> None:
    client.space.variables["LEVEL"] = Setting("3")
    response = await client.put(f"{AT}/variables", json={"LEVEL": "3"})
    answer = response.json()
    assert (answer["restarts"], answer["warning"], answer["unchanged"]) == (False, None, ["variable LEVEL"])
    assert not client.hub.calls("POST")
    assert (await client.put(f"{AT}/visibility", json={"visibility": "public"})).json()["unchanged"] == ["visibility"]
    assert not client.hub.calls("PUT")


async def test_the_answer_says_that_a_running_app_restarts(client: HubClient) -> None:
    answer = (await client.put(f"{AT}/variables/LEVEL", json={"value": "3"})).json()
    assert (answer["ok"], answer["space_id"], answer["restarts"]) == (True, ID, True)
    assert "starts anew" in answer["warning"]


async def test_there_is_no_warning_for_an_app_that_does_not_run(client: HubClient) -> None:
    client.space.settle("PAUSED")
    answer = (await client.put(f"{AT}/hardware", json={"hardware": "t4-small"})).json()
    assert (answer["restarts"], answer["warning"]) == (True, None)
    assert answer["runtime"]["requested_hardware"] == "t4-small"


@pytest.mark.filterwarnings("ignore:If your Space runs on the default:UserWarning")
async def test_a_sleep_time_that_the_hardware_does_not_obey_is_warned_of(client: HubClient) -> None:
    answer = (await client.put(f"{AT}/sleep-time", json={"seconds": 600})).json()
    assert (answer["restarts"], answer["changed"]) == (False, ["sleep time"])
    assert "48 hours" in answer["warning"]
    paid = (await client.put(f"{AT}/hardware", json={"hardware": "t4-small", "sleep_time": 600})).json()
    assert "48 hours" not in paid["warning"]


async def test_several_changes_are_made_in_the_order_that_spares_restarts(client: HubClient) -> None:
    body = {
        "hardware": "t4-small",
        "sleep_time": 600,
        "visibility": "private",
        "variables": {"LEVEL": "3"},
        "secrets": {"KEY": VALUE},
        "volumes": [VOLUME],
    }
    response = await client.patch(AT, json=body)
    made = ["secret KEY", "variable LEVEL", "volumes", "hardware and sleep time", "visibility"]
    assert response.json()["changed"] == made
    changes = [entry.path.rpartition("/")[2] for entry in client.hub.calls("*") if entry.method != "GET"]
    assert changes == ["secrets", "variables", "volumes", "hardware", "settings"]
    assert (client.space.hardware, client.space.sleep_seconds, client.space.visibility) == ("t4-small", 600, "private")
    assert VALUE not in response.text


async def test_half_done_changes_are_told(client: HubClient) -> None:
    refused = Answer(400, {"error": "too many variables"})
    names = ["A", "B", "C", "D", "E"]
    client.space.variables["B"] = Setting("1")
    client.hub.add_fault(Fault("POST", "/variables", times=1, when="after", answer=Answer(200, {})))
    client.hub.add_fault(Fault("POST", "/variables", times=1, answer=refused))
    response = await client.put(f"{AT}/variables", json=dict.fromkeys(names, "1"))
    error = response.json()["error"]
    assert response.status_code == 400
    assert "too many variables" in error
    assert "changed before that: variable A; not changed: variable C, variable D, variable E" in error
    assert set(client.space.variables) == {"A", "B"}


async def test_half_done_changes_keep_the_time_to_come_back(client: HubClient) -> None:
    client.hub.add_fault(Fault("POST", "/hardware", times=None, answer=too_many_requests(300)))
    response = await client.patch(AT, json={"variables": {"A": "1"}, "hardware": "t4-small"})
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) >= 300
    assert "come back in" in response.json()["error"]
    assert "changed before that: variable A; not changed: hardware" in response.json()["error"]


# What cannot be done to a Space, and who may not do it


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
    headers = bearer(VISITORS_TOKEN)
    assert (await client.post(f"/spaces/{foreign.id}/restart", headers=headers)).status_code == 200
    assert {entry.token for entry in client.hub.log} == {VISITORS_TOKEN}
    assert (await client.post(f"{AT}/restart", headers=headers)).status_code == 403


async def test_an_unknown_token_of_the_hub_is_refused(client: HubClient) -> None:
    response = await client.get(AT, headers=bearer("hf_" + "nobodysTokenAtAll"))
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_no_route_answers_without_a_secret(client: HubClient) -> None:
    document = (await client.get("/openapi.json")).json()
    paths = {path: item for path, item in document["paths"].items() if path.startswith("/spaces/{owner}/{name}")}
    assert len(paths) >= 15
    for path, item in paths.items():
        address = path.replace("{owner}/{name}", ID).replace("{key}", "A")
        for method in item:
            for headers in ({"Authorization": ""}, bearer("wrong")):
                response = await client.request(method, address, headers=headers, content=b"{broken")
                assert response.status_code in {401, 403, 429}, (method, path)
            assert item[method]["security"]
            assert {"400", "401", "403", "404", "429", "502"} <= set(item[method]["responses"])
    assert client.hub.log == []
