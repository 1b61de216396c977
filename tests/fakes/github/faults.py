"""What can go wrong at GitHub, on request of a test."""

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes.github.exchange import Kind, Request


@dataclass(frozen=True)
class Answer:
    """Sent instead of the usual answer.

    Attributes:
        status: of HTTP.
        json: the body; None = ``text``.
        headers: besides the usual ones, or in their place.
        text: the body when it is no JSON.
    """

    status: int
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True)
class Drop:
    """The connection is closed without an answer.

    On a connection that was kept open, git's transport then sends the same request once more by itself. So a push
    only fails when the fault's ``times`` is 2 or None.
    """


@dataclass(frozen=True)
class Hang:
    """Nothing happens for some seconds; then the request goes on as if nothing had been.

    Attributes:
        seconds: cut short when the fake stops.
    """

    seconds: float


@dataclass(frozen=True)
class PushRejected:
    """A push is refused by GitHub's own rules, in git's protocol.

    Attributes:
        reason: why the branch is not updated.
        lines: shown behind ``remote:``; ``{ref}`` and ``{commit}`` are filled in.
    """

    reason: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that happens to requests of one sort.

    Attributes:
        kind: ``api``, ``git`` or ``site``.
        method: of HTTP; None = any.
        path: a regular expression that is searched in the path with the query, for the API without ``/api/v3``.
        times: how many requests it meets; None = all.
        when: ``before`` = the request has no effect, ``after`` = it has, and only the answer is another.
        answer: what happens.
    """

    kind: Kind
    answer: Answer | Drop | Hang | PushRejected
    method: str | None = None
    path: str = ""
    times: int | None = 1
    when: Literal["before", "after"] = "before"

    def matches(self, request: Request) -> bool:
        target = f"{request.path}?{request.raw_query}" if request.raw_query else request.path
        is_this_method = self.method in {None, request.method}
        return self.kind == request.kind and is_this_method and re.search(self.path, target) is not None


class FaultPlan:
    """The faults that are still to come. The first that matches a request is taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append((fault, fault.times))

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, request: Request) -> Fault | None:
        if request.is_probe:
            return None
        with self._lock:
            for index, (fault, left) in enumerate(self._waiting):
                if fault.matches(request):
                    if left == 1:
                        del self._waiting[index]
                    elif left is not None:
                        self._waiting[index] = (fault, left - 1)
                    return fault
        return None


_DOCUMENTATION = "https://docs.github.com/rest/overview"
_LIMITS = f"{_DOCUMENTATION}/rate-limits-for-the-rest-api"


def bad_gateway() -> Answer:
    return Answer(502, {"message": "Server Error"})


def secondary_limit(retry_after: int | None = None) -> Answer:
    text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return Answer(
        403,
        {"message": text, "documentation_url": f"{_LIMITS}#about-secondary-rate-limits", "status": "403"},
        _retry_after(retry_after),
    )


def too_many_requests(retry_after: int | None = None) -> Answer:
    """The same as 429."""
    limited = secondary_limit(retry_after)
    return Answer(429, {**limited.json, "status": "429"}, limited.headers)


def primary_limit(reset_in: int = 3600) -> Answer:
    """The hour's requests are used up; ``reset_in`` seconds are left of it."""
    headers = {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Used": "5000",
        "X-RateLimit-Reset": str(int(time.time()) + reset_in),
    }
    document = {"message": "API rate limit exceeded for user ID 1.", "documentation_url": _LIMITS, "status": "403"}
    return Answer(403, document, headers)


def _retry_after(seconds: int | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": str(seconds)}


def secret_found(path: str = "index.html", line: int = 1) -> PushRejected:
    return PushRejected(
        "push declined due to repository rule violations",
        (
            "error: GH013: Repository rule violations found for {ref}.",
            "",
            "- GITHUB PUSH PROTECTION",
            "    Resolve the following violations before pushing again",
            "",
            "    - Push cannot contain secrets",
            "",
            "      —— OpenAI API Key ————————————————————",
            "       locations:",
            "         - commit: {commit}",
            f"           path: {path}:{line}",
            "",
        ),
    )


def workflow_scope_missing(path: str = ".github/workflows/deploy.yml") -> PushRejected:
    return PushRejected(
        f"refusing to allow a Personal Access Token to create or update workflow `{path}` without `workflow` scope"
    )


def branch_protected() -> PushRejected:
    return PushRejected(
        "protected branch hook declined",
        (
            "error: GH006: Protected branch update failed for {ref}.",
            "error: Changes must be made through a pull request.",
        ),
    )
