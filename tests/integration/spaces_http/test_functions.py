"""/spaces/{owner}/{name}: every function of Space management has a route that does it."""

from typing import Any

import httpx
import pytest
from httpx import AsyncClient

from tests.fakes.hub import Setting
from tests.fakes.jobs import SECRET
from tests.integration.space_functions import APP, FUNCTIONS, ID, VALUE, prepare, state_of
from tests.integration.spaces_http.rig import AT, HubClient, error_of

ROUTES = dict(FUNCTIONS["routes"])


@pytest.mark.parametrize("name", ROUTES)
async def test_every_function_has_a_route_that_does_it(client: HubClient, name: str) -> None:
    prepare(client.space)
    route = ROUTES[name]
    method, path = route["request"].split(" ")
    response = await client.request(method, AT + path, json=route.get("body"))
    assert response.status_code == 200, response.text
    assert {field: state_of(client.space)[field] for field in route["then"]} == route["then"]
    assert VALUE not in response.text
    assert not [entry for entry in client.hub.log if entry.status is None or entry.status >= 400]


async def test_a_copy_has_files_and_variables_and_the_secrets_that_are_given(client: HubClient) -> None:
    client.space.variables["LEVEL"] = Setting("3")
    client.space.secrets |= {"KEY": Setting("one"), "OTHER": Setting("two")}
    wish = {"to_id": "copy", "secrets": {"KEY": VALUE}, "variables": {"TEAM": "a"}, "hardware": "cpu-upgrade"}
    response = await client.post(f"{AT}/duplicate", json=wish)
    copy = client.hub.spaces["deployer/copy"]
    answer = response.json()
    assert (response.status_code, answer["space_id"], answer["host"]) == (200, copy.id, copy.host)
    assert copy.files() == client.space.files()
    assert {key: setting.value for key, setting in copy.variables.items()} == {"LEVEL": "3", "TEAM": "a"}
    assert {key: setting.value for key, setting in copy.secrets.items()} == {"KEY": VALUE}
    assert copy.hardware == "cpu-upgrade"
    assert "OTHER" in answer["warning"]
    assert "KEY," not in answer["warning"]
    assert len(client.hub.calls("POST")) == 1


@pytest.mark.parametrize(("private", "expected"), [(None, "private"), (True, "private"), (False, "public")])
async def test_a_copy_of_a_private_space_is_private_unless_it_is_said_to_be_public(
    client: HubClient, private: bool | None, expected: str
) -> None:
    client.space.visibility = "private"
    response = await client.post(f"{AT}/duplicate", json={"to_id": "deployer/copy", "private": private})
    assert response.status_code == 200
    assert client.hub.spaces["deployer/copy"].visibility == expected


async def test_a_space_of_somebody_else_is_copied_under_its_name_to_the_token_s_owner(client: HubClient) -> None:
    client.hub.create("visitor/waves", "gradio", APP)
    response = await client.post("/spaces/visitor/waves/duplicate")
    assert (response.status_code, response.json()["space_id"]) == (200, "deployer/waves")


async def test_a_copy_onto_a_name_that_is_taken_is_a_conflict(client: HubClient) -> None:
    assert (await client.post(f"{AT}/duplicate")).status_code == 409


async def test_deleting_wants_the_name_once_more(client: HubClient) -> None:
    for confirm in ({}, {"confirm": "deployer/other"}):
        response = await client.delete(AT, params=confirm)
        assert "repeat owner/name" in error_of(response, 400)
    assert not client.hub.calls("DELETE")
    response = await client.delete(AT, params={"confirm": ID})
    assert response.json() == {"ok": True, "space_id": ID, "deleted": True}
    assert ID not in client.hub.spaces


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_persistent_storage_is_gone_and_volumes_are_named_instead(client: HubClient, method: str) -> None:
    response = await client.request(method, f"{AT}/storage", json={"storage": "small"})
    assert "volumes" in error_of(response, 410)
    assert client.hub.log == []


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/hardware"), ("PATCH", ""), ("POST", "/duplicate"), ("PUT", "/volumes")]
)
async def test_a_wish_for_storage_within_another_request_is_told_of_volumes(
    client: HubClient, method: str, path: str
) -> None:
    response = await client.request(method, AT + path, json={"storage": "small"})
    assert response.status_code == 400
    assert [field["field"] for field in response.json()["fields"]] == ["storage"]
    assert "volumes" in response.json()["error"]
    assert client.hub.log == []


async def test_a_pause_of_a_running_app_is_warned_of(client: HubClient) -> None:
    answer = (await client.post(f"{AT}/pause")).json()
    assert (answer["restarts"], answer["runtime"]["stage"]) == (False, "PAUSED")
    assert "visitors" in answer["warning"]


@pytest.mark.parametrize("stage", ["PAUSED", "SLEEPING", "STOPPED"])
async def test_waking_restarts_what_rests(client: HubClient, stage: str) -> None:
    client.space.settle(stage)
    answer = (await client.post(f"{AT}/wake")).json()
    assert (answer["restarts"], client.space.starts) == (True, 1)


@pytest.mark.parametrize("stage", ["RUNNING", "BUILDING", "BUILD_ERROR"])
async def test_waking_leaves_alone_what_does_not_rest(client: HubClient, stage: str) -> None:
    client.space.settle(stage)
    answer = (await client.post(f"{AT}/wake")).json()
    assert (answer["restarts"], answer["runtime"]["stage"], client.space.starts) == (False, stage, 0)


# Files


async def put_files(client: AsyncClient, files: Any, **fields: Any) -> httpx.Response:
    return await client.put(f"{AT}/files", json={"files": files, **fields})


async def test_files_are_added_and_replaced_in_one_commit_and_others_stay(client: HubClient) -> None:
    before = len(client.space.commits)
    files = {"app.py": "import gradio as gr\n", "img/dot.gif": {"base64": "R0lGODlhAQABAAAAACw="}}
    response = await put_files(client, files, message="Show the moon")
    answer = response.json()
    assert (response.status_code, answer["commit_sha"], answer["restarts"]) == (200, client.space.head, True)
    assert answer["changed"] == ["added img/dot.gif", "changed app.py"]
    assert "built" in answer["warning"]
    assert [commit.summary for commit in client.space.commits[before:]] == ["Show the moon"]
    assert client.space.files()["img/dot.gif"].startswith(b"GIF89a")
    assert client.space.files()["README.md"] == APP["README.md"].encode()
    assert len(client.hub.calls("POST", "/commit/")) == 1


async def test_files_may_become_all_that_a_space_holds(client: HubClient) -> None:
    response = await put_files(client, {"README.md": APP["README.md"], "main.py": ""}, replace=True)
    assert response.json()["changed"] == ["added main.py", "deleted app.py"]
    assert set(client.space.files()) == {".gitattributes", "README.md", "main.py"}


async def test_files_that_are_there_already_are_no_commit(client: HubClient) -> None:
    answer = (await put_files(client, {"app.py": APP["app.py"]})).json()
    assert (answer["restarts"], answer["warning"], answer["changed"]) == (False, None, [])
    assert not client.hub.calls("POST", "/commit/")


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"../x": "1"},
        {"a.txt": 5},
        {"a.txt": {"base64": "?"}},
        {"README.md": "# without a card"},
        {"notes.txt": f"our secret is {SECRET}"},
    ],
)
async def test_files_that_must_not_be_published_are_refused(client: HubClient, files: dict[str, Any]) -> None:
    response = await put_files(client, files)
    assert error_of(response, 400)
    assert SECRET not in response.text
    assert not client.hub.calls("POST", "/commit/")
