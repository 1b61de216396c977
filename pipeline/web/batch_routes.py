"""POST /batches: many briefs at once, as JSON Lines; GET /batches/{id}: what became of each."""

# ruff: noqa: FAST003 - batch_id is taken by the dependency BatchOfCaller, which the rule does not see

import re
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Security
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials

from pipeline.domain.batch import Batch
from pipeline.domain.errors import NotFound
from pipeline.shapes.batches import JSON_LINES, MAX_PAGE_OF_LINES, BatchView, LineView
from pipeline.web.batch_intake import MAX_KEY, BatchIntake, require_json_lines
from pipeline.web.dependencies import (
    BEARER,
    Authenticated,
    GateOfApp,
    RulesOfApp,
    Services,
    ServicesOfApp,
    StreamsOfApp,
    address_of,
    from_address,
)
from pipeline.web.errors import REF_TEMPLATE, documented

_BATCH_ID = re.compile(r"[0-9a-f]{32}")
_FIRST_PAGE = 100
_LINES = {"schema": {"type": "string", "description": "JSON Lines: each line a request of POST /api-deploy"}}
_RESULTS = {"schema": {"type": "string", "description": f"a {REF_TEMPLATE.format(model=LineView.__name__)} a line"}}

router = APIRouter(prefix="/batches", tags=["jobs"])


@router.post(
    "",
    summary="Many briefs at once",
    responses=documented(400, 403, 408, 409, 413, 415, 429, 503),
    openapi_extra={"requestBody": {"required": True, "content": {JSON_LINES: _LINES, "application/x-ndjson": _LINES}}},
)
async def post_batch(
    request: Request,
    services: ServicesOfApp,
    gate: GateOfApp,
    rules: RulesOfApp,
    *,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=MAX_KEY, pattern="^[!-~]+$")] = None,
) -> BatchView:
    """Each line is accepted as a request of its own would be, a few at a time; the answer comes when all are on disk.

    The secret is that of ``Authorization``, or stands in each line. A line that is no request is refused, with its
    number and fields in ``results``, and the others run; lines of one email, task, round and nonce join. The same body
    again, or the same ``Idempotency-Key``, is the same batch.
    """
    require_json_lines(request.headers)
    address = address_of(request)
    caller = await gate.admit(credentials.credentials.encode("latin-1"), address) if credentials else None
    intake = BatchIntake(services, rules, lambda secret: gate.admit(secret, address))
    batch = await intake.take_in(request, caller, f"key {idempotency_key}" if idempotency_key else None)
    return await _view(services, batch, 0, _FIRST_PAGE)


async def _batch_of_caller(batch_id: str, services: ServicesOfApp, caller: Authenticated) -> Batch:
    batch = await services.batches.get(batch_id) if _BATCH_ID.fullmatch(batch_id) else None
    if batch is None or not (caller.email is None or caller.email == batch.owner):
        raise NotFound("no such batch")
    return batch


BatchOfCaller = Annotated[Batch, Depends(_batch_of_caller)]


def _place(request: Request, streams: StreamsOfApp, caller: Authenticated) -> Iterator[None]:
    if not _wants_lines(request):
        yield
        return
    with streams.take(from_address(caller.email or "operator", request)):
        yield


@router.get(
    "/{batch_id}",
    summary="What became of a batch",
    response_model=BatchView,
    responses={**documented(400, 401, 403, 404, 429, 503), 200: {"content": {JSON_LINES: _RESULTS}}},
    dependencies=[Depends(_place)],
)
async def show_batch(
    request: Request,
    batch: BatchOfCaller,
    services: ServicesOfApp,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_OF_LINES)] = MAX_PAGE_OF_LINES,
) -> BatchView | StreamingResponse:
    """Counts, cost and a page of results. With ``Accept: application/jsonl`` one line of result each as it ends."""
    if not _wants_lines(request):
        return await _view(services, batch, after, limit)
    return StreamingResponse(_lines_of(services, batch.id), media_type=JSON_LINES)


@router.post("/{batch_id}/retry", summary="Run again what failed", responses=documented(400, 401, 403, 404, 429, 503))
async def retry_batch(batch: BatchOfCaller, services: ServicesOfApp) -> BatchView:
    """Jobs that failed or were cancelled, from the stage that failed, a few at a time."""
    await services.batches.retry(batch.id)
    return await _view(services, await services.batches.get(batch.id), 0, _FIRST_PAGE)


def _wants_lines(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return any(name in accepted for name in (JSON_LINES, "application/x-ndjson"))


async def _lines_of(services: Services, batch_id: str) -> AsyncIterator[str]:
    async for result in services.batches.watch(batch_id):
        yield LineView.of(result, services.settings.own_address).json_line()


async def _view(services: Services, batch: Batch, after: int, limit: int) -> BatchView:
    results = await services.batches.results(batch.id, after, limit)
    return BatchView.of(batch, results, services.settings.own_address, limit)
