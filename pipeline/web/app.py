"""The service as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import FastAPI

from pipeline import __version__
from pipeline.shapes.deploy_request import RequestRules
from pipeline.web import (
    batch_routes,
    delivery_routes,
    deploy_routes,
    event_routes,
    health_routes,
    job_routes,
    preview_routes,
)
from pipeline.web.auth import Credentials, Gate
from pipeline.web.body import BodyLimit
from pipeline.web.dependencies import Services
from pipeline.web.description import completed
from pipeline.web.errors import install_error_handlers
from pipeline.web.gradio import call_routes, document_routes, mcp_routes, queue_routes, upload_routes
from pipeline.web.gradio.state import GradioState
from pipeline.web.hub_access import RefusedTokens
from pipeline.web.origins import Origins
from pipeline.web.pages import reference
from pipeline.web.places import streams
from pipeline.web.request_log import RequestLog
from pipeline.web.spaces import creation_routes
from pipeline.web.spaces import routes as space_routes

ROUTES = (
    deploy_routes,
    job_routes,
    event_routes,
    delivery_routes,
    batch_routes,
    creation_routes,
    preview_routes,
    health_routes,
    reference,
    space_routes,  # behind all routes below /spaces that begin with a fixed word
    document_routes,
    call_routes,
    queue_routes,
    upload_routes,
    mcp_routes,
)


def create_app(services: Services) -> FastAPI:
    """Build the application; it starts ``services`` with its lifespan and stops them at the end.

    No CORS headers: a browser on another origin is not meant to hold the secret.

    Raises:
        Misconfigured: no usable secret, or EVALUATION_ALLOWED_ORIGINS is wrong.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await services.start()
        try:
            yield
        finally:
            await services.stop()

    app = FastAPI(
        title="code-to-deployment",
        summary="Turns a written brief into a live, checked web app.",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    app.state.gate = Gate(Credentials.from_settings(services.settings))
    app.state.rules = RequestRules.from_settings(services.settings)
    app.state.streams = streams()
    app.state.refused_tokens = RefusedTokens()
    app.state.gradio = GradioState.of(services, app.state.rules)
    for routes in ROUTES:
        app.router.routes += routes.router.routes  # included, each would be built again, at the first request
    install_error_handlers(app)
    settings, knows_sender = services.settings, app.state.gate.knows_sender
    batches = {batch_routes.router.prefix: settings.max_batch_bytes}
    app.add_middleware(BodyLimit, max_bytes=settings.max_request_bytes, is_known=knows_sender, elsewhere=batches)
    app.add_middleware(Origins, settings=settings)
    app.add_middleware(RequestLog)
    describe = app.openapi
    # Assigning it is FastAPI's documented way to extend the description.
    app.openapi = cache(lambda: completed(describe(), app.state.rules))  # type: ignore[method-assign]
    return app
