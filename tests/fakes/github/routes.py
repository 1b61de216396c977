"""The REST API's frame: which function answers what, who may, and how errors look."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fakes.github.exchange import Request, Response
from tests.fakes.github.shapes import Shapes
from tests.fakes.github.state import GitHubState, Repository

DOCUMENTATION = "https://docs.github.com/rest"


class Refused(Exception):
    """An answer that is an error.

    Args:
        status: of HTTP.
        message: of GitHub.
        errors: one for each field, on some endpoints as mere text; None = the answer has no such list.
    """

    def __init__(self, status: int, message: str, errors: Sequence[dict[str, Any] | str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors

    def response(self, page: str, headers: Mapping[str, str]) -> Response:
        document: dict[str, Any] = {"message": self.message}
        if self.errors is not None:
            document["errors"] = list(self.errors)
        document |= {"documentation_url": f"{DOCUMENTATION}/{page}".rstrip("/"), "status": str(self.status)}
        return Response.of_json(self.status, document, headers)


def not_found() -> Refused:
    """It is not there, or the token may not know of it."""
    return Refused(404, "Not Found")


def invalid(field: str, message: str, *, code: str = "custom", resource: str = "Repository") -> dict[str, Any]:
    return {"resource": resource, "code": code, "field": field, "message": message}


@dataclass(frozen=True)
class Call:
    """One API request on its way.

    Attributes:
        state: of the fake.
        shapes: of its documents.
        request: as it came.
        parts: what the path says besides the repository.
    """

    state: GitHubState
    shapes: Shapes
    request: Request
    parts: Mapping[str, str]

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent.

        Raises:
            Refused: it is none.
        """
        if not self.request.body:
            return {}
        document = self.request.json
        if document is None:
            raise Refused(400, "Problems parsing JSON")
        if not isinstance(document, dict):
            raise Refused(400, "Body should be a JSON object")
        return document

    def repository(self) -> Repository:
        """The one that the path names.

        Raises:
            Refused: it is not there, not yet visible, or private and somebody else's.
        """
        repository = self.state.repository(self.parts["owner"], self.parts["repo"])
        if repository is None or not repository.is_visible:
            raise not_found()
        if repository.private and not self.state.may_write(repository.owner):
            raise not_found()
        return repository

    def own_repository(self) -> Repository:
        """The same, when it is ours.

        Raises:
            Refused: it is not there, or somebody else's.
        """
        repository = self.repository()
        if not self.state.may_write(repository.owner):
            raise Refused(403, "Must have admin rights to Repository.")
        return repository


@dataclass(frozen=True)
class Route:
    """An endpoint.

    Attributes:
        method: of HTTP.
        path: with ``{names}``; a last name with a plus sign also takes slashes.
        answer: status and document; None = no body.
        permissions: that a fine-grained token needs, all of them.
        page: of the documentation, below its root.
    """

    method: str
    path: str
    answer: Callable[[Call], tuple[int, Any]]
    permissions: tuple[str, ...] = ()
    page: str = ""

    def match(self, request: Request) -> dict[str, str] | None:
        """What the path says, or None when it is another's."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        pattern = re.sub(r"\{\+(\w+)\}", r"(?P<\1>.+)", pattern)
        found = re.fullmatch(pattern, request.path) if request.method == self.method else None
        return found.groupdict() if found else None


class RestApi:
    """The REST side of the server.

    Args:
        state: of the fake.
        shapes: of its documents.
        token: that lets in.
        routes: in the order in which they are tried.
    """

    def __init__(self, state: GitHubState, shapes: Shapes, token: str, routes: tuple[Route, ...]) -> None:
        self._state = state
        self._shapes = shapes
        self._token = token
        self._routes = routes

    def answer(self, request: Request) -> Response:
        """What the client gets, with the effect done."""
        if request.path != "/rate_limit":
            self._state.count_request()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in {"bearer", "token"} or token != self._token:
            message = "Bad credentials" if scheme else "Requires authentication"
            return Refused(401, message).response("", self.headers())
        for route in self._routes:
            parts = route.match(request)
            if parts is not None:
                return self._answer(route, Call(self._state, self._shapes, request, parts))
        return not_found().response("", self.headers())

    def headers(self) -> dict[str, str]:
        rate = self._state.rate()
        limits = {f"X-RateLimit-{name.capitalize()}": str(value) for name, value in rate.items()}
        scopes = {"X-OAuth-Scopes": "repo, workflow"} if self._state.settings.permissions is None else {}
        return {**limits, "X-RateLimit-Resource": "core", "X-GitHub-Media-Type": "github.v3; format=json", **scopes}

    def _answer(self, route: Route, call: Call) -> Response:
        headers = self.headers()
        needed = {"X-Accepted-GitHub-Permissions": ",".join(route.permissions)} if route.permissions else {}
        try:
            with self._state.lock:
                self._require(route.permissions)
                status, document = route.answer(call)
        except Refused as refused:
            more = needed if refused.status in {403, 404} else {}
            return refused.response(route.page, {**headers, **more})
        return Response(status, headers=headers) if document is None else Response.of_json(status, document, headers)

    def _require(self, permissions: tuple[str, ...]) -> None:
        if not all(map(self._state.settings.is_granted, permissions)):
            raise Refused(403, "Resource not accessible by personal access token")
