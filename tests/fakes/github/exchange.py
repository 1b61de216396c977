"""One HTTP request and its answer, apart from any server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

Kind = Literal["api", "git", "site"]
API_PREFIX = "/api/v3"
SITE_PREFIX = "/pages/"


@dataclass(frozen=True)
class Request:
    """What a client sent: path and query as they came, headers by lower-case name, body without transfer coding."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def kind(self) -> Kind:
        """Which part of GitHub is meant."""
        if self.target.startswith(f"{API_PREFIX}/"):
            return "api"
        return "site" if self.target.startswith(SITE_PREFIX) else "git"

    @property
    def path(self) -> str:
        """Decoded, without the query; for the API, without its prefix."""
        path = unquote(self.target.partition("?")[0])
        return path.removeprefix(API_PREFIX) if self.kind == "api" else path

    @property
    def raw_query(self) -> str:
        """As sent, without the question mark."""
        return self.target.partition("?")[2]

    @property
    def full_path(self) -> str:
        """With the query."""
        return f"{self.path}?{self.raw_query}" if self.raw_query else self.path

    @property
    def json(self) -> Any:
        """What the body says, or None when it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def is_probe(self) -> bool:
        """Whether git only asks if it may send a large push: a lone flush packet, which has no effect."""
        return self.method == "POST" and self.kind == "git" and self.body == b"0000"


@dataclass(frozen=True)
class Answer:
    """What is sent back.

    Attributes:
        json: the body; None = ``text``.
        headers: besides those of every answer, or in their place.
        text: plain, which git shows to its user behind ``remote:``.
        content: sent as it is, in place of both.
    """

    status: int
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    content: bytes | None = None

    @property
    def body(self) -> bytes:
        if self.content is not None:
            return self.content
        return (self.text if self.json is None else json.dumps(self.json)).encode()

    @property
    def media_type(self) -> str:
        """Unless the headers say another."""
        return f"{'text/plain' if self.json is None else 'application/json'}; charset=utf-8"


@dataclass(frozen=True)
class Logged:
    """A request that was answered, dropped or left hanging. Credentials are never kept.

    Attributes:
        path: with the query; for the API, without its prefix.
        status: of the answer, or None when there was none.
        at: seconds since 1970 at its arrival.
        body: of an API request that had JSON, else None.
    """

    kind: Kind
    method: str
    path: str
    status: int | None
    at: float
    body: Any = None
    has_credentials: bool = False
