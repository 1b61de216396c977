"""/spaces/{owner}/{name}: every function of Space management has a route that does it."""

from collections.abc import Callable
from typing import Any

import pytest
from httpx import AsyncClient

from tests.fakes.hub import FakeHub, Setting, Space
from tests.integration.spaces_http.rig import APP, AT, ID, VALUE, VOLUME

Check = Callable[[Space], bool]


ROWS: dict[str, tuple[str, str, Any, Check]] = {
    "get_runtime": ("GET", "/runtime", None, lambda space: space.starts == 0),
    "pause": ("POST", "/pause", None, lambda space: space.run.stage == "PAUSED"),
    "restart": ("POST", "/restart", None, lambda space: space.starts == 1),
    "restart from scratch": ("POST", "/restart?factory_reboot=true", None, lambda space: space.starts == 1),
    "wake": ("POST", "/wake", None, lambda space: space.starts == 0),
    "request_hardware": (
        "PUT",
        "/hardware",
        {"hardware": "t4-small", "sleep_time": 300},
        lambda space: (space.hardware, space.sleep_seconds) == ("t4-small", 300),
    ),
    "set_sleep_time": ("PUT", "/sleep-time", {"seconds": -1}, lambda space: space.sleep_seconds == -1),
    "set_volumes": (
        "PUT",
        "/volumes",
        {"volumes": [VOLUME]},
        lambda space: [volume["mountPath"] for volume in space.volumes] == ["/data"],
    ),
    "get_variables": ("GET", "/variables", None, lambda space: space.starts == 0),
    "add_variable": (
        "PUT",
        "/variables/DEBUG",
        {"value": "true", "description": "more words"},
        lambda space: (space.variables["DEBUG"].value, space.variables["DEBUG"].description) == ("true", "more words"),
    ),
    "delete_variable": ("DELETE", "/variables/OLD", None, lambda space: "OLD" not in space.variables),
    "get_secrets": ("GET", "/secrets", None, lambda space: space.starts == 0),
    "add_secret": (
        "PUT",
        "/secrets/API_KEY",
        {"value": VALUE, "description": "of the tide tables"},
        lambda space: (
            (space.secrets["API_KEY"].value, space.secrets["API_KEY"].description) == (VALUE, "of the tide tables")
        ),
    ),
    "delete_secret": ("DELETE", "/secrets/OLD_KEY", None, lambda space: "OLD_KEY" not in space.secrets),
    "dev mode": ("PUT", "/dev-mode", {"enabled": True}, lambda space: space.dev_mode),
    "visibility": ("PUT", "/visibility", {"visibility": "private"}, lambda space: space.visibility == "private"),
    "info": ("GET", "", None, lambda space: space.starts == 0),
}


@pytest.mark.parametrize("row", ROWS)
async def test_every_function_has_a_route_that_does_it(
    hub: FakeHub, space: Space, client: AsyncClient, row: str
) -> None:
    space.variables["OLD"] = Setting("1")
    space.secrets["OLD_KEY"] = Setting("1")
    space.hardware = "cpu-upgrade"  # a sleep time is for paid hardware
    method, path, body, is_done = ROWS[row]
    response = await client.request(method, AT + path, json=body)
    assert response.status_code == 200, response.text
    assert is_done(space)
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
        assert response.status_code == 400
        assert "repeat owner/name" in response.json()["error"]
    assert not hub.calls("DELETE")
    response = await client.delete(AT, params={"confirm": ID})
    assert response.json() == {"ok": True, "space_id": ID, "deleted": True}
    assert ID not in hub.spaces


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_persistent_storage_is_gone_and_volumes_are_named_instead(
    hub: FakeHub, client: AsyncClient, method: str
) -> None:
    response = await client.request(method, f"{AT}/storage", json={"storage": "small"})
    assert response.status_code == 410
    assert "volumes" in response.json()["error"]
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
