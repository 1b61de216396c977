"""The REST API's frame: which function answers what, who may, and how errors look."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fakes.github.exchange import Answer, Request
from tests.fakes.github.shapes import Shapes
from tests.fakes.github.state import GitHubState, Repository

DOCUMENTATION = "https://docs.github.com/rest"


class Refused(Exception):
    """An answer that is an error, with ``errors`` for each field; None = the answer has no such list."""

    def __init__(self, status: int, message: str, errors: Sequence[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        listed = {} if errors is None else {"errors": list(errors)}
        self.status = status
        self.document = {"message": message, **listed, "documentation_url": DOCUMENTATION, "status": str(status)}


def not_found() -> Refused:
    """It is not there, or the token may not know of it."""
    return Refused(404, "Not Found")


def invalid(field: str, message: str, *, code: str = "custom", resource: str = "Repository") -> dict[str, Any]:
    return {"resource": resource, "code": code, "field": field, "message": message}


@dataclass(frozen=True)
class Call:
    """One API request on its way; ``parts`` are what its path says."""

    state: GitHubState
    shapes: Shapes
    request: Request
    parts: Mapping[str, str]

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent. Raises Refused."""
        document = self.request.json if self.request.body else {}
        if not isinstance(document, dict):
            raise Refused(400, "Problems parsing JSON")
        return document

    def repository(self) -> Repository:
        """The one that the path names. Raises Refused: it is not there, not yet visible, or private and not ours."""
        repository = self.state.repository(self.parts["owner"], self.parts["repo"])
        is_hidden = repository and repository.private and not self.state.may_write(repository.owner)
        if repository is None or not repository.is_visible or is_hidden:
            raise not_found()
        return repository

    def own_repository(self) -> Repository:
        """The same, when it is ours. Raises Refused."""
        repository = self.repository()
        if not self.state.may_write(repository.owner):
            raise Refused(403, "Must have admin rights to Repository.")
        return repository


@dataclass(frozen=True)
class Route:
    """An endpoint.

    Attributes:
        path: with ``{names}``; a last name with a plus sign also takes slashes.
        answer: gives status and document; None = no body.
        permissions: that a fine-grained token needs, all of them.
    """

    method: str
    path: str
    answer: Callable[[Call], tuple[int, Any]]
    permissions: tuple[str, ...] = ()

    def match(self, request: Request) -> dict[str, str] | None:
        """What the path says, or None when it is another's."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        pattern = re.sub(r"\{\+(\w+)\}", r"(?P<\1>.+)", pattern)
        found = re.fullmatch(pattern, request.path) if request.method == self.method else None
        return found.groupdict() if found else None


class RestApi:
    """The REST side of the server; its routes are tried in their order."""

    def __init__(self, state: GitHubState, shapes: Shapes, token: str, routes: tuple[Route, ...]) -> None:
        self._state = state
        self._shapes = shapes
        self._token = token
        self._routes = routes

    def answer(self, request: Request) -> Answer:
        """What the client gets, with the effect done."""
        if request.path != "/rate_limit":
            self._state.count_request()
        needed: tuple[str, ...] = ()
        try:
            self._let_in(request)
            route, parts = self._route(request)
            needed = route.permissions
            with self._state.lock:
                self._require(needed)
                status, document = route.answer(Call(self._state, self._shapes, request, parts))
        except Refused as refused:
            is_told = needed and refused.status in {403, 404}
            accepted = {"X-Accepted-GitHub-Permissions": ",".join(needed)} if is_told else {}
            return Answer(refused.status, refused.document, {**self.headers(), **accepted})
        return Answer(status, document, self.headers())

    def headers(self) -> dict[str, str]:
        rate = self._state.rate()
        limits = {f"X-RateLimit-{name.capitalize()}": str(value) for name, value in rate.items()}
        scopes = {"X-OAuth-Scopes": "repo, workflow"} if self._state.settings.permissions is None else {}
        return {**limits, "X-RateLimit-Resource": "core", "X-GitHub-Media-Type": "github.v3; format=json", **scopes}

    def _let_in(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in {"bearer", "token"} or token != self._token:
            raise Refused(401, "Bad credentials" if scheme else "Requires authentication")

    def _require(self, permissions: tuple[str, ...]) -> None:
        if not all(map(self._state.settings.is_granted, permissions)):
            raise Refused(403, "Resource not accessible by personal access token")

    def _route(self, request: Request) -> tuple[Route, dict[str, str]]:
        for route in self._routes:
            parts = route.match(request)
            if parts is not None:
                return route, parts
        raise not_found()
