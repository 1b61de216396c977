"""GET /docs: the API's reference, as a page to try things out on, and as Markdown.

The page is Swagger UI, whose files come from the package ``fastapi_swagger``; none comes from another host.
"""

from functools import cache

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from pipeline.web.dependencies import ServicesOfApp
from pipeline.web.pages.markdown import as_markdown

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_PAGE_HEADERS = {"Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items())}

router = APIRouter()


@router.head("/docs", include_in_schema=False)
@router.get(
    "/docs",
    tags=["documentation"],
    summary="This documentation",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/html": {}}, "description": "Markdown, or a page for who accepts text/html"}},
)
async def show_reference(request: Request, services: ServicesOfApp) -> Response:
    """As a page to try things out on, for whoever accepts `text/html`; as Markdown for everybody else."""
    if "text/html" in request.headers.get("accept", "").lower():
        response = await _static_file("reference.html", request)
        response.headers.update(_PAGE_HEADERS)
    else:
        response = PlainTextResponse(as_markdown(request.app.openapi(), services.settings.own_address))
    response.headers["Vary"] = "Accept"
    return response


@router.head("/docs/{name}", include_in_schema=False)
@router.get("/docs/{name}", include_in_schema=False)
async def show_file_of_page(name: str, request: Request) -> Response:
    """A style, a script or an icon."""
    return await _static_file(name, request)


async def _static_file(name: str, request: Request) -> Response:
    """To be asked for again each time, which costs nothing while it stays the same. HTTPException 404 for others."""
    response = await _static_files().get_response(name, request.scope)
    response.headers["Cache-Control"] = "no-cache"
    return response


@cache
def _static_files() -> StaticFiles:
    return StaticFiles(packages=[("pipeline.web.pages", "static"), ("fastapi_swagger", "resources")])
