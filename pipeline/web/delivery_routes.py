"""POST /deliveries/redeliver: what evaluators did not take in time is sent to them again."""

from fastapi import APIRouter, Request

from pipeline.domain.address import Origin
from pipeline.shapes.json_object import read_object
from pipeline.shapes.new_space import validated
from pipeline.shapes.redelivery import RedeliverReply, RedeliverRequest
from pipeline.web.body import read_body, require_json
from pipeline.web.dependencies import Authenticated, ServicesOfApp
from pipeline.web.errors import documented

router = APIRouter(prefix="/deliveries", tags=["jobs"], responses=documented(400, 401, 403, 408, 413, 415, 429, 503))

_BODY = {"schema": RedeliverRequest.model_json_schema(), "example": {"since": "2026-01-31T12:00:00Z"}}


@router.post(
    "/redeliver",
    summary="Tell evaluators again what they did not take",
    openapi_extra={"requestBody": {"required": False, "content": {"application/json": _BODY}}},
)
async def redeliver_many(request: Request, services: ServicesOfApp, caller: Authenticated) -> RedeliverReply:
    """Dead letters alone, all or by time and origin; an owner's secret sends its own. Answers before they leave."""
    require_json(request.headers)
    raw = await read_body(request)
    wanted = validated(RedeliverRequest, read_object(raw) if raw.strip() else {})
    origin = Origin.of(wanted.origin) if wanted.origin else None
    count = await services.jobs.retry_dead_letters(email=caller.email, since=wanted.since, origin=origin)
    return RedeliverReply(redelivered=count)
