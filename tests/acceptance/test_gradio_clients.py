"""A started service, as Gradio's published clients, curl and the official MCP client meet it.

The clients run as processes of their own: each must end by itself, and without an error.

The JavaScript client is looked for at GRADIO_CLIENT_JS, the folder of the npm package ``@gradio/client``.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.acceptance.service import SECRET, Service, make_request
from tests.fakes.hub import FakeHub

SECONDS = 120  # far more than any client here takes
HUB_TOKEN = "hf_" + "c" * 34
CSV = "region,sales\nNorth,12.5\nSouth,7.5\n"
JAVASCRIPT_CLIENT = Path(__file__).parents[1] / "data" / "gradio-client.mjs"
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PYTHON_CLIENT = """
import json, sys
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

url, token, data, downloads = sys.argv[1:]
client = Client(url, token=token, download_files=downloads, analytics_enabled=False, verbose=False)
seen = {"endpoints": list(client.view_api(print_info=False, return_format="dict")["named_endpoints"])}
seen["usage"] = client.view_api(print_info=False, return_format="str") is not None
job = client.submit(
    email="ada@example.com", task="python", round=1, nonce="n-1", brief="Show data.csv as a table.",
    attachments=[handle_file(data)], api_name="/deploy",
)
seen["stages"] = [value["stage"] for value in job]
seen["progress"] = job.status().code.name
seen["deployed"] = job.result()
shown = client.predict(seen["deployed"]["job_id"], download=True, api_name="/job")
seen["app"] = shown["app"]
seen["runtime"] = client.predict(space_id="ada/app", api_name="/space_runtime")
seen["parallel"] = [
    call.result()["stage"] for call in [client.submit("ada/app", api_name="/space_runtime") for _ in range(10)]
]
seen["errors"] = []
for arguments in (["ada/gone"], ["no space id"]):
    try:
        client.predict(*arguments, api_name="/space_runtime")
    except AppError as error:
        seen["errors"].append(str(error))
try:
    client.predict("ada/app", api_name="/nope")
except ValueError as error:
    seen["errors"].append(str(error))
try:
    Client(url, token="hf_made_up", analytics_enabled=False, verbose=False).predict("a/b", api_name="/space_runtime")
except Exception as error:
    seen["errors"].append(type(error).__name__)
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    with FakeHub(others={HUB_TOKEN: "ada"}) as hub:
        for name in ("ada/app", "owner/name"):
            hub.create(name, "static", {"index.html": b"<h1>App</h1>", "README.md": b"---\nsdk: static\n---\n"})
        yield hub


@pytest.fixture(scope="module")
def service(hub: FakeHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    environment = {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": hub.token, "CHROMIUM": "none"}
    with Service(folder, **environment) as service:
        yield service


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "data.csv"
    file.write_text(CSV)
    return file


def run(*command: str | Path, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> str:
    """What a process printed; it must end by itself, with success."""
    ended = subprocess.run(
        command,
        env={
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "HOME": str(folder or "/nonexistent"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "GRADIO_ANALYTICS_ENABLED": "False",
            "NO_PROXY": "127.0.0.1",
            **(environment or {}),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended.stdout


def attachment_of(service: Service, task: str) -> str:
    return (service.folder / f"{task}-n-1" / "data.csv").read_text()


def test_the_python_client_lists_calls_uploads_and_downloads(service: Service, data: Path, tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.write_text(PYTHON_CLIENT)
    printed = run(sys.executable, script, service.url, SECRET, data, tmp_path / "downloads", folder=tmp_path)
    seen = json.loads(printed)

    assert seen["endpoints"][:2] == ["/deploy", "/job"]
    assert {"generate", "verify", "publish"} <= set(seen["stages"])
    assert (seen["deployed"]["status"], seen["progress"]) == ("succeeded", "FINISHED")
    assert attachment_of(service, "python") == CSV
    assert Path(seen["app"]).is_relative_to(tmp_path / "downloads")
    assert Path(seen["app"]).read_bytes().startswith(b"PK")
    assert seen["runtime"]["stage"] == "RUNNING"
    assert seen["parallel"] == ["RUNNING"] * 10
    missing, malformed, unknown, stranger = seen["errors"]
    assert "ada/gone" in missing
    assert malformed.startswith("space_id: must be owner/name")
    assert "/nope" in unknown
    assert stranger == "HTTPStatusError"


def test_the_python_client_acts_with_the_callers_own_hub_token(service: Service, hub: FakeHub, tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.write_text(
        "import sys\nfrom gradio_client import Client\n"
        "client = Client(sys.argv[1], token=sys.argv[2], analytics_enabled=False, verbose=False)\n"
        "print(client.predict('ada/app', api_name='/space_runtime')['stage'])\n"
    )
    before = len(hub.log)
    assert run(sys.executable, script, service.url, HUB_TOKEN, folder=tmp_path) == "RUNNING\n"
    assert {entry.token for entry in hub.log[before:]} == {HUB_TOKEN}


def test_the_javascript_client_lists_calls_uploads_and_cancels(service: Service, data: Path) -> None:
    folder = os.environ.get("GRADIO_CLIENT_JS", "")
    node = shutil.which("node")
    if not node or not (Path(folder) / "dist" / "index.js").is_file():
        pytest.skip("GRADIO_CLIENT_JS names no folder of the npm package @gradio/client, or there is no node")
    seen = json.loads(run(node, JAVASCRIPT_CLIENT, folder, service.url, SECRET, data).splitlines()[-1])

    assert seen["endpoints"][:2] == ["/deploy", "/job"]
    assert {"generate", "verify", "publish"} <= set(seen["stages"])
    assert (seen["statuses"][0], seen["statuses"][-1]) == ("pending", "complete")
    assert seen["deployed"]["status"] == "succeeded"
    assert attachment_of(service, "javascript") == CSV
    assert seen["runtime"]["stage"] == "RUNNING"
    assert seen["parallel"] == ["RUNNING"] * 10
    missing, malformed, stranger = seen["errors"]
    assert "ada/gone" in missing
    assert malformed.startswith("space_id: must be owner/name")
    assert "Authorization: Bearer" in stranger
    assert seen["last"] in {"error", "complete"}  # it may have been too late


def test_every_command_of_agents_md_works_as_it_is_printed(service: Service, tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("there is no curl")
    page = httpx.get(f"{service.url}/agents.md", trust_env=False).text
    sections = {text.partition("\n")[0]: BLOCK.findall(text) for text in page.split("\n## ")[1:]}
    ends = {}
    for title, commands in sections.items():
        for command in commands:
            printed = run("bash", "-euo", "pipefail", "-c", command, environment={"TOKEN": SECRET}, folder=tmp_path)
            ends[title] = printed
    events = {
        title: re.findall(r"^event: (\w+)$", text, re.MULTILINE)[-1] for title, text in ends.items() if title != "Files"
    }
    assert events == {
        "/deploy": "complete",
        "/job": "error",  # the job of the example does not exist
        "/create_space": "complete",
        "/space_runtime": "complete",
        "/restart_space": "error",  # not the operator's Space
        "/pause_space": "error",
        "/duplicate_space": "error",
    }
    assert re.fullmatch(r'\["[\w-]{32}/data.csv"\]', ends["Files"])


async def test_the_official_mcp_client_calls_the_same_functions(service: Service) -> None:
    told: list[str | None] = []

    async def report(progress: float, total: float | None, message: str | None) -> None:
        assert (progress, total) == (len(told) + 1, None)
        told.append(message)

    headers = {"Authorization": f"Bearer {SECRET}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=SECONDS, trust_env=False) as http,
        Client(streamable_http_client(f"{service.url}/mcp", http_client=http)) as client,
    ):
        tools = [tool.name for tool in (await client.list_tools()).tools]
        brief: dict[str, Any] = make_request(task="mcp")
        result = await client.call_tool("deploy", brief, progress_callback=report)
        runtime = await client.call_tool("space_runtime", {"space_id": "ada/app"})
    assert tools[:2] == ["deploy", "job"]
    assert result.structured_content["status"] == "succeeded"
    assert any(message and message.startswith("publish: ") for message in told)
    assert runtime.structured_content["stage"] == "RUNNING"


def test_a_job_goes_on_when_its_caller_hangs_up_and_its_result_survives_a_restart(tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    call = "/gradio_api/call/v2/deploy"
    with Service(tmp_path, CHROMIUM="none") as service:
        begun = httpx.post(service.url + call, json=make_request(), headers=headers, trust_env=False)
        event = f"/gradio_api/call/deploy/{begun.json()['event_id']}"
        with httpx.stream("GET", service.url + event, headers=headers, trust_env=False) as answer:
            next(answer.iter_lines())
        service.finished(service.get("/jobs").json()["jobs"][0]["job_id"])
        assert service.terminate() == 0
    with Service(tmp_path, CHROMIUM="none") as service:
        told = httpx.get(service.url + event, headers=headers, trust_env=False, timeout=SECONDS).text
    assert "event: complete\ndata: [{" in told
