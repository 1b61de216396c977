"""Every function of Space management against the real Hub, over HTTP and by command.

Off by default. ``HF_TOKEN=hf_… python -m pytest -m live tests/live/test_live_spaces.py`` creates two Spaces of the
token's owner, with random names, and deletes them again. What the owner's plan does not include is skipped, and said.
"""

import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from pipeline.bootstrap.spaces import open_create_space, open_spaces
from pipeline.settings import Settings
from pipeline.web.app import create_app
from tests.fakes.command_line import Ended, pipeline
from tests.fakes.jobs import SECRET, MemoryServices

pytestmark = [
    pytest.mark.live,
    # The library's advice about sleep times, which free hardware does not have.
    pytest.mark.filterwarnings("ignore:If your Space runs on the default:UserWarning"),
]

TOKEN, ENDPOINT = os.environ.get("HF_TOKEN", ""), os.environ.get("HF_ENDPOINT")
if not TOKEN:
    pytest.skip("HF_TOKEN is not set", allow_module_level=True)

CONNECT = socket.socket.connect
NAME = f"pipeline-live-{secrets.token_hex(4)}"
PAGE = "<title>Live</title>"
VALUE = "a-value-of-the-live-tests"
PAID = {402, 403}


@pytest.fixture(autouse=True)
def _real_hub(monkeypatch: pytest.MonkeyPatch, _only_loopback: None, _clean_environment: None) -> None:
    monkeypatch.setattr(socket.socket, "connect", CONNECT)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    if ENDPOINT:
        monkeypatch.setenv("HF_ENDPOINT", ENDPOINT)
    monkeypatch.setattr("pipeline.logs.configure_logging", lambda *_, **__: None)


@pytest.fixture
def settings() -> Settings:
    return Settings.from_environment(deploy_secret=SecretStr(SECRET))


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    services = MemoryServices()
    services.spaces = open_spaces(settings)
    services.create_space = open_create_space(settings)
    transport = httpx.ASGITransport(create_app(services))
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://pipeline.test", headers=headers) as client:
        yield client


@pytest.fixture(params=["static", "gradio"])
async def space_id(request: pytest.FixtureRequest, client: httpx.AsyncClient) -> AsyncIterator[str]:
    """A Space of the test's own, as long as the test runs."""
    files = (
        {"index.html": PAGE} if request.param == "static" else {"app.py": "import gradio as gr\ngr.Blocks().launch()\n"}
    )
    name = f"{NAME}-{secrets.token_hex(2)}"
    wish = {"space_type": request.param, "name": name, "private": True, "files": files}
    created = await client.post("/create-space", json=wish)
    if created.status_code in PAID:
        pytest.skip(created.json()["error"])
    assert created.status_code == 200, created.text
    space_id = created.json()["space_id"]
    yield space_id
    await client.delete(f"/spaces/{space_id}", params={"confirm": space_id})


def spaces(*arguments: str) -> Ended:
    return pipeline("spaces", *arguments)


def fits(status: int, space: dict[str, Any]) -> bool:
    """Whether the Hub did it, or said that this kind of Space or the owner's plan has no such thing."""
    return status == 200 or status in PAID or (status == 400 and space["sdk"] == "static")


async def test_every_route_does_what_it_says_on_the_real_hub(client: httpx.AsyncClient, space_id: str) -> None:
    at = f"/spaces/{space_id}"
    space = (await client.get(at)).json()
    assert (space["space_id"], space["visibility"]) == (space_id, "private")
    assert (await client.get(f"{at}/runtime")).json()["stage"]
    assert (await client.put(f"{at}/variables/DEBUG", json={"value": "true", "description": "words"})).json()["ok"]
    assert [each["value"] for each in (await client.get(f"{at}/variables")).json()["variables"]] == ["true"]
    assert (await client.delete(f"{at}/variables/DEBUG")).json()["changed"] == ["variable DEBUG"]
    if space["sdk"] != "static":
        assert (await client.put(f"{at}/secrets/API_KEY", json={"value": VALUE})).json()["restarts"]
        listed = await client.get(f"{at}/secrets")
        assert [each["key"] for each in listed.json()["secrets"]] == ["API_KEY"]
        assert VALUE not in listed.text
        assert (await client.delete(f"{at}/secrets/API_KEY")).json()["changed"] == ["secret API_KEY"]
    assert (await client.put(f"{at}/files", json={"files": {"notes.txt": "live"}})).json()["changed"] == [
        "added notes.txt"
    ]
    for method, path, body in (
        ("PUT", "/sleep-time", {"seconds": 3600}),
        ("PUT", "/hardware", {"hardware": "cpu-basic"}),
        ("POST", "/pause", None),
        ("POST", "/wake", None),
        ("POST", "/restart", None),
    ):
        response = await client.request(method, at + path, json=body)
        assert fits(response.status_code, space), response.text
    assert (await client.put(f"{at}/storage", json={"storage": "small"})).status_code == 410
    assert (await client.get(f"{at}/logs", params={"build": True})).status_code in {200, 400, 404}


async def test_a_copy_is_made_and_deleted_on_the_real_hub(client: httpx.AsyncClient, space_id: str) -> None:
    copied = await client.post(f"/spaces/{space_id}/duplicate", json={"to_id": f"{space_id}-copy"})
    if copied.status_code in PAID:
        pytest.skip(copied.json()["error"])
    assert (copied.status_code, copied.json()["visibility"]) == (200, "private"), copied.text
    copy_id = copied.json()["space_id"]
    assert (await client.delete(f"/spaces/{copy_id}", params={"confirm": copy_id})).json()["deleted"]
    assert (await client.get(f"/spaces/{copy_id}")).status_code == 404


@pytest.fixture
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A static Space made by command."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text(PAGE)
    made = spaces("create", str(folder), "--name", f"{NAME}-cli", "--private", "--watch", "--json")
    assert made.code == 0, made.stderr
    space_id = made.document["space_id"]
    yield space_id
    spaces("delete", space_id, "--yes")


def test_every_command_does_what_it_says_on_the_real_hub(page: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert spaces("info", page, "--json").document["visibility"] == "private"
    assert spaces("runtime", page, "--watch", "--json").document["stage"] == "RUNNING"
    assert spaces("variables", page, "--set", "LEVEL=3", "--json").document["changed"] == ["variable LEVEL"]
    assert "LEVEL" in spaces("variables", page).stdout
    assert spaces("variables", page, "--delete", "LEVEL").code == 0
    assert spaces("secrets", page, "--from-env", "HF_TOKEN").code == 2  # a static Space takes none
    file = tmp_path_factory.mktemp("more") / "notes.txt"
    file.write_text("live")
    assert spaces("upload", page, str(file), "--watch").code == 0
    assert spaces("storage", page, "small").code == 2
    for command in ("restart", "pause"):
        assert spaces(command, page).code == 1  # the Hub has no such thing for static Spaces
    for command, value in (("hardware", "cpu-upgrade"), ("sleep-time", "3600")):
        assert spaces(command, page, value).code == 2  # as we know before it is asked
    assert spaces("duplicate", page, f"{page}-copy", "--json").code == 0
    assert spaces("delete", f"{page}-copy", "--yes").code == 0
    assert spaces("info", f"{page}-copy").code == 1
