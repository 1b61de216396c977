"""The MCP server on a real HTTP server, as the official client of the SDK meets it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from fastapi import FastAPI
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import TextContent

from pipeline.domain.job import EventKind, Failure, Stage
from pipeline.web.gradio.registry import FUNCTIONS
from pipeline.web.places import Places
from tests.fakes.gradio import HUB_TOKEN, GradioServices, app_of
from tests.fakes.jobs import SECRET
from tests.fakes.served import served, until
from tests.integration.gradio_rig import BRIEF, SPACE

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[GradioServices]:
    services = GradioServices(tmp_path)
    yield services
    services.database.close()


@pytest.fixture
def app(services: GradioServices) -> FastAPI:
    return app_of(services)


@pytest.fixture
async def url(app: FastAPI) -> AsyncIterator[str]:
    async with served(app) as address:
        yield f"{address}/mcp"


@pytest.fixture(params=["auto", "legacy"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both generations of the protocol that clients speak today."""
    mode: str = request.param
    return mode


def plain() -> httpx.AsyncClient:
    """A client that knows of HTTP alone."""
    return httpx.AsyncClient(trust_env=False, headers=ACCEPT, timeout=20)


@asynccontextmanager
async def connected(url: str, mode: str, token: str | None = SECRET) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=20, trust_env=False) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


def text_of(result: Any) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def test_the_tools_are_the_functions_and_public(url: str, mode: str) -> None:
    async with connected(url, mode, token=None) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == [function.name for function in FUNCTIONS]
    assert tools[0].input_schema["required"] == ["email", "task", "round", "nonce", "brief"]
    assert all(tool.description for tool in tools)


async def test_a_tool_gives_its_result_as_text_and_as_data(url: str, mode: str) -> None:
    async with connected(url, mode) as client:
        result = await client.call_tool("space_runtime", SPACE)
    assert (result.is_error, result.structured_content["stage"]) == (False, "RUNNING")
    assert '"stage": "RUNNING"' in text_of(result)


async def test_a_job_reports_its_stages_as_progress_that_rises(url: str, mode: str, services: GradioServices) -> None:
    reported: list[tuple[float, str | None]] = []

    async def report(progress: float, total: float | None, message: str | None) -> None:
        assert total is None  # how many stages a job takes is not known before
        reported.append((progress, message))

    async with connected(url, mode) as client:
        calling = asyncio.create_task(client.call_tool("deploy", BRIEF, progress_callback=report))
        await until(lambda: services.jobs.watching)
        (job_id,) = services.jobs.ids
        services.jobs.start(job_id)
        services.jobs.event(job_id, EventKind.STARTED, Stage.GENERATE)
        await until(lambda: len(reported) == 2)
        services.jobs.finish(job_id)
        result = await calling
    assert reported == [(1, "job: running"), (2, "generate: started"), (3, "job: succeeded")]
    assert result.structured_content["job_id"] == job_id


async def test_a_job_that_fails_is_an_error_that_the_model_can_read(
    url: str, mode: str, services: GradioServices
) -> None:
    async with connected(url, mode) as client:
        calling = asyncio.create_task(client.call_tool("deploy", BRIEF))
        await until(lambda: services.jobs.watching)
        services.jobs.fail(services.jobs.ids[0], Failure(Stage.PUBLISH, "publish_failed", "GitHub refused"))
        result = await calling
    assert (result.is_error, "GitHub refused" in text_of(result)) == (True, True)


@pytest.mark.parametrize(
    ("token", "name", "arguments", "told"),
    [
        (None, "space_runtime", SPACE, "Authorization: Bearer"),
        ("wrong", "space_runtime", SPACE, "invalid secret"),
        ("hf_made_up", "space_runtime", SPACE, "does not know this token"),
        (HUB_TOKEN, "deploy", BRIEF, "own secret"),
        (SECRET, "space_runtime", {}, "space_id: is required"),
        (SECRET, "space_runtime", {"space_id": "ada/gone"}, "no such Space"),
        (SECRET, "nope", {}, "there are: /deploy"),
    ],
)
async def test_what_goes_wrong_is_told_as_the_tools_result(
    url: str, token: str | None, name: str, arguments: dict[str, Any], told: str
) -> None:
    async with connected(url, "auto", token) as client:
        result = await client.call_tool(name, arguments)
    assert (result.is_error, told in text_of(result)) == (True, True)


async def test_hanging_up_leaves_the_job_at_work_and_nothing_else_behind(
    app: FastAPI, url: str, services: GradioServices, mode: str
) -> None:
    app.state.streams = Places("too many event streams are open", 1, 1)
    async with connected(url, mode) as client:
        calling = asyncio.create_task(client.call_tool("deploy", BRIEF))
        await until(lambda: services.jobs.watching)
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
    await until(lambda: not services.jobs.watching)
    assert not (await services.jobs.get(services.jobs.ids[0])).status.is_final
    async with connected(url, mode) as client:
        assert not (await client.call_tool("space_runtime", SPACE)).is_error


async def test_a_page_of_another_origin_is_not_answered(url: str, services: GradioServices) -> None:
    async with plain() as client:
        foreign = await client.post(url, json=INITIALIZE, headers={"Origin": "https://evil.example"})
        own = await client.post(url, json=INITIALIZE, headers={"Origin": services.settings.own_address})
        none = await client.post(f"{url}/", json=INITIALIZE)
    assert (foreign.status_code, foreign.json()["ok"]) == (403, False)
    assert (own.status_code, none.status_code) == (200, 200)


async def test_there_are_no_streams_and_no_sessions_beside_requests(url: str) -> None:
    async with plain() as client:
        begun = await client.post(url, json=INITIALIZE)
        assert "mcp-session-id" not in begun.headers
        for method in ("GET", "DELETE"):
            answer = await client.request(method, url)
            assert (answer.status_code, answer.json()["ok"]) == (405, False)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b'{"jsonrpc": "2.0"}', b'{"jsonrpc": "2.0", "id": NaN, "method": "ping"}'),
        b"[" * 100_000,
        b'[{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"hf_token": "hf_canary"}}]',
        b'{"jsonrpc": "2.0", "id": {}, "method": 7, "params": {"arguments": {"hf_token": "hf_canary"}}}',
    ],
)
async def test_what_is_no_message_is_refused_and_never_repeated(url: str, body: bytes) -> None:
    async with plain() as client:
        answer = await client.post(url, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["ok"]) == (400, False)
    assert "canary" not in answer.text


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/jsonish"])
async def test_what_is_no_json_by_type_is_refused(url: str, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    async with plain() as client:
        answer = await client.post(url, content=json.dumps(INITIALIZE).encode(), headers=headers)
    assert (answer.status_code, answer.json()["ok"]) == (415, False)
