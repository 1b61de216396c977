"""Fifty Spaces from one template, with a kill -9 in the middle: all there, none made twice, and no secret on disk."""

import threading
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


def post(service: Service, body: dict[str, Any], token: str = SECRET) -> httpx.Response:
    return httpx.post(
        f"{service.url}/spaces/provision",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        timeout=PATIENCE * 4,
        trust_env=False,
    )


def kill_half_way(service: Service, body: dict[str, Any], hub: FakeHub, owner: str, token: str = SECRET) -> None:
    """Order, and end the service as soon as half of the Spaces are there."""

    def ask() -> None:
        try:
            post(service, body, token)
        except httpx.HTTPError:
            return

    asking = threading.Thread(target=ask)
    asking.start()
    until = time.monotonic() + PATIENCE * 2
    while sum(space_id.startswith(f"{owner}/team-") for space_id in list(hub.spaces)) < SPACES // 2:
        assert time.monotonic() < until, "the Spaces were not made"
        time.sleep(0.01)
    service.kill()
    asking.join(PATIENCE)


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


def test_copies_survive_a_kill_and_none_is_made_twice_and_no_secret_touches_the_disk(tmp_path: Path) -> None:
    with FakeHub() as hub:
        hub.create("deployer/template", files=APP)
        environment = {"HF_TOKEN": hub.token, "HF_ENDPOINT": hub.endpoint, "DEPLOY_TARGET": "local"}
        body = order("deployer/template")
        with Service(tmp_path, **environment) as service:
            kill_half_way(service, body, hub, "deployer")
        printed = service.output
        assert KEY.encode() not in everything_stored(tmp_path)
        with Service(tmp_path, **environment) as service:
            made_before = len(hub.spaces) - 1
            ended = post(service, body).json()
            again = post(service, body).json()
            service.terminate()
        printed += service.output

        assert SPACES // 2 <= made_before < SPACES
        assert (ended["status"], ended["error"]) == ("succeeded", None)
        assert [space["name"] for space in ended["spaces"]] == [wanted["name"] for wanted in body["spaces"]]
        assert {space["status"] for space in ended["spaces"]} == {"succeeded"}
        assert Counter(space["action"] for space in ended["spaces"])["create"] == SPACES - made_before
        assert {space["url"] for space in ended["spaces"]} == {
            space.url for space in hub.spaces.values() if space.id != "deployer/template"
        }
        assert_each_was_made_once(hub, "deployer")
        for number in range(SPACES):
            assert_as_wanted(hub.spaces[f"deployer/team-{number}"], number)
        assert {space["action"] for space in again["spaces"]} == {"unchanged"}
        for told in (printed, str(ended), str(again)):
            assert KEY not in told
            assert hub.token not in told
        assert KEY.encode() not in everything_stored(tmp_path)


def test_an_app_of_a_caller_with_an_own_token_is_finished_after_a_kill_as_that_caller(tmp_path: Path) -> None:
    with FakeHub(others={OWN_TOKEN: "teacher"}) as hub:
        environment = {"HF_TOKEN": hub.token, "HF_ENDPOINT": hub.endpoint, "DEPLOY_TARGET": "local"}
        body = order({"space_type": "gradio", "files": APP})
        with Service(tmp_path, **environment) as service:
            kill_half_way(service, body, hub, "teacher", OWN_TOKEN)
        with Service(tmp_path, **environment) as service:
            ended = post(service, body, OWN_TOKEN).json()
            service.terminate()

        assert ended["status"] == "succeeded", ended
        assert_each_was_made_once(hub, "teacher")
        for number in range(SPACES):
            space = hub.spaces[f"teacher/team-{number}"]
            assert_as_wanted(space, number)
            assert len(space.commits) == 2  # the Hub's own and the app's
        assert hub.token not in {call.token for call in hub.log}
        stored = everything_stored(tmp_path)
        assert KEY.encode() not in stored
        assert OWN_TOKEN.encode() not in stored
