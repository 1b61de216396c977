"""A Space on the fake Hub, as routes see it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from httpx import ASGITransport, AsyncClient, Response

from pipeline.web.app import create_app
from pipeline.web.places import Places
from tests.fakes.hub import FakeHub, Space
from tests.fakes.jobs import SECRET, MemoryServices
from tests.fakes.served import served as served_app
from tests.integration.space_functions import ID

AT = f"/spaces/{ID}"
PAGE = {"README.md": "---\ntitle: Page\nsdk: static\n---\n", "index.html": "<h1>Tides</h1>"}
VISITORS_TOKEN = "hf_" + "ofAVisitorOfTheTests"
VOLUME = {"type": "bucket", "source": "deployer/data", "mount_path": "/data"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class HubClient(AsyncClient):
    """A client of the whole application, and the Hub and the Space behind it."""

    def __init__(self, services: MemoryServices, hub: FakeHub, **options: Any) -> None:
        transport = ASGITransport(create_app(services), raise_app_exceptions=False)
        super().__init__(transport=transport, base_url="http://pipeline.test", **options)
        self.hub = hub

    @property
    def space(self) -> Space:
        return self.hub.spaces[ID]


@asynccontextmanager
async def served(services: MemoryServices, streams: Places | None = None) -> AsyncIterator[AsyncClient]:
    """A client of a real server: only there can somebody leave before the end."""
    app = create_app(services)
    app.state.streams = streams or app.state.streams
    async with served_app(app) as address, AsyncClient(base_url=address, headers=bearer(SECRET)) as client:
        yield client


def error_of(response: Response, status: int) -> str:
    """What an answer of that status tells."""
    assert response.status_code == status, response.text
    return str(response.json()["error"])


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found
