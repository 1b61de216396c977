"""All of this package's routes, and what they share."""

from fastapi import FastAPI

from pipeline.web.dependencies import Services
from pipeline.web.gradio import call_routes, document_routes, mcp_routes, queue_routes, upload_routes
from pipeline.web.gradio.state import GradioState


def install_gradio(app: FastAPI, services: Services) -> None:
    """Add the routes to ``app``, whose gate, rules and streams are set already."""
    app.state.gradio = GradioState.of(services, app.state.rules)
    for routes in (document_routes, call_routes, queue_routes, upload_routes, mcp_routes):
        app.router.routes += routes.router.routes  # included, each would be built again, at the first request
