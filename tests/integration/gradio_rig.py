"""Calls over the Gradio-compatible routes, as curl makes them."""

import asyncio
import json
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
from fastapi import FastAPI

from pipeline.web.gradio.calls import Calls
from pipeline.web.gradio.state import GradioState
from tests.fakes.gradio import HUB_TOKEN, GradioServices, app_of
from tests.fakes.jobs import SECRET

OPERATOR = {"Authorization": f"Bearer {SECRET}"}
ACCOUNT = {"x-hf-authorization": f"Bearer {HUB_TOKEN}"}
SPACE = {"space_id": "ada/app"}
BRIEF = {"email": "ada@example.com", "task": "sales", "round": 1, "nonce": "n1", "brief": "Show the sales."}
CANARY = "canary-7f3a"
SECONDS = 30  # far more than any stream here lasts
Events = list[tuple[str, Any]]


class Client(httpx.AsyncClient):
    """Asks ``app``, the application over jobs and Spaces in memory, with the operator's secret."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.services = GradioServices(folder, **settings)
        self.app: FastAPI = app_of(self.services)
        self.jobs, self.hub = self.services.jobs, self.services.hub
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        super().__init__(transport=transport, base_url="http://pipeline.test", headers=OPERATOR)
        self.headers["X-Request-Id"] = "of-the-tests"

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await super().__aexit__(kind, error, traceback)
        self.services.database.close()

    @property
    def calls(self) -> Calls:
        """The calls under way."""
        state: GradioState = self.app.state.gradio
        return state.calls


async def begin(client: httpx.AsyncClient, name: str, body: Any, **options: Any) -> str:
    answer = await client.post(f"/gradio_api/call/v2/{name}", json=body, **options)
    assert answer.status_code == 200, answer.text
    event_id: str = answer.json()["event_id"]
    return event_id


async def events(client: httpx.AsyncClient, name: str, event_id: str, **options: Any) -> Events:
    async with asyncio.timeout(SECONDS):
        answer = await client.get(f"/gradio_api/call/{name}/{event_id}", **options)
    assert answer.status_code == 200, answer.text
    assert "\r" not in answer.text
    blocks = [block.split("\n") for block in answer.text.split("\n\n") if block]
    assert all(len(block) == 2 for block in blocks)
    return [(event.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for event, data in blocks]


async def call(client: httpx.AsyncClient, name: str, body: Any, **options: Any) -> Events:
    return await events(client, name, await begin(client, name, body, **options), **options)
