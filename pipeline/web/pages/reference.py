"""GET /docs: the API's reference, as a page to try things out on, and as Markdown; below it, the written pages.

The first is Swagger UI, whose files come from the package ``fastapi_swagger``; none comes from another host.
"""

from functools import cache

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from pipeline.web.dependencies import ServicesOfApp
from pipeline.web.pages.manual import interactive_html, missing_page, missing_page_html, pages
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
    markdown = as_markdown(request.app.openapi(), services.settings.own_address, pages().values())
    return _for_reader(request, interactive_html(), markdown)


@router.head("/docs/{name}", include_in_schema=False)
@router.get("/docs/{name}", include_in_schema=False)
async def show_page_or_file(name: str, request: Request) -> Response:
    """A page, with `.md` its Markdown for everybody; or a style, a script or an icon of theirs."""
    if page := pages().get(name.removesuffix(".md")):
        return PlainTextResponse(page.text) if name.endswith(".md") else _for_reader(request, page.html, page.text)
    try:
        response = await _static_files().get_response(name, request.scope)
    except HTTPException as error:
        if not _reads_html(request):
            raise missing_page() from error
        return HTMLResponse(missing_page_html(), error.status_code, _PAGE_HEADERS)
    response.headers["Cache-Control"] = "no-cache"  # asked for again each time; costs nothing while it stays the same
    return response


def _for_reader(request: Request, html: str, markdown: str) -> Response:
    vary = {"Vary": "Accept"}
    if _reads_html(request):
        return HTMLResponse(html, headers=_PAGE_HEADERS | vary)
    return PlainTextResponse(markdown, headers=vary)


def _reads_html(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "").lower()


@cache
def _static_files() -> StaticFiles:
    return StaticFiles(packages=[("pipeline.web.pages", "static"), ("fastapi_swagger", "resources")])
