"""What is public: the descriptions of the functions."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from pipeline.web.gradio.agents import agents_markdown
from pipeline.web.gradio.documents import config, info, openapi
from pipeline.web.gradio.state import GradioOfApp

router = APIRouter(tags=["gradio"])


class Markdown(Response):
    """Markdown text, RFC 7763."""

    media_type = "text/markdown"


@router.head("/config", include_in_schema=False)
@router.get("/config", summary="The app, for Gradio's clients", response_class=JSONResponse)
@router.get("/config/", include_in_schema=False)
async def show_config(state: GradioOfApp) -> dict[str, Any]:
    """Protocol, functions, parameters and results."""
    return config(state.services.settings.max_attachment_bytes)


@router.head("/gradio_api/info", include_in_schema=False)
@router.get("/gradio_api/info", summary="The functions and their types", response_class=JSONResponse)
@router.get("/gradio_api/info/", include_in_schema=False)
async def show_info() -> dict[str, Any]:
    """The functions with the types, defaults and descriptions of their parameters."""
    return info()


@router.head("/gradio_api/openapi.json", include_in_schema=False)
@router.get("/gradio_api/openapi.json", summary="The functions, for OpenAPI tools", response_class=JSONResponse)
async def show_openapi(state: GradioOfApp) -> dict[str, Any]:
    """Only the functions; the whole service is described at /openapi.json."""
    return openapi(state.services.settings.own_address)


@router.head("/agents.md", response_class=Markdown, include_in_schema=False)
@router.get("/agents.md", summary="The functions, for agents", response_class=Markdown)
async def show_agents(state: GradioOfApp) -> Markdown:
    """How to call each with curl."""
    return Markdown(agents_markdown(state.services.settings.own_address))
