"""The fake Hub driven by the published client, and the Hub's rules that the client leaves to the server."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import huggingface_hub
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, Volume
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError

from tests.fakes.hub import Answer, Drop, FakeHub, Fault, Hang, too_many_requests

PNG = b"\x89PNG\r\n\x1a\n" + bytes(72)
STUCK_SECONDS = 30
GUEST = "hf_" + "aTokenOfSomebodyElse"
SPACE = "deployer/demo"
CARD = "---\ntitle: Demo\nemoji: 🚀\ncolorFrom: blue\ncolorTo: green\nsdk: {sdk}\n---\n"


@pytest.fixture(autouse=True)
def _plain_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Read from the environment when the library is imported, which another test may have done long ago.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_TELEMETRY", True)
    yield
    huggingface_hub.close_session()


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(others={GUEST: "guest"}, organizations=["team"]) as server:
        yield server


@pytest.fixture
def api(hub: FakeHub) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=hub.token)


@pytest.fixture
def client(hub: FakeHub) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {hub.token}"}
    with httpx.Client(base_url=hub.endpoint, headers=headers, trust_env=False) as plain:
        yield plain


def create(api: HfApi, sdk: str = "gradio", **options: Any) -> None:
    api.create_repo(SPACE, repo_type="space", space_sdk=sdk, **options)


def push(api: HfApi, *operations: CommitOperationAdd | CommitOperationDelete, parent: str | None = None) -> str:
    return api.create_commit(
        SPACE, list(operations), commit_message="Update", repo_type="space", parent_commit=parent
    ).oid


def add(path: str, content: str | bytes) -> CommitOperationAdd:
    return CommitOperationAdd(path, content.encode() if isinstance(content, str) else content)


def create_request(client: httpx.Client, **wish: Any) -> httpx.Response:
    body = {"name": "demo", "organization": None, "type": "space", "sdk": "static", **wish}
    return client.post("/api/repos/create", json={key: value for key, value in body.items() if value is not ...})


def commit_request(client: httpx.Client, *lines: dict[str, Any]) -> httpx.Response:
    header = {"key": "header", "value": {"summary": "Update", "description": ""}}
    content = "\n".join(json.dumps(line) for line in (header, *lines))
    return client.post(
        f"/api/spaces/{SPACE}/commit/main", content=content, headers={"Content-Type": "application/x-ndjson"}
    )


def file_line(path: str, content: bytes) -> dict[str, Any]:
    encoded = base64.b64encode(content).decode()
    return {"key": "file", "value": {"content": encoded, "path": path, "encoding": "base64"}}


# The published client


def test_the_client_learns_who_it_is(hub: FakeHub, api: HfApi) -> None:
    who = api.whoami()
    assert (who["name"], [org["name"] for org in who["orgs"]]) == (hub.owner, ["team"])


def test_a_new_space_has_the_hubs_own_first_commit(hub: FakeHub, api: HfApi) -> None:
    url = api.create_repo(SPACE, repo_type="space", space_sdk="static")
    assert (url.repo_id, str(url)) == (SPACE, f"{hub.endpoint}/spaces/{SPACE}")
    assert sorted(hub.spaces[SPACE].files()) == [".gitattributes", "README.md", "index.html", "style.css"]
    assert api.get_space_runtime(SPACE).stage == "RUNNING"


def test_secrets_and_variables_can_come_with_the_creation(hub: FakeHub, api: HfApi) -> None:
    create(api, space_secrets=[{"key": "KEY", "value": "made-up"}], space_variables=[{"key": "MODE", "value": "fast"}])
    space = hub.spaces[SPACE]
    assert (space.secrets["KEY"].value, space.variables["MODE"].value, space.starts) == ("made-up", "fast", 0)
    assert api.get_space_secrets(SPACE).keys() == {"KEY"}
    assert api.get_space_variables(SPACE)["MODE"].value == "fast"


def test_values_of_secrets_never_come_back(hub: FakeHub, client: httpx.Client) -> None:
    hub.create(SPACE, "gradio")
    client.post(f"/api/spaces/{SPACE}/secrets", json={"key": "KEY", "value": "made-up"})
    assert client.get(f"/api/spaces/{SPACE}/secrets").json()["KEY"].keys() == {"updatedAt"}
    assert "made-up" not in client.get(f"/api/spaces/{SPACE}").text


def test_creating_it_again_is_accepted_only_when_asked_for(api: HfApi) -> None:
    create(api)
    create(api, exist_ok=True)
    with pytest.raises(HfHubHTTPError) as refused:
        create(api)
    assert refused.value.response.status_code == 409


def test_one_commit_adds_and_deletes(hub: FakeHub, api: HfApi) -> None:
    create(api, "static")
    first = hub.spaces[SPACE].head
    oid = push(
        api,
        CommitOperationDelete("style.css"),
        add("index.html", "<head></head>"),
        add("data/a.csv", "a\n1\n"),
        parent=first,
    )
    space = hub.spaces[SPACE]
    assert [(commit.oid, commit.summary, commit.parent) for commit in space.commits][1:] == [(oid, "Update", first)]
    assert space.files()["data/a.csv"] == b"a\n1\n"
    assert "style.css" not in space.files()


def test_a_folder_is_deleted_with_all_that_is_in_it(hub: FakeHub, api: HfApi) -> None:
    hub.create(SPACE, "static", {"old/a.txt": "a", "old/b/c.txt": "c", "older.txt": "kept"})
    push(api, CommitOperationDelete("old/", is_folder=True))
    assert {"older.txt"} == {path for path in hub.spaces[SPACE].files() if path.startswith("old")}


def test_a_commit_on_an_outdated_parent_changes_nothing(hub: FakeHub, api: HfApi) -> None:
    create(api, "static")
    first = hub.spaces[SPACE].head
    push(api, add("a.txt", "a"), parent=first)
    with pytest.raises(HfHubHTTPError) as refused:
        push(api, add("b.txt", "b"), parent=first)
    assert refused.value.response.status_code == 412
    assert "b.txt" not in hub.spaces[SPACE].files()


def test_files_that_are_there_already_make_no_commit(hub: FakeHub, api: HfApi) -> None:
    create(api, "static")
    oid = push(api, add("a.txt", "a"))
    assert push(api, add("a.txt", "a")) == oid
    assert len(hub.spaces[SPACE].commits) == 2


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the library's own, when it puts LFS bytes
def test_binary_files_travel_by_lfs_and_come_back(hub: FakeHub, api: HfApi, tmp_path: Path) -> None:
    create(api, "static")
    push(api, add("logo.png", PNG), add("two.png", PNG + b"2"))
    assert hub.spaces[SPACE].files()["logo.png"] == PNG
    assert len(hub.calls("PUT", "/large-files/")) == len(hub.calls("POST", "/verify")) == 2
    path = api.hf_hub_download(SPACE, "logo.png", repo_type="space", cache_dir=tmp_path)
    assert Path(path).read_bytes() == PNG
    [entry] = api.get_paths_info(SPACE, "logo.png", repo_type="space")
    assert isinstance(entry, huggingface_hub.RepoFile)
    assert entry.lfs
    assert (entry.size, entry.lfs.sha256) == (len(PNG), hashlib.sha256(PNG).hexdigest())
    push(api, add("again.png", PNG))
    assert len(hub.calls("PUT")) == 2


def test_the_tree_comes_in_pages(hub: FakeHub, api: HfApi) -> None:
    hub.create(SPACE, "static", {f"data/{number:04}.txt": "x" for number in range(1500)})
    listed = list(api.list_repo_tree(SPACE, repo_type="space", recursive=True))
    assert len(listed) == 1500 + 4 + 1
    assert len(hub.calls("GET", "/tree/")) == 2
    assert [entry.path for entry in api.list_repo_tree(SPACE, repo_type="space", path_in_repo="data")][:1] == [
        "data/0000.txt"
    ]


def test_the_info_gives_head_card_host_and_blobs(hub: FakeHub, api: HfApi) -> None:
    create(api, "static")
    oid = push(api, add("README.md", CARD.format(sdk="static")))
    info = api.space_info(SPACE, files_metadata=True)
    assert (info.sha, info.sdk, info.host) == (oid, "static", f"{hub.endpoint}/static/deployer-demo")
    assert info.card_data
    assert info.card_data.title == "Demo"
    assert all(sibling.blob_id for sibling in info.siblings or ())
    assert api.space_info(SPACE, expand=["subdomain"]).subdomain == "deployer-demo"


def test_settings_can_be_changed_one_by_one(hub: FakeHub, api: HfApi) -> None:
    hub.create(SPACE, "gradio", {"app.py": "1"})
    api.add_space_secret(SPACE, "KEY", "made-up", description="for the model")
    api.add_space_variable(SPACE, "MODE", "fast")
    assert api.get_space_secrets(SPACE)["KEY"].description == "for the model"
    assert hub.spaces[SPACE].starts == 2
    api.delete_space_secret(SPACE, "KEY")
    assert api.delete_space_variable(SPACE, "MODE") == {}
    api.delete_space_variable(SPACE, "MODE")
    assert hub.spaces[SPACE].starts == 4


def test_a_space_is_paused_restarted_and_given_other_hardware(hub: FakeHub, api: HfApi) -> None:
    hub.create(SPACE, "gradio", {"app.py": "1"})
    assert api.get_space_runtime(SPACE).hardware == "cpu-basic"
    assert api.pause_space(SPACE).stage == "PAUSED"
    assert api.restart_space(SPACE, factory_reboot=True).stage == "BUILDING"
    runtime = api.request_space_hardware(SPACE, huggingface_hub.SpaceHardware.T4_SMALL, sleep_time=3600)
    assert (runtime.requested_hardware, runtime.sleep_time) == ("t4-small", 3600)
    assert api.set_space_sleep_time(SPACE, -1).sleep_time == -1
    assert api.enable_space_dev_mode(SPACE).dev_mode


def test_volumes_are_mounted_and_taken_away(hub: FakeHub, api: HfApi) -> None:
    hub.create(SPACE, "docker", {"Dockerfile": "FROM scratch"})
    api.set_space_volumes(SPACE, [Volume(type="model", source="team/model", mount_path="/models")])
    assert [volume.mount_path for volume in api.get_space_runtime(SPACE).volumes or ()] == ["/models"]
    api.delete_space_volumes(SPACE)
    with pytest.raises(BadRequestError):
        api.delete_space_volumes(SPACE)


def test_a_duplicate_has_files_and_variables_but_no_secrets(hub: FakeHub, api: HfApi) -> None:
    original = hub.create(SPACE, "gradio", {"app.py": "1"})
    api.add_space_secret(SPACE, "KEY", "made-up")
    api.add_space_variable(SPACE, "MODE", "fast")
    url = api.duplicate_repo(SPACE, "team/copy", repo_type="space", visibility="private")
    copy = hub.spaces["team/copy"]
    assert (url.repo_id, copy.visibility, copy.files()) == ("team/copy", "private", original.files())
    assert (set(copy.secrets), set(copy.variables)) == (set(), {"MODE"})
    with pytest.raises(HfHubHTTPError):
        api.duplicate_repo(SPACE, "team/copy", repo_type="space")
    api.duplicate_repo(SPACE, "team/copy", repo_type="space", exist_ok=True)


def test_visibility_decides_who_sees_a_space(hub: FakeHub, api: HfApi) -> None:
    hub.create(SPACE, "static")
    guest = HfApi(endpoint=hub.endpoint, token=GUEST)
    assert guest.space_info(SPACE).id == SPACE
    api.update_repo_settings(SPACE, repo_type="space", visibility="private")
    for stranger in (guest, HfApi(endpoint=hub.endpoint, token=False)):
        with pytest.raises(RepositoryNotFoundError):
            stranger.space_info(SPACE)
    assert list(guest.list_spaces(author="deployer")) == []
    assert [space.id for space in api.list_spaces(author="deployer")] == [SPACE]


def test_deleting_makes_room_for_a_new_space(hub: FakeHub, api: HfApi) -> None:
    create(api)
    api.delete_repo(SPACE, repo_type="space")
    assert hub.spaces == {}
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(SPACE, repo_type="space")
    create(api)


def test_a_space_can_begin_with_a_template(hub: FakeHub, api: HfApi) -> None:
    api.create_repo(SPACE, repo_type="space", space_sdk="gradio", space_template="chatbot")
    assert "app.py" in hub.spaces[SPACE].files()
    assert "cpu-basic" in {hardware.name for hardware in api.list_spaces_hardware()}


# How Spaces run


def test_the_stage_moves_on_with_each_poll(hub: FakeHub, api: HfApi) -> None:
    create(api)
    assert api.get_space_runtime(SPACE).stage == "NO_APP_FILE"
    push(api, add("app.py", "1"))
    assert [api.get_space_runtime(SPACE).stage for _ in range(3)] == ["BUILDING", "RUNNING", "RUNNING"]
    hub.script(SPACE, ["BUILDING", "APP_STARTING", "RUNTIME_ERROR"], error_message="exit code 1")
    api.restart_space(SPACE)
    seen = [api.get_space_runtime(SPACE) for _ in range(4)]
    assert [runtime.stage for runtime in seen] == ["BUILDING", "APP_STARTING", "RUNTIME_ERROR", "RUNTIME_ERROR"]
    assert [runtime.raw.get("errorMessage") for runtime in seen] == [None, None, "exit code 1", "exit code 1"]


def test_scripts_for_some_starts_come_first_and_in_order(hub: FakeHub, api: HfApi) -> None:
    hub.script("*", ["BUILD_ERROR"])
    hub.script("*", ["RUNTIME_ERROR"])
    hub.script("*", ["SLEEPING"], times=1)
    hub.script(SPACE, ["STOPPED"], times=1)
    hub.create(SPACE, "gradio", {"app.py": "1"})
    assert [api.restart_space(SPACE).stage for _ in range(4)] == ["STOPPED", "SLEEPING", *["RUNTIME_ERROR"] * 2]


def test_time_can_move_the_stage_instead(hub: FakeHub, api: HfApi) -> None:
    hub.create(SPACE, "gradio", {"app.py": "1"})
    hub.script(SPACE, ["BUILDING", "RUNNING"], seconds_each=3600)
    assert [api.restart_space(SPACE).stage, api.get_space_runtime(SPACE).stage] == ["BUILDING"] * 2
    hub.script(SPACE, ["BUILDING", "RUNNING"], seconds_each=1e-9)
    assert api.restart_space(SPACE).stage == "RUNNING"


@pytest.mark.parametrize(
    ("readme", "stage"),
    [
        ("# No card", "CONFIG_ERROR"),
        ("---\ntitle: No sdk\n---\n", "CONFIG_ERROR"),
        (CARD.format(sdk="docker"), "NO_APP_FILE"),
        (CARD.format(sdk="static"), "NO_APP_FILE"),
        (CARD.format(sdk="gradio\napp_file: main.py"), "NO_APP_FILE"),
        (CARD.format(sdk="gradio"), "BUILDING"),
    ],
)
def test_card_and_entry_file_decide_whether_anything_is_built(
    api: HfApi, client: httpx.Client, readme: str, stage: str
) -> None:
    create(api)
    commit_request(client, file_line("README.md", readme.encode()), file_line("app.py", b"1"))
    assert api.get_space_runtime(SPACE).stage == stage


def test_a_name_for_a_secret_and_a_variable_is_a_configuration_error(api: HfApi) -> None:
    both = [{"key": "KEY", "value": "1"}]
    create(api, space_secrets=both, space_variables=both)
    push(api, add("app.py", "1"))
    runtime = api.get_space_runtime(SPACE)
    assert (runtime.stage, runtime.raw["errorMessage"]) == (
        "CONFIG_ERROR",
        "Collision on variables and secrets names",
    )


def test_logs_are_those_of_the_script(hub: FakeHub, api: HfApi) -> None:
    hub.script("*", ["BUILD_ERROR"], build_log=["step 1", "no such package"], run_log=[])
    hub.create(SPACE, "gradio", {"app.py": "1"})
    api.restart_space(SPACE)
    assert list(api.fetch_space_logs(SPACE, build=True)) == ["step 1\n", "no such package\n"]
    assert list(api.fetch_space_logs(SPACE)) == []


def test_who_follows_a_log_gets_what_comes_later(hub: FakeHub, api: HfApi) -> None:
    hub.log_stream_seconds = None
    hub.script("*", ["RUNNING"], run_log=["first"])
    space = hub.create(SPACE, "gradio", {"app.py": "1"})
    api.restart_space(SPACE)
    lines = iter(api.fetch_space_logs(SPACE, follow=True))
    assert next(lines) == "first\n"
    space.add_log("run", "second")
    assert next(lines) == "second\n"
    space.start()
    assert list(lines) == []


def test_a_quiet_log_sends_signs_of_life(hub: FakeHub, client: httpx.Client) -> None:
    hub.create(SPACE, "gradio", {"app.py": "1"})
    assert client.get(f"/api/spaces/{SPACE}/logs/run").text.split("\n\n")[0] == "data:"


def test_static_apps_are_served_with_the_hubs_script(hub: FakeHub, api: HfApi, client: httpx.Client) -> None:
    page = "<!doctype html><HEAD lang=en><title>x</title></HEAD>"
    hub.create(SPACE, "static", {"index.html": page, "data/a.csv": "a\n"})
    host = api.space_info(SPACE).host or ""
    inserted = '<script>window.huggingface={"variables":{}};</script>'
    assert client.get(host).text == page.replace("lang=en>", f"lang=en>{inserted}")
    assert client.get(f"{host}/data/a.csv").text == "a\n"
    assert client.get(f"{host}/none.html").status_code == 404
    api.add_space_secret(SPACE, "KEY", "</script>")
    assert '{"KEY":"\\u003c/script>"}' in client.get(f"{host}/").text


def test_other_apps_answer_when_they_run_and_wake_when_they_sleep(hub: FakeHub, client: httpx.Client) -> None:
    space = hub.create(SPACE, "gradio", {"app.py": "1"})
    assert client.get(space.host).status_code == 200
    space.settle("SLEEPING")
    assert client.get(space.host).status_code == 503
    assert space.run.stage == "APP_STARTING"


def test_other_ways_to_the_host_agree(hub: FakeHub, client: httpx.Client) -> None:
    space = hub.create("deployer/My_Demo.2", "gradio", {"app.py": "1"})
    assert space.subdomain == "deployer-my-demo-2"
    assert client.get(f"/api/spaces/{space.id}/host").json() == {"host": space.host, "subdomain": space.subdomain}
    assert client.get(f"/api/spaces/by-subdomain/{space.subdomain}").json()["id"] == space.id
    assert client.get(f"/api/spaces/{space.id}/jwt").json()["token"]
    assert space.host in client.get(space.url).text


# Rules that the server enforces


@pytest.mark.parametrize(
    "wish",
    [
        {"sdk": "streamlit"},
        {"sdk": ...},
        {"name": "two--dashes"},
        {"name": "demo.git"},
        {"name": "-demo"},
        {"name": "x" * 96},
        {"visibility": "hidden"},
        {"visibility": "public", "private": True},
        {"sleepTimeSeconds": 0},
        {"sleepTimeSeconds": "60"},
        {"hardware": "quantum"},
        {"secrets": [{"key": "MY-KEY", "value": "x"}]},
        {"variables": [{"key": "_K", "value": "x"}]},
        {"variables": [{"key": "1KEY"}]},
        {"volumes": [{"type": "model", "source": "a/b", "mountPath": "relative"}]},
        {"template": "nobody/none"},
    ],
)
def test_impossible_spaces_are_not_created(hub: FakeHub, client: httpx.Client, wish: dict[str, Any]) -> None:
    answer = create_request(client, **wish)
    assert answer.status_code == 400
    assert answer.headers["X-Error-Message"] == answer.json()["error"]
    assert hub.spaces == {}


def test_an_existing_name_is_a_conflict_that_says_where(hub: FakeHub, client: httpx.Client) -> None:
    hub.create("deployer/Demo", "static")
    answer = create_request(client)
    assert (answer.status_code, answer.json()["url"]) == (409, f"{hub.endpoint}/spaces/deployer/Demo")


def test_a_free_plan_has_static_spaces_and_two_on_zero_gpu(hub: FakeHub, client: httpx.Client) -> None:
    hub.plan = "free"
    refused = create_request(client, sdk="gradio")
    assert (refused.status_code, "Static Spaces are free for everyone" in refused.json()["error"]) == (402, True)
    assert create_request(client, sdk="docker", hardware="zero-a10g").status_code == 402
    on_zero = [create_request(client, name=f"z{n}", sdk="gradio", hardware="zero-a10g") for n in range(3)]
    assert [answer.status_code for answer in on_zero] == [200, 200, 402]
    assert create_request(client, sdk="static").status_code == 200
    assert client.post("/api/spaces/deployer/z0/hardware", json={"flavor": "t4-small"}).status_code == 403


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("colorFrom: orange", '"colorFrom" must be one of [red, yellow, green, blue, indigo, purple, pink, gray]'),
        ("emoji: ðŸš€", '"emoji" must be a valid emoji'),
        ("sdk: streamlit", '"sdk" must be one of [gradio, docker, static]'),
        ("app_port: '7860'", '"app_port" must be a number'),
        ("app_port: 0", '"app_port" must be greater than or equal to 1'),
        ("python_version: 3.10", '"python_version" must be a string'),
        (
            f"short_description: {'x' * 61}",
            '"short_description" length must be less than or equal to 60 characters long',
        ),
        ("base_path: app", '"base_path" must start with "/"'),
    ],
)
def test_cards_are_checked_before_and_with_the_commit(client: httpx.Client, line: str, message: str) -> None:
    readme = f"---\ntitle: x\n{line}\n---\n"
    answer = client.post("/api/validate-yaml", json={"content": readme, "repoType": "space"})
    assert (answer.status_code, answer.json()["errors"]) == (400, [{"message": message}])
    create_request(client)
    assert commit_request(client, file_line("README.md", readme.encode())).json() == answer.json()


@pytest.mark.parametrize("line", ["license: GPLv3", "title: [", "custom_headers: {x-frame-options: DENY}"])
def test_other_mistakes_in_cards_are_refused(client: httpx.Client, line: str) -> None:
    answer = client.post("/api/validate-yaml", json={"content": f"---\n{line}\n---\n", "repoType": "space"})
    assert answer.status_code == 400


@pytest.mark.parametrize("emoji", ["🚀", "👩‍💻", "🇩🇪", "❤️", "1️⃣"])
def test_good_cards_and_missing_ones_pass(client: httpx.Client, emoji: str) -> None:
    card = f"---\nemoji: {emoji}\nlicense: mit\napp_port: 8501\npinned: false\n---\n# x\n"
    answer = client.post("/api/validate-yaml", json={"content": card, "repoType": "space"})
    assert (answer.status_code, answer.json()) == (200, {"errors": [], "warnings": []})
    assert client.post("/api/validate-yaml", json={"content": "# x"}).json()["warnings"]


@pytest.mark.parametrize(
    "lines",
    [
        [file_line("../x", b"")],
        [file_line("/etc/x", b"")],
        [file_line("a\\b", b"")],
        [file_line("a", b"1"), file_line("a/b", b"2")],
        [{"key": "lfsFile", "value": {"path": "x.png", "algo": "sha256", "oid": "0" * 64, "size": 1}}],
        [{"key": "renamed", "value": {"path": "x"}}],
        [{"key": "header", "value": {"summary": "twice"}}],
    ],
)
def test_a_bad_commit_changes_nothing(hub: FakeHub, client: httpx.Client, lines: list[dict[str, Any]]) -> None:
    space = hub.create(SPACE, "static")
    assert commit_request(client, file_line("good.txt", b""), *lines).status_code == 400
    assert (len(space.commits), "good.txt" in space.files()) == (1, False)


@pytest.mark.parametrize("key", ["deletedFile", "deletedFolder", "deletedEntry"])
def test_all_three_names_of_a_deletion_are_known(hub: FakeHub, client: httpx.Client, key: str) -> None:
    space = hub.create(SPACE, "static", {"old/a.txt": "a"})
    assert commit_request(client, {"key": key, "value": {"path": "old"}}).status_code == 200
    assert "old/a.txt" not in space.files()
    answer = commit_request(client, {"key": key, "value": {"path": "old"}})
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (404, "EntryNotFound")


def test_the_hub_chooses_how_files_are_sent(hub: FakeHub, client: httpx.Client) -> None:
    hub.create(SPACE, "static")
    samples = {
        "a.txt": b"text",
        "b.txt": "é".encode() * 256 + b"\xc3",
        "c.png": PNG,
        "d.zip": b"text",
        "e.txt": b"",
        "f": b"a\0b",
    }
    files = [
        {"path": path, "sample": base64.b64encode(sample).decode(), "size": len(sample)}
        for path, sample in samples.items()
    ]
    files.append({"path": "data/x.csv", "sample": "", "size": 11_000_000})
    answer = client.post(
        f"/api/spaces/{SPACE}/preupload/main", json={"files": files, "gitIgnore": "# x\ndata/\n*.zip\n"}
    ).json()["files"]
    assert [file["uploadMode"] for file in answer] == ["regular", "regular", "lfs", "lfs", "regular", "lfs", "lfs"]
    assert [file["path"] for file in answer if file["shouldIgnore"]] == ["d.zip", "data/x.csv"]


def test_large_files_must_be_what_they_are_called(hub: FakeHub, client: httpx.Client) -> None:
    assert client.put(f"/large-files/{'0' * 64}", content=b"something else").status_code == 400
    assert hub.lfs == {}


@pytest.mark.parametrize(
    ("method", "action"), [("POST", "pause"), ("POST", "restart"), ("PUT", "volumes"), ("DELETE", "volumes")]
)
def test_static_spaces_have_no_machine(hub: FakeHub, client: httpx.Client, method: str, action: str) -> None:
    hub.create(SPACE, "static")
    assert client.request(method, f"/api/spaces/{SPACE}/{action}", json={"volumes": []}).status_code == 400


def test_a_wrong_revision_or_path_says_which_of_the_two(hub: FakeHub, client: httpx.Client) -> None:
    hub.create(SPACE, "static")
    wrong_revision = client.get(f"/api/spaces/{SPACE}/revision/nowhere")
    wrong_path = client.get(f"/spaces/{SPACE}/resolve/main/none.txt")
    assert (wrong_revision.status_code, wrong_revision.headers["X-Error-Code"]) == (404, "RevisionNotFound")
    assert (wrong_path.status_code, wrong_path.headers["X-Error-Code"]) == (404, "EntryNotFound")


def test_tokens_decide_what_is_allowed(hub: FakeHub, client: httpx.Client) -> None:
    hub.create(SPACE, "static")
    hub.create("guest/own", "static", visibility="private")
    body = {"key": "KEY", "value": "x"}
    tries = [
        client.post("/api/spaces/guest/own/secrets", json=body),
        client.post(f"/api/spaces/{SPACE}/secrets", json=body, headers={"Authorization": f"Bearer {GUEST}"}),
        client.post(f"/api/spaces/{SPACE}/secrets", json=body, headers={"Authorization": "Bearer hf_unknown"}),
        create_request(client, organization="guest"),
        create_request(client, organization="team"),
    ]
    assert [(answer.status_code, answer.headers.get("X-Error-Code")) for answer in tries] == [
        (404, "RepoNotFound"),
        (403, None),
        (401, None),
        (403, None),
        (200, None),
    ]
    with httpx.Client(base_url=hub.endpoint, trust_env=False) as anonymous:
        missing = anonymous.get("/api/spaces/deployer/none")
        assert (missing.status_code, missing.headers["X-Error-Code"]) == (401, "RepoNotFound")
        assert anonymous.get("/api/whoami-v2").status_code == 401
        assert anonymous.get(f"/api/spaces/{SPACE}").status_code == 200
        assert anonymous.get(f"/api/spaces/{SPACE}", headers={"Authorization": "Bearer old"}).status_code == 401


# Faults and the log


def test_a_fault_before_has_no_effect_and_ends_after_its_times(hub: FakeHub, client: httpx.Client) -> None:
    hub.add_fault(Fault("POST", "/repos/create$", answer=too_many_requests(7)))
    limited = create_request(client)
    assert (limited.status_code, limited.headers["RateLimit"]) == (429, '"api";r=0;t=7')
    assert hub.spaces == {}
    assert create_request(client).status_code == 200


def test_a_fault_after_has_its_effect(hub: FakeHub, client: httpx.Client) -> None:
    hub.add_fault(Fault("POST", "/repos/create", when="after", answer=Answer(500)))
    assert create_request(client).status_code == 500
    assert hub.spaces.keys() == {SPACE}
    hub.add_fault(Fault("POST", "/commit/", when="after", answer=Drop()))
    with pytest.raises(httpx.RemoteProtocolError):
        commit_request(client, file_line("a.txt", b"a"))
    assert "a.txt" in hub.spaces[SPACE].files()


def test_a_fault_can_last(hub: FakeHub, client: httpx.Client) -> None:
    hub.create(SPACE, "static")
    hub.add_fault(Fault("*", "/runtime", times=None, answer=Answer(503, headers={"Retry-After": "3"})))
    answers = [client.get(f"/api/spaces/{SPACE}/runtime") for _ in range(3)]
    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in answers] == [(503, "3")] * 3


def test_a_hanging_hub_can_be_stopped(client: httpx.Client) -> None:
    def ask(endpoint: str) -> None:
        with pytest.raises(httpx.TransportError):
            client.get(f"{endpoint}/api/whoami-v2", timeout=STUCK_SECONDS)

    with FakeHub() as hub:
        hub.add_fault(Fault("GET", "/api/whoami-v2", answer=Hang(3600)))
        asking = threading.Thread(target=ask, args=[hub.endpoint])
        asking.start()
        until = time.monotonic() + STUCK_SECONDS
        while not hub.calls("GET") and time.monotonic() < until:
            time.sleep(0.01)
    asking.join(STUCK_SECONDS)
    assert not asking.is_alive()


def test_the_log_holds_bodies_statuses_and_tokens(hub: FakeHub, client: httpx.Client) -> None:
    hub.create(SPACE, "static")
    client.post(f"/api/spaces/{SPACE}/secrets?x=1", json={"key": "KEY", "value": "made-up"})
    commit_request(client, file_line("a.txt", b"a"))
    hub.add_fault(Fault("GET", "."))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/api/whoami-v2")
    [secret] = hub.calls("POST", r"/secrets\?x=1$")
    assert (secret.status, secret.body, secret.token) == (200, {"key": "KEY", "value": "made-up"}, hub.token)
    [commit] = hub.calls("*", "/commit/main")
    assert [line["key"] for line in commit.body] == ["header", "file"]
    assert [entry.status for entry in hub.calls("GET")] == [None]
