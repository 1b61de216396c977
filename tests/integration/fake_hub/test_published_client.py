import hashlib
from pathlib import Path

import httpx
import huggingface_hub
import pytest
from huggingface_hub import CommitOperationDelete, HfApi, Volume
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError

from tests.fakes.hub import FakeHub
from tests.integration.fake_hub.rig import CARD, GUEST, PNG, SPACE, add, create, push


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
