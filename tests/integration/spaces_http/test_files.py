"""PUT /spaces/{owner}/{name}/files."""

from typing import Any

import httpx
import pytest
from httpx import AsyncClient

from tests.fakes.hub import FakeHub, Space
from tests.fakes.jobs import SECRET
from tests.integration.spaces_http.rig import APP, AT, error_of


async def put_files(client: AsyncClient, files: Any, **fields: Any) -> httpx.Response:
    return await client.put(f"{AT}/files", json={"files": files, **fields})


async def test_files_are_added_and_replaced_in_one_commit_and_others_stay(
    hub: FakeHub, space: Space, client: AsyncClient
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


async def test_files_may_become_all_that_a_space_holds(space: Space, client: AsyncClient) -> None:
    response = await put_files(client, {"README.md": APP["README.md"], "main.py": ""}, replace=True)
    assert response.json()["changed"] == ["added main.py", "deleted app.py"]
    assert set(space.files()) == {".gitattributes", "README.md", "main.py"}


async def test_files_that_are_there_already_are_no_commit(hub: FakeHub, client: AsyncClient) -> None:
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
    hub: FakeHub, client: AsyncClient, files: dict[str, Any]
) -> None:
    response = await put_files(client, files)
    assert error_of(response, 400)
    assert SECRET not in response.text
    assert not hub.calls("POST", "/commit/")
