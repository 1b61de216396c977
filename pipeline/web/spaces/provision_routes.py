"""POST /spaces/provision: many Spaces from one template. POST /spaces/wake: many Spaces out of their sleep."""

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from pipeline.domain.errors import NotFound
from pipeline.provision.many import RUN_SECONDS
from pipeline.shapes.json_object import read_object
from pipeline.shapes.provision import (
    ProvisionReply,
    ProvisionRequest,
    WakeReply,
    WakeRequest,
    ids_from,
    provision_from,
)
from pipeline.web.body import parse_aside, read_body, require_json
from pipeline.web.dependencies import ServicesOfApp
from pipeline.web.errors import documented
from pipeline.web.hub_access import HubToken
from pipeline.web.listening import while_listening
from pipeline.web.prefer import read_preferences

_PROVISION_ID = re.compile(r"[0-9a-f]{32}")
_APP = {"app.py": "import gradio as gr\n\ngr.Interface(lambda name: f'Hello {name}', 'text', 'text').launch()\n"}
_TEAMS = [
    {"name": "team-a", "secrets": {"API_KEY": "…"}, "variables": {"TEAM": "a"}},
    {"name": "team-b", "secrets": {"API_KEY": "…"}, "variables": {"TEAM": "b"}, "hardware": "cpu-basic"},
]
PROVISION_EXAMPLES: Mapping[str, Any] = {
    "copies": {"summary": "Copies of a Space", "value": {"template": "my-org/template", "spaces": _TEAMS}},
    "plan": {
        "summary": "What would be done, for an app",
        "value": {"template": {"space_type": "gradio", "files": _APP}, "spaces": _TEAMS, "dry_run": True},
    },
}

router = APIRouter(tags=["spaces"])


def _json_body(schema: Mapping[str, Any], examples: Mapping[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without references into itself: in OpenAPI they would point elsewhere."""
    definitions = schema.pop("$defs")
    schema["properties"]["spaces"]["items"] = definitions["SpaceRequest"]
    return schema


@router.post(
    "/spaces/provision",
    summary="Many Spaces from one template",
    response_model=ProvisionReply,
    responses={
        502: {
            "model": ProvisionReply,
            "description": "It failed for some Spaces while the caller waited; each says why",
        },
        **documented(400, 401, 403, 408, 413, 415, 429, 503),
    },
    openapi_extra={
        "requestBody": _json_body(_inlined(ProvisionRequest.model_json_schema()), PROVISION_EXAMPLES),
        "parameters": [
            {
                "name": "Prefer",
                "in": "header",
                "schema": {"type": "string"},
                "description": "respond-async: answer at once; wait=N: answer after N seconds at the latest (RFC 7240)",
            }
        ],
    },
)
async def provision(request: Request, services: ServicesOfApp, token: HubToken) -> JSONResponse:
    """Make every Space as it should be: what is missing is created, what differs is updated, the rest is left alone.

    The template is a Space to copy, or files as `POST /create-space` takes them. A new Space gets its secrets,
    variables, hardware and sleep time within its creation, before any code. In a Space that is there, only what
    differs is set, the files last; settings that are not named stay, and so do secrets that it has already, because
    their values cannot be read back: `replace_secrets` sets them again. A copy that exists keeps its own files.
    `dry_run` answers with the plan and changes nothing.

    The order is durable before it is answered and goes on after a crash; one Space that fails stops no other. The same
    order again joins the one that is under way; after its end it finds what is left to do. Everything that is wrong
    with the order is told before the Hub is asked to change anything.
    """
    require_json(request.headers)
    raw = await read_body(request)
    document = await parse_aside(len(raw), read_object, raw)
    order, is_dry_run = await asyncio.to_thread(provision_from, document)
    await services.provision_spaces.check(order, token)
    if is_dry_run:
        return _answer(ProvisionReply.of_plan(await services.provision_spaces.plan(order, token)))
    provision = await services.provisions.accept(order, token)
    settings = services.settings
    preferences = read_preferences(request.headers.getlist("prefer")).within(RUN_SECONDS)
    patience = preferences.patience(settings.response_patience_seconds)
    provision = await while_listening(request, services.provisions.wait(provision.id, token, patience), provision)
    applied = preferences.applied()
    headers = {"Preference-Applied": applied} if applied else None
    return _answer(ProvisionReply.of(provision, settings.own_address), headers)


@router.get(
    "/spaces/provision/{provision_id}",
    summary="How a provision stands",
    responses=documented(401, 403, 404, 429, 503),
)
async def show_provision(provision_id: str, services: ServicesOfApp, token: HubToken) -> ProvisionReply:
    """What became of each Space so far. A provision is found with the token that it was ordered with, and no other."""
    if not _PROVISION_ID.fullmatch(provision_id):
        raise NotFound("no such provision")
    return ProvisionReply.of(await services.provisions.get(provision_id, token), services.settings.own_address)


@router.post(
    "/spaces/wake",
    summary="Many Spaces out of their sleep",
    responses=documented(400, 401, 403, 408, 413, 415, 429, 502, 503),
    openapi_extra={
        "requestBody": _json_body(
            WakeRequest.model_json_schema(),
            {"two": {"summary": "Two Spaces", "value": {"ids": ["my-org/team-a", "my-org/team-b"]}}},
        )
    },
)
async def wake(request: Request, services: ServicesOfApp, token: HubToken) -> WakeReply:
    """Restart each Space that sleeps, is paused or stopped; tell for each what it was and what was done.

    Spaces that run, start or are broken are left alone. The Hub takes a minute or more to start one: its runtime tells
    when it runs.
    """
    require_json(request.headers)
    ids = ids_from(read_object(await read_body(request)))
    return WakeReply.of(await services.wake_spaces(ids, token))


def _answer(reply: ProvisionReply, headers: Mapping[str, str] | None = None) -> JSONResponse:
    status = HTTPStatus.OK if reply.ok or reply.id is None else HTTPStatus.BAD_GATEWAY
    return JSONResponse(reply.model_dump(mode="json"), status, dict(headers or {}))
