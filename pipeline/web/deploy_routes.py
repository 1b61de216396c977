"""POST /api-deploy: a brief comes in, and the answer is a live app, or word that it is being built."""

from http import HTTPStatus
from secrets import token_hex

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask

from pipeline.domain.brief import Brief
from pipeline.shapes.deploy_reply import DeployReply, FailedReply, RunningReply, deploy_reply
from pipeline.shapes.deploy_request import RequestRules, brief_from
from pipeline.shapes.examples import DEPLOY_EXAMPLES
from pipeline.shapes.json_object import read_object
from pipeline.web.auth import Gate
from pipeline.web.body import HEAVY_BYTES, body_is_done, parse_aside, read_body, require_json, secrets_in
from pipeline.web.dependencies import GateOfApp, RulesOfApp, ServicesOfApp, address_of, require_host
from pipeline.web.errors import documented
from pipeline.web.listening import while_listening
from pipeline.web.prefer import read_preferences

_APPLIED = {"Preference-Applied": {"schema": {"type": "string"}, "description": "What was understood of Prefer"}}

router = APIRouter(tags=["deploy"])


@router.post("/api-deploy/", include_in_schema=False)
@router.post(
    "/api-deploy",
    summary="Brief in, live app out",
    responses={
        200: {
            "model": DeployReply | RunningReply,
            "description": "Done, or accepted and under way",
            "headers": _APPLIED,
        },
        502: {
            "model": FailedReply,
            "description": "The job failed or was cancelled while the caller waited",
            "headers": _APPLIED,
        },
        **documented(400, 403, 408, 409, 413, 415, 429, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/DeployRequest"},
                    "examples": DEPLOY_EXAMPLES,
                }
            },
        },
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
async def deploy(request: Request, services: ServicesOfApp, gate: GateOfApp, rules: RulesOfApp) -> JSONResponse:
    """Accept a brief, or join the job that the same request has already made, and wait for its result.

    How long is up to the caller's ``Prefer``, else to RESPONSE_PATIENCE_SECONDS. The work goes on when the answer is
    given before it is done, and when the client hangs up. A cancelled job is answered like a failed one.

    The evaluator is called back after this answer has been sent. So who waits is answered as soon as the app is live:
    ``notification`` is ``pending`` then.
    """
    require_json(request.headers)
    brief = await _authentic_brief(request, gate, rules)
    await require_host(services, brief)
    answer = token_hex(16)
    job, _ = await services.jobs.accept(brief, reply=answer)
    del brief
    body_is_done(request)
    settings = services.settings
    longest = max(settings.response_patience_seconds, settings.job_deadline_seconds)
    preferences = read_preferences(request.headers.getlist("prefer")).within(longest)
    patience = preferences.patience(settings.response_patience_seconds)
    if patience:
        job = await while_listening(request, services.jobs.wait(job.id, patience, answer), job)
    reply = deploy_reply(job, settings.own_address)
    status = HTTPStatus.OK if reply.ok else HTTPStatus.BAD_GATEWAY
    applied = preferences.applied()
    headers = {"Preference-Applied": applied} if applied else None
    sent = BackgroundTask(services.jobs.reply_sent, answer)  # runs when the body has been handed to the socket
    return JSONResponse(reply.model_dump(mode="json"), status, headers, background=sent)


async def _authentic_brief(request: Request, gate: Gate, rules: RequestRules) -> Brief:
    raw = await read_body(request)
    size = len(raw)
    if size > HEAVY_BYTES and not gate.knows_one_of(secrets_in(raw)):
        await gate.admit(b"", address_of(request))
    document = await parse_aside(size, read_object, raw)
    del raw
    secret = document.get("secret")
    caller = await gate.admit(secret.encode() if isinstance(secret, str) else b"", address_of(request))
    brief = await parse_aside(size, brief_from, document, rules)
    caller.require(brief.email)
    return brief
