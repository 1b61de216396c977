"""What goes over the wire: requests, answers and refusals."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Answer:
    """What a request gets.

    Attributes:
        json: sent as JSON, unless ``content`` is there; None for an error = the envelope with the reason phrase.
        headers: besides those of the body.
        content: sent as it is.
        media_type: of ``content``.
        stream: sent piece by piece until it ends or the client leaves; the connection ends with it.
    """

    status: int = 200
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    media_type: str = "text/plain; charset=utf-8"
    stream: Iterator[bytes] | None = None

    @property
    def body(self) -> bytes:
        """As sent, unless it is a stream."""
        if self.content is not None:
            return self.content
        envelope = {"error": HTTPStatus(self.status).phrase} if self.status >= HTTPStatus.BAD_REQUEST else None
        return json.dumps(envelope if self.json is None else self.json, ensure_ascii=False).encode()

    @property
    def body_type(self) -> str:
        return "application/json; charset=utf-8" if self.content is None else self.media_type


def too_many_requests(reset: int = 55) -> Answer:
    """429 in the Hub's way: the API quota of 1000 requests in 300 seconds is used up for ``reset`` seconds more."""
    return Answer(
        429,
        {"error": "We had to rate limit you. Please slow down your requests."},
        {"RateLimit": f'"api";r=0;t={reset}', "RateLimit-Policy": '"fixed window";"api";q=1000;w=300'},
    )


class Refused(Exception):
    """The request is refused with ``answer``."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refusal(status: int, message: str, code: str | None = None, **more: str) -> Refused:
    """An error as the Hub words it: message in body and header, and ``X-Error-Code`` where the client looks for one."""
    headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return Refused(Answer(status, {"error": message, **more}, headers))


@dataclass(frozen=True)
class Request:
    """One request: a decoded path without the query, and whose token it carries; None = anonymous."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    account: str | None = None

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty one. Raises Refused."""
        document = decoded(self.body, self.headers.get("content-type", "")) if self.body else {}
        if not isinstance(document, dict):
            raise refusal(400, "Invalid JSON body")
        return document

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The body as newline-delimited JSON objects. Raises Refused."""
        document = decoded(self.body, "application/x-ndjson")
        if not isinstance(document, list) or not all(isinstance(line, dict) for line in document):
            raise refusal(400, "Invalid NDJSON body")
        return document


def decoded(body: bytes, media_type: str) -> Any:
    """What a body says: a JSON document, a list of NDJSON lines, a form; None when it is none of them."""
    try:
        if media_type.startswith("application/x-ndjson"):
            return [json.loads(line) for line in body.splitlines() if line.strip()]
        if media_type.startswith("application/x-www-form-urlencoded"):
            return parse_qs(body.decode())
        return json.loads(body)
    except ValueError:
        return None
