"""A Space on the fake Hub, as routes see it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from httpx import AsyncClient

from pipeline.web.app import create_app
from pipeline.web.streams import Streams
from tests.fakes.jobs import SECRET, MemoryServices

ID = "deployer/tides"
AT = f"/spaces/{ID}"
APP = {"README.md": "---\ntitle: Tides\nsdk: gradio\n---\n", "app.py": "import gradio\n"}
PAGE = {"README.md": "---\ntitle: Page\nsdk: static\n---\n", "index.html": "<h1>Tides</h1>"}
VISITORS_TOKEN = "hf_" + "ofAVisitorOfTheTests"
VALUE = "v4lue-that-nobody-may-see"
BEARER = {"Authorization": f"Bearer {SECRET}"}
VOLUME = {"type": "bucket", "source": "deployer/data", "mount_path": "/data"}


@asynccontextmanager
async def served(services: MemoryServices, streams: Streams | None = None) -> AsyncIterator[AsyncClient]:
    """A client of a real server: only there can somebody leave before the end."""
    app = create_app(services)
    app.state.streams = streams or app.state.streams
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        async with AsyncClient(base_url=address, headers=BEARER) as client:
            yield client
    finally:
        server.should_exit = True
        await serving


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found
