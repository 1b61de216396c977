"""One HTTP request and its answer, apart from any server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, unquote

Kind = Literal["api", "git", "site"]
API_PREFIX = "/api/v3"
SITE_PREFIX = "/pages/"


@dataclass(frozen=True)
class Request:
    """What a client sent.

    Attributes:
        method: as sent.
        target: path and query as sent.
        headers: by lower-case name.
        body: without its transfer coding.
    """

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
    def query(self) -> dict[str, str]:
        """The last value of each name."""
        return {name: values[-1] for name, values in parse_qs(self.raw_query).items()}

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
class Response:
    """What is sent back.

    Attributes:
        status: of HTTP.
        body: whole.
        headers: besides length and date.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, status: int, document: Any, headers: Mapping[str, str] | None = None) -> "Response":
        media_type = {"Content-Type": "application/json; charset=utf-8"}
        return cls(status, json.dumps(document).encode(), {**media_type, **(headers or {})})

    @classmethod
    def of_text(cls, status: int, text: str, headers: Mapping[str, str] | None = None) -> "Response":
        """Plain text, which git shows to its user behind ``remote:``."""
        return cls(status, text.encode(), {"Content-Type": "text/plain; charset=utf-8", **(headers or {})})


@dataclass(frozen=True)
class Logged:
    """A request that was answered, dropped or left hanging. Credentials are never kept.

    Attributes:
        kind: ``api``, ``git`` or ``site``.
        method: as sent.
        path: as sent, with the query; for the API, without its prefix.
        status: of the answer, or None when there was none.
        at: seconds since 1970 at its arrival.
        body: of an API request that had JSON, else None.
        has_credentials: whether it came with an Authorization header.
    """

    kind: Kind
    method: str
    path: str
    status: int | None
    at: float
    body: Any = None
    has_credentials: bool = False
