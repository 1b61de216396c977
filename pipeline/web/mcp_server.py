"""POST /mcp: the same functions as tools of a Model Context Protocol server (streamable HTTP).

Every request stands for itself: there are no sessions, so any worker can answer, and nothing is kept for clients that
do not come back. The list of tools is public; calling one needs a token, like every other way to call.
"""

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent, Tool
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from pipeline import __version__
from pipeline.domain.call_event import CallOutcome
from pipeline.domain.errors import PipelineError, Unavailable
from pipeline.domain.job import JobEvent
from pipeline.web.dependencies import streams_of
from pipeline.web.gradio.calls import Ended
from pipeline.web.gradio.documents import input_schema
from pipeline.web.gradio.registry import FUNCTIONS, function_named
from pipeline.web.gradio.state import GradioOfApp, state_of

NAME = "code-to-deployment"

router = APIRouter(tags=["mcp"])


class McpExchange(Response):
    """One request to the MCP server, answered by the SDK."""

    def __init__(self, own_address: str, max_bytes: int) -> None:
        super().__init__()
        self._own_address = own_address
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and end everything that belongs to the exchange."""
        host = Request(scope).headers.get("host", "")
        manager = StreamableHTTPSessionManager(
            _server(),
            stateless=True,
            # A page of another origin must not reach us through somebody's browser; names and proxies are many.
            security_settings=TransportSecuritySettings(allowed_hosts=[host], allowed_origins=[self._own_address]),
            max_request_body_size=self._max_bytes,
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)


@router.post(
    "/mcp",
    summary="Model Context Protocol",
    response_class=Response,
    responses={200: {"description": "JSON-RPC, as JSON or as Server-Sent Events"}},
)
async def mcp(state: GradioOfApp) -> McpExchange:
    """Streamable HTTP without sessions; the tools are the functions of /gradio_api/info."""
    settings = state.services.settings
    return McpExchange(settings.own_address, settings.max_request_bytes)


def _server() -> Server[Any]:
    return Server(NAME, version=__version__, on_list_tools=_list_tools, on_call_tool=_call_tool)


async def _list_tools(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
    return ListToolsResult(
        tools=[
            Tool(
                name=function.name,
                description=f"{function.description}\n\nResult: {function.returns}",
                input_schema=input_schema(function),
            )
            for function in FUNCTIONS
        ]
    )


async def _call_tool(context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
    """What can go wrong is told as a result, where the model that made the call can read it."""
    try:
        return _result(await _outcome(context, params))
    except PipelineError as error:
        return _result(CallOutcome(error=str(error)))
    except HTTPException as error:
        return _result(CallOutcome(error=error.detail))


async def _outcome(context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallOutcome:
    request = context.request
    if not isinstance(request, Request):
        raise TypeError("the SDK gives handlers the HTTP request that brought the message")
    state, function = state_of(request), function_named(params.name)
    caller = await state.caller(request)
    with streams_of(request).place(caller.key):
        event = await state.calls.begin(function, params.arguments or {}, caller)
        told = 0
        async for update in state.calls.follow(event):
            if isinstance(update, JobEvent):
                told += 1
                text = f"{update.stage or 'job'}: {update.detail or update.kind}"
                await context.session.report_progress(told, message=text)
            elif isinstance(update, Ended):
                await state.services.call_events.mark_told(event.id)
                return update.outcome
    raise Unavailable("the call has no end")


def _result(outcome: CallOutcome) -> CallToolResult:
    if outcome.error is not None:
        return CallToolResult(content=[TextContent(text=outcome.error)], is_error=True)
    structured = outcome.value if isinstance(outcome.value, dict) else {"result": outcome.value}
    return CallToolResult(content=[TextContent(text=json.dumps(outcome.value))], structured_content=structured)
