"""The application over services in memory, and briefs as they are posted."""

from typing import Any

import httpx

from pipeline.web.app import create_app
from tests.builders import make_brief
from tests.fakes.jobs import SECRET, MemoryServices

CANARY = "canary-7f3a"
ADA, BOB = "ada@example.com", "bob@example.com"
FOLDER = "sales-summary-ab12"
PAGE = "<!doctype html><title>Sales</title><h1>Gr\u00fc\u00dfe</h1>".encode()
SITE = {
    "index.html": PAGE,
    "app.js": b"localStorage.x = 1",
    "docs/index.html": b"<h1>Docs</h1>",
    "caf\u00e9 1.txt": b"coffee",
}
JOB_ROUTES = [
    *[("GET", path) for path in ("", "/log", "/events", "/files", "/files/index.html", "/screenshot.png")],
    *[("GET", path) for path in ("/app.zip", "/evidence.zip")],
    *[("POST", path) for path in ("/cancel", "/retry", "/redeliver")],
]


def bearer(secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


class Client(httpx.AsyncClient):
    """Asks the application over ``services`` in memory."""

    def __init__(self, services: MemoryServices, base_url: str = "http://pipeline.test", **options: Any) -> None:
        transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
        super().__init__(transport=transport, base_url=base_url, **options)
        self.headers["X-Request-Id"] = "of-the-tests"
        self.services, self.jobs = services, services.jobs


async def accept(services: MemoryServices, **fields: Any) -> str:
    job, _ = await services.jobs.accept(make_brief(**fields))
    return job.id


def body(**fields: Any) -> dict[str, Any]:
    required = {"email": "ada@example.com", "task": "sales", "round": 1, "nonce": "n1", "brief": "Show the sales."}
    return {**required, "secret": SECRET, **fields}


async def post(client: httpx.AsyncClient, prefer: str | None = "respond-async", **fields: Any) -> httpx.Response:
    return await client.post("/api-deploy", json=body(**fields), headers={"Prefer": prefer} if prefer else {})
