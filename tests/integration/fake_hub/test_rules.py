import base64
from typing import Any

import httpx
import pytest

from tests.fakes.hub import FakeHub
from tests.integration.fake_hub.rig import GUEST, PNG, SPACE, commit_request, create_request, file_line


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
