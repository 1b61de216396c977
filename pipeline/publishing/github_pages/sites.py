"""GitHub Pages by its API: switching a site on, and its builds.

Endpoints and statuses: "REST API endpoints for GitHub Pages" in GitHub's documentation.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.domain.errors import PlanRequired, PublishFailed
from pipeline.domain.files import WORKFLOW_FILE, AppFiles
from pipeline.publishing.github_pages.api import CONFLICT, FORBIDDEN, NOT_FOUND, OK, UNPROCESSABLE, Answer, GitHubApi
from pipeline.publishing.github_pages.failures import message_of

LEGACY, WORKFLOW = "legacy", "workflow"
BUILD_STATUSES = frozenset({"queued", "building", "built", "errored"})
FAILED_DEPLOYMENTS = frozenset(
    {"deployment_failed", "deployment_content_failed", "deployment_cancelled", "deployment_lost"}
)

_SOURCE = {"branch": "main", "path": "/"}
# Words of GitHub and of Enterprise releases, none of which is promised.
_TOO_EARLY = re.compile(
    r"must exist|n[o']t (?:yet |be )?(?:exist|found|resolve|ready)|is empty|no commits", re.IGNORECASE
)
_PLAN = re.compile(r"\bplan\b|\bupgrade\b", re.IGNORECASE)
_DEPLOYS_PAGES = re.compile(r"^[\s-]*uses:\s*[\"']?actions/deploy-pages@", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Build:
    """A build of a branch at ``commit``; ``identity`` differs between builds of one commit.

    ``status`` is one of BUILD_STATUSES; of another server perhaps none of them.
    """

    commit: str
    status: str
    error: str
    identity: str


def build_type_of(files: AppFiles) -> str:
    """``workflow`` when a workflow of the app deploys it to Pages, else ``legacy``: GitHub publishes the branch."""
    workflows = (files.text(path) or "" for path in files if WORKFLOW_FILE.fullmatch(path))
    return WORKFLOW if any(map(_DEPLOYS_PAGES.search, workflows)) else LEGACY


async def switch_on(api: GitHubApi, full_name: str, build_type: str) -> str | None:
    """Turn Pages on for the main branch, or set right what is on already; return the site's address.

    The first build begins by itself. None for the address when GitHub does not tell it.

    Raises:
        PlanRequired: this account has no Pages for this repository.
        PublishFailed: GitHub refused.
    """

    async def look() -> Answer | None:
        found = await _look_up(api, full_name)
        return found if found.status == OK else None

    try:
        answer = await api.request(
            "POST",
            f"/repos/{full_name}/pages",
            "turn on Pages",
            _wanted(build_type),
            answers=frozenset({CONFLICT, UNPROCESSABLE}),
            passes=_is_too_early,
            look=look,
        )
        if answer.status != OK:
            answer = await _look_up_refused(api, full_name, answer)
    except PublishFailed as error:
        if _PLAN.search(str(error)):
            raise PlanRequired(f"GitHub Pages is not in this account's plan for this repository: {error}") from error
        raise
    return await _adjusted(api, full_name, build_type, answer)


async def set_right(api: GitHubApi, full_name: str, build_type: str) -> str | None:
    """See that the site that is on publishes the main branch in this way; return its address if GitHub tells it.

    Raises PublishFailed when GitHub refused, or Pages is off.
    """
    answer = await _look_up(api, full_name)
    if answer.status == NOT_FOUND:
        raise PublishFailed(f"Pages is switched off for {full_name}: switch it on in the repository's settings")
    return await _adjusted(api, full_name, build_type, answer)


async def latest_build(api: GitHubApi, full_name: str) -> Build | None:
    """The newest build of the branch, or None when there is none yet or GitHub does not tell."""
    path = f"/repos/{full_name}/pages/builds/latest"
    answer = await api.request("GET", path, "tell of the build", answers=frozenset({FORBIDDEN, NOT_FOUND}))
    if answer.status != OK:
        return None
    said = answer.document
    return Build(
        commit=str(said.get("commit")),
        status=str(said.get("status")),
        error=message_of(said.get("error")),
        identity=f"{said.get('url')} {said.get('created_at')}",
    )


async def request_build(api: GitHubApi, full_name: str) -> None:
    """Have the branch built once more, if GitHub will: whether a build comes of it is seen by its builds."""
    refusals = frozenset({FORBIDDEN, NOT_FOUND, CONFLICT, UNPROCESSABLE})
    await api.request("POST", f"/repos/{full_name}/pages/builds", "build the site again", answers=refusals)


async def deployment_status(api: GitHubApi, full_name: str, commit: str) -> str:
    """How far a workflow's deployment of ``commit`` is, in GitHub's word; empty when GitHub does not tell."""
    path = f"/repos/{full_name}/pages/deployments/{commit}"
    answer = await api.request("GET", path, "tell of the deployment", answers=frozenset({FORBIDDEN, NOT_FOUND}))
    status = answer.document.get("status") if answer.status == OK else None
    return status if isinstance(status, str) else ""


async def _look_up(api: GitHubApi, full_name: str) -> Answer:
    return await api.request("GET", f"/repos/{full_name}/pages", "look at Pages", answers=frozenset({NOT_FOUND}))


async def _look_up_refused(api: GitHubApi, full_name: str, refusal: Answer) -> Answer:
    """The site that is on already, which may be why GitHub refused."""
    if refusal.status == CONFLICT:
        return await _look_up_new(api, full_name)
    found = await _look_up(api, full_name)
    if found.status == NOT_FOUND:
        raise PublishFailed(f"GitHub refused to turn on Pages: {refusal.message}")
    return found


async def _look_up_new(api: GitHubApi, full_name: str) -> Answer:
    """A site that is on, though just made it may not be seen for some seconds."""
    path = f"/repos/{full_name}/pages"
    return await api.request("GET", path, "look at Pages", passes=lambda answer: answer.status == NOT_FOUND)


async def _adjusted(api: GitHubApi, full_name: str, build_type: str, answer: Answer) -> str | None:
    if not _is_as_wanted(answer.document, build_type):
        await api.request("PUT", f"/repos/{full_name}/pages", "change what Pages publishes", _wanted(build_type))
        if build_type == LEGACY:  # a new source alone starts no build
            await request_build(api, full_name)
    return _address(answer) or _address(await _look_up_new(api, full_name))


def _address(answer: Answer) -> str | None:
    """Where the site is served. GitHub's description of its API lets an answer leave that out."""
    address = answer.document.get("html_url")
    if not isinstance(address, str) or not address:
        return None
    return address if address.endswith("/") else f"{address}/"


def _wanted(build_type: str) -> dict[str, Any]:
    return {"build_type": build_type, "source": _SOURCE} if build_type == LEGACY else {"build_type": build_type}


def _is_as_wanted(document: Mapping[str, Any], build_type: str) -> bool:
    """What GitHub does not say is as it should be: Enterprise servers of some age know no build type."""
    said = document.get("source")
    source = said if isinstance(said, Mapping) and build_type == LEGACY else {}
    return document.get("build_type") in (None, build_type) and all(
        source.get(name) in (None, value) for name, value in _SOURCE.items()
    )


def _is_too_early(answer: Answer) -> bool:
    """Whether the repository, or the branch that was pushed to it, is not to be seen yet."""
    return answer.status == NOT_FOUND or (
        answer.status in {CONFLICT, UNPROCESSABLE} and _TOO_EARLY.search(answer.message) is not None
    )
