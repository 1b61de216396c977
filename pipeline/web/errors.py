"""The one place where what went wrong becomes an HTTP answer.

Every answer that is no success has the same shape, whatever produced it: ``{"ok": false, "error": "…"}``, with
``"fields": [{"field", "problem"}]`` when the caller broke a rule. None holds a value from the request or a traceback.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from pipeline.domain.errors import (
    Busy,
    Conflict,
    FieldProblem,
    HubError,
    HubRejected,
    HubTokenRefused,
    InvalidInput,
    KeyReused,
    Misconfigured,
    NotFound,
    NotPermitted,
    PaymentRequired,
    PipelineError,
    RateLimited,
    SecretFound,
    SpaceConflict,
    SpaceMissing,
    StageError,
    Unavailable,
    Unreadable,
)
from pipeline.shapes.problems import problems_in_words

T = TypeVar("T")

STATUS_OF: Mapping[type[PipelineError], HTTPStatus] = {
    InvalidInput: HTTPStatus.BAD_REQUEST,
    Unreadable: HTTPStatus.BAD_REQUEST,
    KeyReused: HTTPStatus.CONFLICT,
    Conflict: HTTPStatus.CONFLICT,
    NotFound: HTTPStatus.NOT_FOUND,
    Busy: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Misconfigured: HTTPStatus.SERVICE_UNAVAILABLE,
    HubError: HTTPStatus.BAD_GATEWAY,
    HubTokenRefused: HTTPStatus.UNAUTHORIZED,
    PaymentRequired: HTTPStatus.PAYMENT_REQUIRED,
    NotPermitted: HTTPStatus.FORBIDDEN,
    SpaceMissing: HTTPStatus.NOT_FOUND,
    SpaceConflict: HTTPStatus.CONFLICT,
    HubRejected: HTTPStatus.BAD_REQUEST,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    StageError: HTTPStatus.BAD_GATEWAY,
    SecretFound: HTTPStatus.BAD_REQUEST,
    PipelineError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""By the nearest class in the error's own tree."""

RETRY_AFTER_SECONDS: Mapping[type[PipelineError], int] = {Unavailable: 10, Misconfigured: 60}
"""For errors that do not say themselves when to come back."""

REF_TEMPLATE = "#/components/schemas/{model}"
"""Where OpenAPI's description holds a model."""

BYTES = {"type": "string", "format": "binary"}
"""OpenAPI's word for content that is no text."""

_HEADERS: Mapping[int, Mapping[str, Any]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}},
}
"""What comes with refusals of that status, for OpenAPI."""

MAX_FIELDS = 100
_FIELDS_IN_SENTENCE = 3
_SAFE_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class FieldReply(BaseModel):
    """One broken rule."""

    field: str
    problem: str


class ErrorReply(BaseModel):
    """What every refusal looks like."""

    ok: Literal[False] = False
    error: str
    fields: list[FieldReply] | None = Field(default=None, description="only when a rule was broken")


def error_response(
    status: int, error: str, fields: Sequence[FieldProblem] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Build a refusal. At most ``MAX_FIELDS`` problems are told, so that an answer cannot outgrow its request."""
    body: dict[str, Any] = {"ok": False, "error": error}
    challenge = {"WWW-Authenticate": 'Bearer realm="pipeline"'} if status == HTTPStatus.UNAUTHORIZED else {}
    if fields:
        body["fields"] = [{"field": p.field, "problem": p.problem} for p in fields[:MAX_FIELDS]]
    return JSONResponse(body, status, {**_SAFE_HEADERS, **challenge, **(headers or {})})


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe refusals to OpenAPI, by reference: as a model, each would be built anew for every route."""
    content = {"application/json": {"schema": {"$ref": REF_TEMPLATE.format(model=ErrorReply.__name__)}}}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": content,
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
        }
        for status in statuses
    }


def install_error_handlers(app: FastAPI) -> None:
    """Give every error of ``app`` its answer."""
    app.add_exception_handler(PipelineError, _answer_pipeline_error)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(RequestValidationError, _answer_invalid_parameters)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(Exception, _answer_bug)


async def _answer_pipeline_error(_: Request, error: Exception) -> Response:
    if isinstance(error, InvalidInput):
        return error_response(HTTPStatus.BAD_REQUEST, _sentence(error.problems), error.problems)
    status = _of_nearest_class(STATUS_OF, error)
    retry_after = getattr(error, "retry_after_seconds", None) or _of_nearest_class(RETRY_AFTER_SECONDS, error)
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return error_response(status or HTTPStatus.INTERNAL_SERVER_ERROR, str(error), headers=headers)


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code < HTTPStatus.BAD_REQUEST:
        return Response(status_code=error.status_code, headers=error.headers)
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(sorted(_methods_at(request)))}  # the router names those of one route alone
    return error_response(error.status_code, error.detail, headers=headers)


def _methods_at(request: Request) -> set[str]:
    routes = [
        route for route in iter_route_contexts(request.app.routes) if route.matches(request.scope)[0] is not Match.NONE
    ]
    return {method for route in routes for method in getattr(route, "methods", None) or ()}


async def _answer_invalid_parameters(_: Request, error: Exception) -> Response:
    details = error.errors() if isinstance(error, RequestValidationError) else []
    problems = problems_in_words({**detail, "loc": tuple(detail["loc"])[1:]} for detail in details)
    return error_response(HTTPStatus.BAD_REQUEST, _sentence(problems), problems)


async def _answer_nobody(_: Request, __: Exception) -> Response:
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _answer_bug(_: Request, __: Exception) -> Response:
    return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error")


def _of_nearest_class(table: Mapping[type[PipelineError], T], error: Exception) -> T | None:
    return next((table[kind] for kind in type(error).__mro__ if kind in table), None)


def _sentence(problems: Iterable[FieldProblem]) -> str:
    problems = list(problems)
    sentence = "; ".join(f"{problem.field}: {problem.problem}" for problem in problems[:_FIELDS_IN_SENTENCE])
    left = len(problems) - _FIELDS_IN_SENTENCE
    return f"{sentence}; and {left} more" if left > 0 else sentence
