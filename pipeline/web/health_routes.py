"""Whether the service can take a brief, whether it lives, and its figures."""

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from pipeline import __version__
from pipeline.domain.errors import Unavailable
from pipeline.domain.job import JobStatus
from pipeline.metrics import MEDIA_TYPE
from pipeline.web.dependencies import ServicesOfApp
from pipeline.web.errors import RETRY_AFTER_SECONDS

DATABASE_SECONDS = 5

router = APIRouter(tags=["health"])


class QueueView(BaseModel):
    """How many jobs are under way."""

    running: int
    waiting: int


class BrowserView(BaseModel):
    """What apps are looked at with; null until that was first started, and without one."""

    version: str | None = None
    sandbox: bool | None = None  # of its own; false: the system refuses one, or CHROMIUM_SANDBOX does


class HealthReply(BaseModel):
    """``queue`` is null when the database does not answer."""

    status: Literal["ok", "unavailable"]
    version: str
    database: Literal["ok", "unavailable"]
    queue: QueueView | None
    browser: BrowserView


_CANNOT: dict[int | str, dict[str, Any]] = {503: {"model": HealthReply, "description": "It cannot"}}


class LiveReply(BaseModel):
    """The process answers; it may still be unable to take a brief."""

    status: Literal["ok"] = "ok"
    version: str = __version__


@router.get("/livez", summary="Does the process answer?")
async def live() -> LiveReply:
    """Looks at nothing: who restarts what does not answer asks here."""
    return LiveReply()


@router.get("/readyz", summary="The same as /health", responses=_CANNOT)
@router.get("/health", summary="Can it take a brief?", responses=_CANNOT)
async def health(response: Response, services: ServicesOfApp) -> HealthReply:
    """503 when no brief could be accepted. A full queue is not an illness: it is answered 429 and passes."""
    browser = services.browser
    seen = BrowserView(version=browser.version, sandbox=browser.has_sandbox) if browser else BrowserView()
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            counts = await services.jobs.counts()
    except (Unavailable, TimeoutError):
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS[Unavailable])
        return HealthReply(status="unavailable", version=__version__, database="unavailable", queue=None, browser=seen)
    queue = QueueView(running=counts.get(JobStatus.RUNNING, 0), waiting=counts.get(JobStatus.WAITING, 0))
    return HealthReply(status="ok", version=__version__, database="ok", queue=queue, browser=seen)


@router.head("/readyz", include_in_schema=False)
@router.head("/health", include_in_schema=False)
async def health_head(response: Response, services: ServicesOfApp) -> None:
    """The same status without the body."""
    await health(response, services)


@router.get("/metrics", summary="Figures for Prometheus", response_class=PlainTextResponse)
async def metrics(services: ServicesOfApp) -> Response:
    """Jobs, stages, verdicts, tokens and cost, tries to tell, requests. Raises Unavailable."""
    since = await services.jobs.waiting_since()
    age = datetime.now(UTC) - since if since else timedelta()
    return Response(services.metrics.text(await services.jobs.counts(), age), media_type=MEDIA_TYPE)
