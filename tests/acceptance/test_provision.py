"""Fifty Spaces from one template, with a kill -9 in the middle: all there, and none made twice."""

import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.service import SECRET, Service
from tests.fakes.forkserver import PATIENCE
from tests.fakes.hub import FakeHub, Space

SPACES = 50
KEY = "sk-made-up-for-" + "the-provision-test"
CARD = "---\ntitle: Team\nsdk: gradio\nsdk_version: 5.0.0\napp_file: app.py\n---\n"
APP = {"README.md": CARD, "app.py": "print('hello')\n"}
OWN_TOKEN = "hf_" + "ownTokenOfTheTeacher"


def order(template: Any) -> dict[str, Any]:
    spaces = [
        {"name": f"team-{number}", "secrets": {"API_KEY": f"{KEY}-{number}-"}, "variables": {"TEAM": str(number)}}
        for number in range(SPACES)
    ]
    return {"template": template, "spaces": spaces}


def post(
    service: Service, body: dict[str, Any], *, token: str = SECRET, prefer: str = "respond-async"
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Prefer": prefer}
    return httpx.post(
        f"{service.url}/spaces/provision", json=body, headers=headers, timeout=PATIENCE * 2, trust_env=False
    )


def finished(service: Service, provision_id: str, token: str = SECRET) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE * 2
    while time.monotonic() < until:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{service.url}/spaces/provision/{provision_id}"
        shown: dict[str, Any] = httpx.get(url, headers=headers, timeout=PATIENCE, trust_env=False).json()
        if shown["status"] not in {"waiting", "running"}:
            return shown
        time.sleep(0.2)
    raise AssertionError("the provision did not end")


def wait_for(hub: FakeHub, owner: str, count: int) -> None:
    until = time.monotonic() + PATIENCE * 2
    while sum(space_id.startswith(f"{owner}/team-") for space_id in list(hub.spaces)) < count:
        assert time.monotonic() < until, "the Spaces were not made"
        time.sleep(0.01)


def assert_each_was_made_once(hub: FakeHub, owner: str) -> None:
    asked = hub.calls("POST", r"/duplicate$") + hub.calls("POST", r"/repos/create$")
    names = Counter(call.body.get("repository") or f"{owner}/{call.body['name']}" for call in asked)
    assert names == {f"{owner}/team-{number}": 1 for number in range(SPACES)}
    assert {call.status for call in asked} <= {200, None}


def assert_as_wanted(space: Space, number: int) -> None:
    assert {key: secret.value for key, secret in space.secrets.items()} == {"API_KEY": f"{KEY}-{number}-"}
    assert space.variables["TEAM"].value == str(number)
    assert space.files()["app.py"].endswith(b"print('hello')\n")


def everything_stored(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_copies_survive_a_kill_and_none_is_made_twice_and_no_secret_stays_behind(tmp_path: Path) -> None:
    with FakeHub() as hub:
        hub.create("deployer/template", files=APP)
        environment = {"HF_TOKEN": hub.token, "HF_ENDPOINT": hub.endpoint, "DEPLOY_TARGET": "local"}
        body = order("deployer/template")
        with Service(tmp_path, **environment) as service:
            accepted = post(service, body)
            wait_for(hub, "deployer", SPACES // 2)
            service.kill()
        printed = service.output
        made_before = len(hub.spaces) - 1
        assert KEY.encode() in everything_stored(tmp_path)  # what a resumed run needs
        with Service(tmp_path, **environment) as service:
            ended = finished(service, accepted.json()["id"])
            again = post(service, body, prefer="wait=300").json()
            service.terminate()
        printed += service.output

        assert SPACES // 2 <= made_before < SPACES
        assert (ended["status"], ended["error"]) == ("succeeded", None)
        assert [space["name"] for space in ended["spaces"]] == [wanted["name"] for wanted in body["spaces"]]
        assert {(space["action"], space["status"]) for space in ended["spaces"]} == {("create", "succeeded")}
        assert {space["url"] for space in ended["spaces"]} == {
            space.url for space in hub.spaces.values() if space.id != "deployer/template"
        }
        assert_each_was_made_once(hub, "deployer")
        for number in range(SPACES):
            assert_as_wanted(hub.spaces[f"deployer/team-{number}"], number)
        assert again["id"] != ended["id"]
        assert {space["action"] for space in again["spaces"]} == {"unchanged"}
        for told in (printed, accepted.text, str(ended), str(again)):
            assert KEY not in told
            assert hub.token not in told
        assert KEY.encode() not in everything_stored(tmp_path)


def test_an_app_of_a_caller_with_an_own_token_goes_on_after_a_kill_as_that_caller(tmp_path: Path) -> None:
    with FakeHub(others={OWN_TOKEN: "teacher"}) as hub:
        environment = {"HF_TOKEN": hub.token, "HF_ENDPOINT": hub.endpoint, "DEPLOY_TARGET": "local"}
        body = order({"space_type": "gradio", "files": APP})
        with Service(tmp_path, **environment) as service:
            provision_id = post(service, body, token=OWN_TOKEN).json()["id"]
            wait_for(hub, "teacher", SPACES // 2)
            service.kill()
        with Service(tmp_path, **environment) as service:
            ended = finished(service, provision_id, OWN_TOKEN)
            foreign = service.get(f"/spaces/provision/{provision_id}")
            service.terminate()

        assert ended["status"] == "succeeded", ended
        assert_each_was_made_once(hub, "teacher")
        for number in range(SPACES):
            space = hub.spaces[f"teacher/team-{number}"]
            assert_as_wanted(space, number)
            assert len(space.commits) == 2  # the Hub's own and the app's
        assert foreign.status_code == 404
        assert hub.token not in {call.token for call in hub.log}
        stored = everything_stored(tmp_path)
        assert KEY.encode() not in stored
        assert OWN_TOKEN.encode() not in stored
