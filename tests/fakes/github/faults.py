"""What GitHub refuses, and how."""

import time
from dataclasses import dataclass

from tests.fakes.github.exchange import Answer

_LIMITS = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"


@dataclass(frozen=True)
class PushRejected:
    """A push is refused by GitHub's own rules, in git's protocol.

    Attributes:
        reason: why the branch is not updated.
        lines: shown behind ``remote:``; ``{ref}`` and ``{commit}`` are filled in.
    """

    reason: str
    lines: tuple[str, ...] = ()


def bad_gateway() -> Answer:
    return Answer(502, {"message": "Server Error"})


def secondary_limit(retry_after: int | None = None, status: int = 403) -> Answer:
    text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    page = f"{_LIMITS}#about-secondary-rate-limits"
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(status, {"message": text, "documentation_url": page, "status": str(status)}, headers)


def too_many_requests(retry_after: int | None = None) -> Answer:
    """The same as 429."""
    return secondary_limit(retry_after, 429)


def primary_limit(reset_in: int = 3600) -> Answer:
    """The hour's requests are used up; ``reset_in`` seconds are left of it."""
    reset = str(int(time.time()) + reset_in)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Used": "5000", "X-RateLimit-Reset": reset}
    document = {"message": "API rate limit exceeded for user ID 1.", "documentation_url": _LIMITS, "status": "403"}
    return Answer(403, document, headers)


def secret_found(path: str = "index.html", line: int = 1) -> PushRejected:
    lines = f"""error: GH013: Repository rule violations found for {{ref}}.

- GITHUB PUSH PROTECTION
    Resolve the following violations before pushing again

    - Push cannot contain secrets

      —— OpenAI API Key ————————————————————
       locations:
         - commit: {{commit}}
           path: {path}:{line}
"""
    return PushRejected("push declined due to repository rule violations", tuple(lines.split("\n")))


def workflow_scope_missing(path: str = ".github/workflows/deploy.yml") -> PushRejected:
    return PushRejected(
        f"refusing to allow a Personal Access Token to create or update workflow `{path}` without `workflow` scope"
    )


def branch_protected() -> PushRejected:
    why = "error: Changes must be made through a pull request."
    return PushRejected(
        "protected branch hook declined", ("error: GH006: Protected branch update failed for {ref}.", why)
    )
