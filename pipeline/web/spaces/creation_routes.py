"""POST /create-space: files in, a new Hugging Face Space out."""

from typing import Any

from fastapi import APIRouter, Request

from pipeline.shapes.examples import CREATE_SPACE_EXAMPLES
from pipeline.shapes.new_space import CreateSpaceRequest, parse_new_space
from pipeline.shapes.spaces import CreateSpaceReply
from pipeline.web.body import parse_aside, read_body, require_json
from pipeline.web.dependencies import ServicesOfApp
from pipeline.web.errors import documented
from pipeline.web.hub_access import HubToken

router = APIRouter()


def _request_body() -> dict[str, Any]:
    schema = CreateSpaceRequest.model_json_schema()
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": CREATE_SPACE_EXAMPLES}}}


@router.post(
    "/create-space",
    tags=["spaces"],
    summary="Files in, a new Hugging Face Space out",
    responses=documented(400, 401, 402, 403, 408, 409, 413, 415, 429, 502, 503),
    openapi_extra={"requestBody": _request_body()},
)
async def create_space(request: Request, services: ServicesOfApp, token: HubToken) -> CreateSpaceReply:
    """Create a Space with its secrets, and put the app there in one commit; the Hub builds it in the minutes after.

    What is missing is added: the card in README.md, requirements.txt, a Dockerfile for Python apps, LICENSE. Parameters
    appear as the global `PARAMS` in the Python file that the app starts from, behind its docstring, and as
    `window.PARAMS` in the page of a static Space; they are published with the app. `streamlit` becomes a docker Space.
    Everything that is wrong with a request is told before the Hub is asked; when the commit fails, the Space is deleted
    again. A static Space takes no secrets: they would be shown to its visitors.
    """
    require_json(request.headers)
    raw = await read_body(request)
    new = await parse_aside(len(raw), parse_new_space, raw)
    return CreateSpaceReply.of(await services.create_space(new, token))
