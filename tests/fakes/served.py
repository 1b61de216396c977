"""An application on a real server: only there can somebody leave before the end."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from pipeline.web.connections import PatientServer


@asynccontextmanager
async def served(app: FastAPI, server: PatientServer | None = None) -> AsyncIterator[str]:
    """Serve ``app`` on a free port of loopback, and give its address."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        server = server or PatientServer(app, close_seconds=1)
        async with app.router.lifespan_context(app):
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            await until(lambda: server.started)
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True
                await serving


async def until(condition: Callable[[], object]) -> None:
    """Wait for what another task does."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)
