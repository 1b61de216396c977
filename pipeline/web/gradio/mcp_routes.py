"""POST /mcp: the same functions as tools of a Model Context Protocol server (streamable HTTP)."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from pipeline.shapes.json_object import read_object
from pipeline.web.body import HEAVY_BYTES, read_body
from pipeline.web.errors import documented
from pipeline.web.gradio.call_routes import json_body
from pipeline.web.gradio.state import GradioOfApp

router = APIRouter(tags=["mcp"])


@router.post(
    "/mcp",
    summary="Model Context Protocol",
    response_class=Response,
    responses={
        200: {"description": "JSON-RPC, as JSON or as Server-Sent Events"},
        **documented(400, 403, 408, 413, 415),
    },
    openapi_extra=json_body(
        {"jsonrpc": {"const": "2.0"}, "id": {"type": "integer"}, "method": {"type": "string"}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
    ),
)
@router.post("/mcp/", include_in_schema=False)
async def mcp(request: Request, state: GradioOfApp) -> Response:
    """Streamable HTTP without sessions; the tools are the functions of /gradio_api/info.

    One message of at most 256 KiB per request. `tools/list` is public; `tools/call` needs a token, like every other
    way to call.
    """
    _check_headers(request.headers, state.services.settings.own_address)
    message = bytes(await read_body(request, HEAVY_BYTES))
    return await asyncio.to_thread(_exchange, message)


def _exchange(message: bytes) -> Response:
    """In a thread: the SDK is imported with the first message, and takes its time."""
    from pipeline.web.gradio.mcp_server import McpExchange

    return McpExchange(message, read_object(message))


def _check_headers(headers: Headers, own_address: str) -> None:
    """What the SDK would refuse as well, but not in this service's form of errors."""
    if (headers.get("origin") or own_address) != own_address:
        # A page of another origin must not reach us through somebody's browser.
        raise HTTPException(HTTPStatus.FORBIDDEN, "pages of another origin may not call this service")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON: Content-Type: application/json")
