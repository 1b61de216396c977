"""/spaces/{owner}/{name} through the whole application, with the fake Hub."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr

from pipeline.spaces.hosts import space_hosts
from pipeline.web.app import create_app
from pipeline.web.spaces import log_routes as space_events
from pipeline.web.streams import Streams
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, FakeHub, Fault, Setting, Space, too_many_requests
from tests.fakes.jobs import SECRET, MemoryServices

ID = "deployer/tides"
AT = f"/spaces/{ID}"
APP = {"README.md": "---\ntitle: Tides\nsdk: gradio\n---\n", "app.py": "import gradio\n"}
PAGE = {"README.md": "---\ntitle: Page\nsdk: static\n---\n", "index.html": "<h1>Tides</h1>"}
VISITORS_TOKEN = "hf_" + "ofAVisitorOfTheTests"
VALUE = "v4lue-that-nobody-may-see"
BEARER = {"Authorization": f"Bearer {SECRET}"}
VOLUME = {"type": "bucket", "source": "deployer/data", "mount_path": "/data"}
Check = Callable[[Space], bool]


def setting(value: str) -> Setting:
    return Setting(value, None, "2026-01-02T03:04:05.000Z")


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(others={VISITORS_TOKEN: "visitor"}) as hub:
        hub.create(ID, "gradio", APP)
        yield hub


@pytest.fixture
def space(hub: FakeHub) -> Space:
    return hub.spaces[ID]


@pytest.fixture
def services(hub: FakeHub) -> MemoryServices:
    services = MemoryServices()
    services.spaces = space_hosts(hub.endpoint, SecretStr(hub.token), FakeClock())
    return services


@pytest.fixture
async def client(services: MemoryServices) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://pipeline.test", headers=BEARER) as client:
        yield client


@asynccontextmanager
async def served(services: MemoryServices, streams: Streams | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real server: only there can somebody leave before the end."""
    app = create_app(services)
    app.state.streams = streams or app.state.streams
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=address, headers=BEARER) as client:
            yield client
    finally:
        server.should_exit = True
        await serving


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


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
    hub: FakeHub, space: Space, client: httpx.AsyncClient, row: str
) -> None:
    space.variables["OLD"] = setting("1")
    space.secrets["OLD_KEY"] = setting("1")
    space.hardware = "cpu-upgrade"  # a sleep time is for paid hardware
    method, path, body, is_done = ROWS[row]
    response = await client.request(method, AT + path, json=body)
    assert response.status_code == 200, response.text
    assert is_done(space)
    assert VALUE not in response.text
    assert not [entry for entry in hub.log if entry.status is None or entry.status >= 400]


async def test_a_copy_has_files_and_variables_and_the_secrets_that_are_given(
    hub: FakeHub, space: Space, client: httpx.AsyncClient
) -> None:
    space.variables["LEVEL"] = setting("3")
    space.secrets |= {"KEY": setting("one"), "OTHER": setting("two")}
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
    hub: FakeHub, space: Space, client: httpx.AsyncClient, private: bool | None, expected: str
) -> None:
    space.visibility = "private"
    response = await client.post(f"{AT}/duplicate", json={"to_id": "deployer/copy", "private": private})
    assert response.status_code == 200
    assert hub.spaces["deployer/copy"].visibility == expected


async def test_a_space_of_somebody_else_is_copied_under_its_name_to_the_token_s_owner(
    hub: FakeHub, client: httpx.AsyncClient
) -> None:
    hub.create("visitor/waves", "gradio", APP)
    response = await client.post("/spaces/visitor/waves/duplicate")
    assert (response.status_code, response.json()["space_id"]) == (200, "deployer/waves")


async def test_a_copy_onto_a_name_that_is_taken_is_a_conflict(client: httpx.AsyncClient) -> None:
    assert (await client.post(f"{AT}/duplicate")).status_code == 409


async def test_deleting_wants_the_name_once_more(hub: FakeHub, client: httpx.AsyncClient) -> None:
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
    hub: FakeHub, client: httpx.AsyncClient, method: str
) -> None:
    response = await client.request(method, f"{AT}/storage", json={"storage": "small"})
    assert response.status_code == 410
    assert "volumes" in response.json()["error"]
    assert hub.log == []


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/hardware"), ("PATCH", ""), ("POST", "/duplicate"), ("PUT", "/volumes")]
)
async def test_a_wish_for_storage_within_another_request_is_told_of_volumes(
    hub: FakeHub, client: httpx.AsyncClient, method: str, path: str
) -> None:
    response = await client.request(method, AT + path, json={"storage": "small"})
    assert response.status_code == 400
    assert [field["field"] for field in response.json()["fields"]] == ["storage"]
    assert "volumes" in response.json()["error"]
    assert hub.log == []


async def test_variables_are_listed_with_their_values_and_secrets_without(
    space: Space, client: httpx.AsyncClient
) -> None:
    space.variables["LEVEL"] = Setting("3", "where it begins", "2026-01-02T03:04:05.000Z")
    space.secrets["KEY"] = Setting(VALUE, "of the tables", "2026-01-02T03:04:05.000Z")
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
    hub: FakeHub, space: Space, client: httpx.AsyncClient, kind: str, method: str
) -> None:
    getattr(space, kind)["API_KEY"] = setting(VALUE)
    response = await client.request(method, f"{AT}/{kind}/APIKEY")
    assert response.status_code == 404
    assert "API_KEY" in response.json()["error"]
    assert VALUE not in response.text
    assert not hub.calls("DELETE")


@pytest.mark.parametrize("kind", ["variables", "secrets"])
async def test_many_are_set_at_once_as_json(space: Space, client: httpx.AsyncClient, kind: str) -> None:
    body = {"A": "1", "B": {"value": "2", "description": "the second"}}
    response = await client.put(f"{AT}/{kind}", json=body)
    settings = getattr(space, kind)
    assert response.status_code == 200
    assert [(key, each.value, each.description) for key, each in settings.items()] == [
        ("A", "1", None),
        ("B", "2", "the second"),
    ]
    assert response.json()["changed"] == [f"{kind[:-1]} A", f"{kind[:-1]} B"]


@pytest.mark.parametrize("kind", ["variables", "secrets"])
async def test_many_are_set_at_once_as_an_env_file(space: Space, client: httpx.AsyncClient, kind: str) -> None:
    text = f"# settings\nexport A=1\nB='two words' # why\n\nC=\"{VALUE}\"\n"
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    response = await client.put(f"{AT}/{kind}", content=text, headers=headers)
    assert response.status_code == 200
    assert {key: each.value for key, each in getattr(space, kind).items()} == {"A": "1", "B": "two words", "C": VALUE}
    assert VALUE not in response.text


async def test_a_line_that_is_no_setting_is_told_by_its_number_alone(hub: FakeHub, client: httpx.AsyncClient) -> None:
    text = f"A=1\n{VALUE}\nB='{VALUE}\nA=2\n"
    response = await client.put(f"{AT}/secrets", content=text, headers={"Content-Type": "text/plain"})
    assert response.status_code == 400
    assert "line 2" in response.json()["error"]
    assert VALUE not in response.text
    assert hub.log == []


async def test_all_of_one_kind_are_deleted_when_that_is_confirmed(space: Space, client: httpx.AsyncClient) -> None:
    space.variables |= {"A": setting("1"), "B": setting("2")}
    assert (await client.delete(f"{AT}/variables")).status_code == 400
    assert len(space.variables) == 2
    response = await client.delete(f"{AT}/variables", params={"confirm": ID})
    assert response.json()["changed"] == ["variable A", "variable B"]
    assert space.variables == {}


async def test_what_is_so_already_is_left_alone_and_restarts_nothing(
    hub: FakeHub, space: Space, client: httpx.AsyncClient
) -> None:
    space.variables["LEVEL"] = setting("3")
    response = await client.put(f"{AT}/variables", json={"LEVEL": "3"})
    answer = response.json()
    assert (answer["restarts"], answer["warning"], answer["unchanged"]) == (False, None, ["variable LEVEL"])
    assert not hub.calls("POST")
    assert (await client.put(f"{AT}/visibility", json={"visibility": "public"})).json()["unchanged"] == ["visibility"]
    assert not hub.calls("PUT")


async def test_the_answer_says_that_a_running_app_restarts(client: httpx.AsyncClient) -> None:
    answer = (await client.put(f"{AT}/variables/LEVEL", json={"value": "3"})).json()
    assert (answer["ok"], answer["space_id"], answer["restarts"]) == (True, ID, True)
    assert "starts anew" in answer["warning"]


async def test_there_is_no_warning_for_an_app_that_does_not_run(space: Space, client: httpx.AsyncClient) -> None:
    space.settle("PAUSED")
    answer = (await client.put(f"{AT}/hardware", json={"hardware": "t4-small"})).json()
    assert (answer["restarts"], answer["warning"]) == (True, None)
    assert answer["runtime"]["requested_hardware"] == "t4-small"


@pytest.mark.filterwarnings("ignore:If your Space runs on the default:UserWarning")
async def test_a_sleep_time_that_the_hardware_does_not_obey_is_warned_of(client: httpx.AsyncClient) -> None:
    answer = (await client.put(f"{AT}/sleep-time", json={"seconds": 600})).json()
    assert (answer["restarts"], answer["changed"]) == (False, ["sleep time"])
    assert "48 hours" in answer["warning"]
    paid = (await client.put(f"{AT}/hardware", json={"hardware": "t4-small", "sleep_time": 600})).json()
    assert "48 hours" not in paid["warning"]


async def test_a_pause_of_a_running_app_is_warned_of(client: httpx.AsyncClient) -> None:
    answer = (await client.post(f"{AT}/pause")).json()
    assert (answer["restarts"], answer["runtime"]["stage"]) == (False, "PAUSED")
    assert "visitors" in answer["warning"]


@pytest.mark.parametrize("stage", ["PAUSED", "SLEEPING", "STOPPED"])
async def test_waking_restarts_what_rests(space: Space, client: httpx.AsyncClient, stage: str) -> None:
    space.settle(stage)
    answer = (await client.post(f"{AT}/wake")).json()
    assert (answer["restarts"], space.starts) == (True, 1)


@pytest.mark.parametrize("stage", ["RUNNING", "BUILDING", "BUILD_ERROR"])
async def test_waking_leaves_alone_what_does_not_rest(space: Space, client: httpx.AsyncClient, stage: str) -> None:
    space.settle(stage)
    answer = (await client.post(f"{AT}/wake")).json()
    assert (answer["restarts"], answer["runtime"]["stage"], space.starts) == (False, stage, 0)


async def test_several_changes_are_made_in_the_order_that_spares_restarts(
    hub: FakeHub, space: Space, client: httpx.AsyncClient
) -> None:
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
    changes = [entry.path.rpartition("/")[2] for entry in hub.calls("*") if entry.method != "GET"]
    assert changes == ["secrets", "variables", "volumes", "hardware", "settings"]
    assert (space.hardware, space.sleep_seconds, space.visibility) == ("t4-small", 600, "private")
    assert VALUE not in response.text


async def test_half_done_changes_are_told(hub: FakeHub, space: Space, client: httpx.AsyncClient) -> None:
    refused = Answer(400, {"error": "too many variables"})
    names = ["A", "B", "C", "D", "E"]
    space.variables["B"] = setting("1")
    hub.add_fault(Fault("POST", "/variables", times=1, when="after", answer=Answer(200, {})))
    hub.add_fault(Fault("POST", "/variables", times=1, answer=refused))
    response = await client.put(f"{AT}/variables", json=dict.fromkeys(names, "1"))
    error = response.json()["error"]
    assert response.status_code == 400
    assert "too many variables" in error
    assert "changed before that: variable A; not changed: variable C, variable D, variable E" in error
    assert set(space.variables) == {"A", "B"}


async def test_half_done_changes_keep_the_time_to_come_back(hub: FakeHub, client: httpx.AsyncClient) -> None:
    hub.add_fault(Fault("POST", "/hardware", times=None, answer=too_many_requests(300)))
    response = await client.patch(AT, json={"variables": {"A": "1"}, "hardware": "t4-small"})
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) >= 300
    assert "come back in" in response.json()["error"]
    assert "changed before that: variable A; not changed: hardware" in response.json()["error"]


@pytest.mark.parametrize(("kind", "other"), [("variables", "secrets"), ("secrets", "variables")])
async def test_a_name_cannot_be_both_secret_and_variable(
    hub: FakeHub, space: Space, client: httpx.AsyncClient, kind: str, other: str
) -> None:
    getattr(space, other)["KEY"] = setting("1")
    response = await client.put(f"{AT}/{kind}", json={"KEY": "2"})
    assert response.status_code == 400
    assert [field["field"] for field in response.json()["fields"]] == [kind]
    assert not hub.calls("POST")


async def test_a_static_space_takes_no_secrets(hub: FakeHub, client: httpx.AsyncClient) -> None:
    hub.create("deployer/page", "static", PAGE)
    response = await client.put("/spaces/deployer/page/secrets/KEY", json={"value": VALUE})
    assert response.status_code == 400
    assert "every visitor" in response.json()["error"]
    assert not hub.calls("POST")


async def test_what_a_static_space_cannot_do_is_told_in_the_hub_s_words(
    hub: FakeHub, client: httpx.AsyncClient
) -> None:
    hub.create("deployer/page", "static", PAGE)
    response = await client.post("/spaces/deployer/page/restart")
    assert response.status_code == 400
    assert "static" in response.json()["error"]


async def test_variables_of_a_static_space_restart_nothing(hub: FakeHub, client: httpx.AsyncClient) -> None:
    hub.create("deployer/page", "static", PAGE)
    answer = (await client.put("/spaces/deployer/page/variables/A", json={"value": "1"})).json()
    assert (answer["restarts"], answer["warning"]) == (False, None)


async def test_hardware_that_nobody_here_knows_is_the_hub_s_to_judge(hub: FakeHub, client: httpx.AsyncClient) -> None:
    response = await client.put(f"{AT}/hardware", json={"hardware": "quantum-x9"})
    assert response.status_code == 400
    assert hub.calls("POST", "/hardware")[0].body == {"flavor": "quantum-x9"}


@pytest.mark.parametrize(
    ("request_line", "body", "field"),
    [
        ("PUT /hardware", {}, "hardware"),
        ("PUT /hardware", {"hardware": "T4 small; rm"}, "hardware"),
        ("PUT /hardware", {"hardware": "t4-small", "sleep_time": True}, "sleep_time"),
        ("PUT /hardware", {"hardware": "t4-small", "sleep": 5}, "body"),
        ("PUT /sleep-time", {"seconds": 0}, "seconds"),
        ("PUT /sleep-time", {"seconds": -2}, "seconds"),
        ("PUT /sleep-time", {"seconds": 2**40}, "seconds"),
        ("PUT /sleep-time", {"seconds": "60"}, "seconds"),
        ("PUT /sleep-time", {"seconds": 1.5}, "seconds"),
        ("PUT /dev-mode", {"enabled": 1}, "enabled"),
        ("PUT /visibility", {"visibility": "hidden"}, "visibility"),
        ("PUT /volumes", {"volumes": []}, "volumes"),
        ("PUT /volumes", {"volumes": [VOLUME | {"mount_path": "data"}]}, "volumes[0].mount_path"),
        ("PUT /volumes", {"volumes": [VOLUME | {"evil-canary": 1}]}, "volumes[0]"),
        ("PUT /variables", {}, "body"),
        ("PUT /variables", {"1BAD": "canary"}, "variables"),
        ("PUT /variables", {"A": 5}, "variables"),
        ("PUT /variables", {"A": {"value": "canary", "x": 1}}, "variables"),
        ("PUT /variables", {f"K{n}": "" for n in range(101)}, "variables"),
        ("PUT /secrets", {"A": "x" * 40_000}, "secrets"),
        ("PUT /secrets/A", {"value": None}, "value"),
        ("PUT /secrets/A-B", {"value": "canary"}, "key"),
        ("PATCH ", {}, "body"),
        ("PATCH ", {"secrets": {"A": ["canary"]}}, "secrets"),
        ("POST /duplicate", {"to_id": "a--b"}, "to_id"),
        ("POST /duplicate", {"secrets": {"A": "1"}, "variables": {"A": "1"}}, "secrets"),
        ("POST /restart?factory_reboot=canary", None, "factory_reboot"),
    ],
)
async def test_broken_rules_are_named_before_the_hub_is_asked(
    hub: FakeHub, client: httpx.AsyncClient, request_line: str, body: Any, field: str
) -> None:
    method, _, path = request_line.partition(" ")
    response = await client.request(method, AT + path, json=body)
    assert response.status_code == 400, response.text
    assert {problem["field"] for problem in response.json()["fields"]} == {field}
    assert "canary" not in response.text
    assert hub.log == []


@pytest.mark.parametrize("name", ["a--b", "%2e%2e", "x" * 120, "name.git"])
async def test_an_address_that_names_no_space_is_refused_here(
    hub: FakeHub, client: httpx.AsyncClient, name: str
) -> None:
    response = await client.get(f"/spaces/deployer/{name}/runtime")
    assert response.status_code in {400, 404}
    assert hub.log == []


async def test_other_bodies_than_json_are_refused_where_json_is_needed(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "text/plain"}
    assert (await client.put(f"{AT}/hardware", content="t4-small", headers=headers)).status_code == 415
    headers = {"Content-Type": "text/csv"}
    assert (await client.put(f"{AT}/variables", content="A,1", headers=headers)).status_code == 415


async def put_files(client: httpx.AsyncClient, files: Any, **fields: Any) -> httpx.Response:
    return await client.put(f"{AT}/files", json={"files": files, **fields})


async def test_files_are_added_and_replaced_in_one_commit_and_others_stay(
    hub: FakeHub, space: Space, client: httpx.AsyncClient
) -> None:
    before = len(space.commits)
    files = {"app.py": "import gradio as gr\n", "img/dot.gif": {"base64": "R0lGODlhAQABAAAAACw="}}
    response = await put_files(client, files, message="Show the moon")
    answer = response.json()
    assert (response.status_code, answer["commit_sha"], answer["restarts"]) == (200, space.head, True)
    assert answer["changed"] == ["added img/dot.gif", "changed app.py"]
    assert "built" in answer["warning"]
    assert [commit.summary for commit in space.commits[before:]] == ["Show the moon"]
    assert space.files()["img/dot.gif"].startswith(b"GIF89a")
    assert space.files()["README.md"] == APP["README.md"].encode()
    assert len(hub.calls("POST", "/commit/")) == 1


async def test_files_may_become_all_that_a_space_holds(space: Space, client: httpx.AsyncClient) -> None:
    response = await put_files(client, {"README.md": APP["README.md"], "main.py": ""}, replace=True)
    assert response.json()["changed"] == ["added main.py", "deleted app.py"]
    assert set(space.files()) == {".gitattributes", "README.md", "main.py"}


async def test_files_that_are_there_already_are_no_commit(hub: FakeHub, client: httpx.AsyncClient) -> None:
    answer = (await put_files(client, {"app.py": APP["app.py"]})).json()
    assert (answer["restarts"], answer["warning"], answer["changed"]) == (False, None, [])
    assert not hub.calls("POST", "/commit/")


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
async def test_files_that_must_not_be_published_are_refused(
    hub: FakeHub, client: httpx.AsyncClient, files: dict[str, Any]
) -> None:
    response = await put_files(client, files)
    assert response.status_code == 400
    assert response.json()["error"]
    assert SECRET not in response.text
    assert not hub.calls("POST", "/commit/")


async def test_a_name_that_is_not_there_is_told_with_near_ones(client: httpx.AsyncClient) -> None:
    response = await client.get("/spaces/deployer/tide")
    assert response.status_code == 404
    assert ID in response.json()["error"]


async def test_what_the_hub_refuses_has_the_status_of_its_kind(hub: FakeHub, client: httpx.AsyncClient) -> None:
    hub.plan = "free"
    payment = await client.put(f"{AT}/hardware", json={"hardware": "t4-small"})
    assert payment.status_code == 402
    assert "payment" in payment.json()["error"]
    foreign = hub.create("visitor/waves", "gradio", APP)
    assert (await client.post(f"/spaces/{foreign.id}/restart")).status_code == 403
    hub.add_fault(Fault("GET", "/runtime", times=None))
    assert (await client.get(f"{AT}/runtime")).status_code == 502


async def test_a_token_of_the_caller_s_acts_for_the_caller(hub: FakeHub, client: httpx.AsyncClient) -> None:
    foreign = hub.create("visitor/waves", "gradio", APP)
    headers = {"Authorization": f"Bearer {VISITORS_TOKEN}"}
    assert (await client.post(f"/spaces/{foreign.id}/restart", headers=headers)).status_code == 200
    assert {entry.token for entry in hub.log} == {VISITORS_TOKEN}
    assert (await client.post(f"{AT}/restart", headers=headers)).status_code == 403


async def test_an_unknown_token_of_the_hub_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"Authorization": "Bearer hf_" + "nobodysTokenAtAll"}
    response = await client.get(AT, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_no_route_answers_without_a_secret(hub: FakeHub, client: httpx.AsyncClient) -> None:
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
    assert hub.log == []


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


@pytest.mark.parametrize(("query", "line"), [("", "the app began"), ("?build=true", "step 1")])
async def test_a_log_is_one_event_per_line(space: Space, client: httpx.AsyncClient, query: str, line: str) -> None:
    space.start()
    space.add_log("run", "the app began")
    space.add_log("build", "step 1")
    response = await client.get(f"{AT}/logs{query}")
    assert response.headers["content-type"].startswith("text/event-stream")
    found = events(response.text)
    assert found[-1] == ("end", {"ok": True})
    assert [data["text"] for name, data in found if name == "line"][-1] == line


async def test_the_log_of_a_space_that_is_not_there_is_not_found(client: httpx.AsyncClient) -> None:
    response = await client.get("/spaces/deployer/tide/logs")
    assert response.status_code == 404
    assert ID in response.json()["error"]


async def test_the_log_of_a_foreign_space_is_forbidden_by_status(hub: FakeHub, client: httpx.AsyncClient) -> None:
    foreign = hub.create("visitor/waves", "gradio", APP)
    response = await client.get(f"/spaces/{foreign.id}/logs")
    assert response.status_code == 403


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "space-log"]


async def test_a_log_is_followed_until_the_client_leaves(hub: FakeHub, space: Space, services: MemoryServices) -> None:
    hub.log_stream_seconds = None
    space.start()
    async with served(services) as client, client.stream("GET", f"{AT}/logs?follow=true") as response:
        lines = response.aiter_lines()
        assert response.status_code == 200
        async for line in lines:
            if "Application Startup" in line:
                break
        space.add_log("run", "somebody came by")
        async for line in lines:
            if "somebody came by" in line:
                break
        assert readers()
        await response.aclose()
        await until(lambda: not readers())


async def test_no_more_logs_are_open_at_once_than_there_are_places(
    hub: FakeHub, space: Space, services: MemoryServices
) -> None:
    hub.log_stream_seconds = None
    space.start()
    follow = f"{AT}/logs?follow=true"
    async with served(services, Streams(most_per_caller=1)) as client:
        async with client.stream("GET", follow) as response:
            assert response.status_code == 200
            refused = await client.get(follow)
            assert refused.status_code == 429
            assert refused.headers["retry-after"]
        await until(lambda: not readers())
        async with client.stream("GET", follow) as response:
            assert response.status_code == 200


async def test_following_ends_after_a_while(
    hub: FakeHub, space: Space, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.log_stream_seconds = None
    space.start()
    monkeypatch.setattr(space_events, "LONGEST_FOLLOW_SECONDS", 0.2)
    response = await client.get(f"{AT}/logs?follow=true")
    assert events(response.text)[-1] == ("end", {"ok": True})


async def test_a_hub_that_is_lost_within_a_log_is_told_as_an_event(
    hub: FakeHub, space: Space, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space_events, "FIRST_LINE_SECONDS", 0.0)
    space.start()
    hub.add_fault(Fault("GET", "/logs/run", times=None, answer=Answer(403, {"error": "not yours"})))
    response = await client.get(f"{AT}/logs")
    ((name, data),) = events(response.text)
    assert (response.status_code, name, data["ok"]) == (200, "error", False)
    assert "not yours" in data["error"]
