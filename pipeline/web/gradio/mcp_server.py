"""The functions as tools of a Model Context Protocol server: messages in, messages out. The home of the MCP SDK.

Every message stands for itself: there are no sessions, so any worker can answer, and nothing is kept for clients that
do not come back. The list of tools is public; calling one needs a token, like every other way to call.
"""

import json
from typing import Any

from fastapi import Request, Response
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent, Tool
from mcp_types.jsonrpc import jsonrpc_message_adapter
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from pipeline import __version__
from pipeline.domain.call_event import CallOutcome
from pipeline.domain.errors import FieldProblem, InvalidInput, PipelineError, Unavailable
from pipeline.domain.job import JobEvent
from pipeline.web.dependencies import from_address
from pipeline.web.gradio.calls import Ended
from pipeline.web.gradio.documents import input_schema
from pipeline.web.gradio.registry import FUNCTIONS, function_named
from pipeline.web.gradio.state import GradioState

NAME = "code-to-deployment"


class McpExchange(Response):
    """One message to the MCP server, answered by the SDK.

    Raises:
        InvalidInput: it is no JSON-RPC message.
    """

    def __init__(self, message: bytes, document: object) -> None:
        super().__init__()
        self._message = message
        try:
            jsonrpc_message_adapter.validate_python(document, by_name=False)
        except ValidationError:  # the SDK's own answer would repeat the message, with the tokens in it
            raise InvalidInput(FieldProblem("body", "must be one JSON-RPC 2.0 message")) from None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and end everything that belongs to the exchange."""
        is_told = False

        async def receive_again() -> Message:
            nonlocal is_told
            if is_told:
                return await receive()
            is_told = True
            return {"type": "http.request", "body": self._message}

        size = len(self._message)  # judged already
        manager = StreamableHTTPSessionManager(_server(), stateless=True, max_request_body_size=size)
        async with manager.run():
            await manager.handle_request(scope, receive_again, send)


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
    app, function = request.app.state, function_named(params.name)
    state: GradioState = app.gradio
    caller = await state.caller(request)
    with app.streams.take(from_address(caller.key, request), is_guest=caller.is_guest):
        event = await state.calls.begin(function, params.arguments or {}, caller)
        reports = 0
        async for update in state.calls.follow(event):
            if isinstance(update, JobEvent):
                reports += 1
                text = f"{update.stage or 'job'}: {update.detail or update.kind}"
                await context.session.report_progress(reports, message=text)
            elif isinstance(update, Ended):
                await state.services.call_events.mark_delivered(event.id)
                return update.outcome
    raise Unavailable("the call has no end")


def _result(outcome: CallOutcome) -> CallToolResult:
    if outcome.error is not None:
        return CallToolResult(content=[TextContent(text=outcome.error)], is_error=True)
    structured = outcome.value if isinstance(outcome.value, dict) else {"result": outcome.value}
    return CallToolResult(content=[TextContent(text=json.dumps(outcome.value))], structured_content=structured)
