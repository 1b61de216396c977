"""/spaces/{owner}/{name}: every function of Space management has a route that does it."""

import pytest
from httpx import AsyncClient

from tests.fakes.hub import FakeHub, Setting, Space
from tests.integration.space_functions import FUNCTIONS, prepare, state_of
from tests.integration.spaces_http.rig import APP, AT, ID, VALUE, error_of

ROUTES = dict(FUNCTIONS["routes"])


@pytest.mark.parametrize("name", ROUTES)
async def test_every_function_has_a_route_that_does_it(
    hub: FakeHub, space: Space, client: AsyncClient, name: str
) -> None:
    prepare(space)
    route = ROUTES[name]
    method, path = route["request"].split(" ")
    response = await client.request(method, AT + path, json=route.get("body"))
    assert response.status_code == 200, response.text
    assert {field: state_of(space)[field] for field in route["then"]} == route["then"]
    assert VALUE not in response.text
    assert not [entry for entry in hub.log if entry.status is None or entry.status >= 400]


async def test_a_copy_has_files_and_variables_and_the_secrets_that_are_given(
    hub: FakeHub, space: Space, client: AsyncClient
) -> None:
    space.variables["LEVEL"] = Setting("3")
    space.secrets |= {"KEY": Setting("one"), "OTHER": Setting("two")}
    wish = {"to_id": "copy", "secrets": {"KEY": VALUE}, "variables": {"TEAM": "a"}, "hardware": "cpu-upgrade"}
    response = await client.post(f"{AT}/duplicate", json=wish)
    copy = hub.spaces["deployer/copy"]
    answer = response.json()
    assert (response.status_code, answer["space_id"], answer["host"]) == (200, copy.id, copy.host)
    assert copy.files() == space.files()
    assert {key: setting.value for key, setting in copy.variables.items()} == {"LEVEL": "3", "TEAM": "a"}
    assert {key: setting.value for key, setting in copy.secrets.items()} == {"KEY": VALUE}
    assert copy.hardware == "cpu-upgrade"
    assert "OTHER" in answer["warning"]
    assert "KEY," not in answer["warning"]
    assert len(hub.calls("POST")) == 1


@pytest.mark.parametrize(("private", "expected"), [(None, "private"), (True, "private"), (False, "public")])
async def test_a_copy_of_a_private_space_is_private_unless_it_is_said_to_be_public(
    hub: FakeHub, space: Space, client: AsyncClient, private: bool | None, expected: str
) -> None:
    space.visibility = "private"
    response = await client.post(f"{AT}/duplicate", json={"to_id": "deployer/copy", "private": private})
    assert response.status_code == 200
    assert hub.spaces["deployer/copy"].visibility == expected


async def test_a_space_of_somebody_else_is_copied_under_its_name_to_the_token_s_owner(
    hub: FakeHub, client: AsyncClient
) -> None:
    hub.create("visitor/waves", "gradio", APP)
    response = await client.post("/spaces/visitor/waves/duplicate")
    assert (response.status_code, response.json()["space_id"]) == (200, "deployer/waves")


async def test_a_copy_onto_a_name_that_is_taken_is_a_conflict(client: AsyncClient) -> None:
    assert (await client.post(f"{AT}/duplicate")).status_code == 409


async def test_deleting_wants_the_name_once_more(hub: FakeHub, client: AsyncClient) -> None:
    for confirm in ({}, {"confirm": "deployer/other"}):
        response = await client.delete(AT, params=confirm)
        assert "repeat owner/name" in error_of(response, 400)
    assert not hub.calls("DELETE")
    response = await client.delete(AT, params={"confirm": ID})
    assert response.json() == {"ok": True, "space_id": ID, "deleted": True}
    assert ID not in hub.spaces


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_persistent_storage_is_gone_and_volumes_are_named_instead(
    hub: FakeHub, client: AsyncClient, method: str
) -> None:
    response = await client.request(method, f"{AT}/storage", json={"storage": "small"})
    assert "volumes" in error_of(response, 410)
    assert hub.log == []


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/hardware"), ("PATCH", ""), ("POST", "/duplicate"), ("PUT", "/volumes")]
)
async def test_a_wish_for_storage_within_another_request_is_told_of_volumes(
    hub: FakeHub, client: AsyncClient, method: str, path: str
) -> None:
    response = await client.request(method, AT + path, json={"storage": "small"})
    assert response.status_code == 400
    assert [field["field"] for field in response.json()["fields"]] == ["storage"]
    assert "volumes" in response.json()["error"]
    assert hub.log == []


async def test_a_pause_of_a_running_app_is_warned_of(client: AsyncClient) -> None:
    answer = (await client.post(f"{AT}/pause")).json()
    assert (answer["restarts"], answer["runtime"]["stage"]) == (False, "PAUSED")
    assert "visitors" in answer["warning"]


@pytest.mark.parametrize("stage", ["PAUSED", "SLEEPING", "STOPPED"])
async def test_waking_restarts_what_rests(space: Space, client: AsyncClient, stage: str) -> None:
    space.settle(stage)
    answer = (await client.post(f"{AT}/wake")).json()
    assert (answer["restarts"], space.starts) == (True, 1)


@pytest.mark.parametrize("stage", ["RUNNING", "BUILDING", "BUILD_ERROR"])
async def test_waking_leaves_alone_what_does_not_rest(space: Space, client: AsyncClient, stage: str) -> None:
    space.settle(stage)
    answer = (await client.post(f"{AT}/wake")).json()
    assert (answer["restarts"], answer["runtime"]["stage"], space.starts) == (False, stage, 0)
