"""Secrets, variables and other settings over HTTP: what differs is set, and what that means is told."""

import pytest

from tests.fakes.hub import Answer, Fault, Setting, too_many_requests
from tests.integration.spaces_http.rig import AT, ID, VALUE, VOLUME, HubClient, error_of


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
