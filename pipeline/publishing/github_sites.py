"""GitHub Pages by its API: switching a site on, and its builds.

Endpoints and statuses: "REST API endpoints for GitHub Pages" in GitHub's documentation.
"""

import re
from dataclasses import dataclass
from typing import Any

from pipeline.domain.errors import PlanRequired, PublishFailed
from pipeline.domain.files import AppFiles
from pipeline.publishing.github_api import OK, Answer, GitHubApi
from pipeline.publishing.github_failures import message_of

LEGACY, WORKFLOW = "legacy", "workflow"
FAILED_DEPLOYMENTS = frozenset(
    {"deployment_failed", "deployment_content_failed", "deployment_cancelled", "deployment_lost"}
)
NOT_FOUND, CONFLICT, UNPROCESSABLE = 404, 409, 422

_SOURCE = {"branch": "main", "path": "/"}
_IS_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_DEPLOYS_PAGES = re.compile(r"^[\s-]*uses:\s*[\"']?actions/deploy-pages@", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Build:
    """A build of a branch.

    Attributes:
        commit: that is built.
        status: ``queued``, ``building``, ``built`` or ``errored``.
        error: why it failed, or empty.
        identity: differs between builds of one commit.
    """

    commit: str
    status: str
    error: str
    identity: str


def build_type_of(files: AppFiles) -> str:
    """``workflow`` when a workflow of the app deploys it to Pages, else ``legacy``: GitHub publishes the branch."""
    workflows = (files.text(path) or "" for path in files if _IS_WORKFLOW.fullmatch(path))
    return WORKFLOW if any(map(_DEPLOYS_PAGES.search, workflows)) else LEGACY


async def switch_on(api: GitHubApi, full_name: str, build_type: str) -> str:
    """Turn Pages on for the main branch, or set right what is on already; return the site's address.

    The first build begins by itself.

    Raises:
        PlanRequired: this account has no Pages for this repository.
        PublishFailed: GitHub refused.
    """

    async def look() -> Answer | None:
        found = await _look_up(api, full_name)
        return found if found.status == OK else None

    answer = await api.request(
        "POST",
        f"/repos/{full_name}/pages",
        "turn on Pages",
        _wanted(build_type),
        answers=frozenset({CONFLICT, UNPROCESSABLE}),
        passes=_is_too_early,
        look=look,
    )
    if answer.status == UNPROCESSABLE:
        if "plan" in answer.message.lower():
            raise PlanRequired(f"GitHub Pages is not in this account's plan for this repository: {answer.message}")
        raise PublishFailed(f"GitHub refused to turn on Pages: {answer.message}")
    if answer.status == CONFLICT:
        return await set_right(api, full_name, build_type)
    return await _adjusted(api, full_name, build_type, answer)


async def set_right(api: GitHubApi, full_name: str, build_type: str) -> str:
    """See that the site that is on publishes the main branch in this way; return its address.

    Raises:
        PublishFailed: GitHub refused, or Pages is off.
    """
    answer = await _look_up(api, full_name)
    if answer.status == NOT_FOUND:
        raise PublishFailed(f"Pages is switched off for {full_name}: switch it on in the repository's settings")
    return await _adjusted(api, full_name, build_type, answer)


async def latest_build(api: GitHubApi, full_name: str) -> Build | None:
    """The newest build of the branch, or None when there is none yet."""
    path = f"/repos/{full_name}/pages/builds/latest"
    answer = await api.request("GET", path, "tell of the build", answers=frozenset({NOT_FOUND}))
    if answer.status == NOT_FOUND:
        return None
    said = answer.document
    return Build(
        commit=str(said.get("commit")),
        status=str(said.get("status")),
        error=message_of(said.get("error")),
        identity=f"{said.get('url')} {said.get('created_at')}",
    )


async def request_build(api: GitHubApi, full_name: str) -> None:
    """Have the branch built once more."""
    await api.request("POST", f"/repos/{full_name}/pages/builds", "build the site again")


async def deployment_status(api: GitHubApi, full_name: str, commit: str) -> str:
    """How far a workflow's deployment of ``commit`` is, in GitHub's word; empty when GitHub does not tell."""
    path = f"/repos/{full_name}/pages/deployments/{commit}"
    answer = await api.request("GET", path, "tell of the deployment", answers=frozenset({403, NOT_FOUND}))
    status = answer.document.get("status") if answer.status == OK else None
    return status if isinstance(status, str) else ""


async def _look_up(api: GitHubApi, full_name: str) -> Answer:
    return await api.request("GET", f"/repos/{full_name}/pages", "look at Pages", answers=frozenset({NOT_FOUND}))


async def _adjusted(api: GitHubApi, full_name: str, build_type: str, answer: Answer) -> str:
    wanted = _wanted(build_type)
    # An Enterprise server of some age says nothing of the build type.
    if any(answer.document.get(name) not in (None, value) for name, value in wanted.items()):
        await api.request("PUT", f"/repos/{full_name}/pages", "change what Pages publishes", wanted)
        if build_type == LEGACY:  # a new source alone starts no build
            await request_build(api, full_name)
    return answer.text("html_url")


def _wanted(build_type: str) -> dict[str, Any]:
    return {"build_type": build_type, "source": _SOURCE} if build_type == LEGACY else {"build_type": build_type}


def _is_too_early(answer: Answer) -> bool:
    """Whether the repository, or the branch that was pushed to it, is not to be seen yet."""
    return answer.status == NOT_FOUND or (answer.status == UNPROCESSABLE and "must exist" in answer.message)
