"""Whose GitHub token is it, and what may it do?"""

from collections.abc import Mapping
from typing import Any

import requests
from github import Github, GithubException

from pipeline.domain.diagnosis import Diagnosis, failed, ok, warning
from pipeline.domain.errors import PublishFailed
from pipeline.publishing.github_pages.api import FORBIDDEN, NOT_FOUND, UNPROCESSABLE, connect
from pipeline.publishing.github_pages.failures import judged
from pipeline.publishing.github_pages.patience import TryAgain

FEW_REQUESTS = 100
BETTER = (
    "make a classic token with the scopes repo and workflow, or a fine-grained one for all repositories with "
    "Administration, Contents, Pages and Workflows (https://github.com/settings/tokens), and set GITHUB_TOKEN to it"
)


def diagnose(api_url: str, token: str, owner: str | None, seconds: float) -> Diagnosis:
    """Ask GitHub; creates nothing. Blocks.

    Classic tokens tell their scopes (``X-OAuth-Scopes``); of others GitHub says only what it refuses.

    Raises:
        PublishFailed: GitHub does not know the token, or gives no answer.
    """
    github = connect(api_url.rstrip("/"), token, max(int(seconds), 1))
    try:
        headers, user = github.requester.requestJsonAndCheck("GET", "/user")
        return _judged(github, headers, str(user["login"]), owner)
    except GithubException as error:
        failure = judged(error, "tell whose token this is")
        raise (failure.failure if isinstance(failure, TryAgain) else failure) from None
    except (requests.RequestException, RuntimeError, ValueError, LookupError, TypeError) as error:
        raise PublishFailed(f"no answer from GitHub that makes sense ({type(error).__name__})") from None
    finally:
        github.close()


def _judged(github: Github, headers: Mapping[str, Any], login: str, owner: str | None) -> Diagnosis:
    told = headers.get("x-oauth-scopes")
    scopes = None if told is None else {scope.strip() for scope in told.split(",")} - {""}
    is_elsewhere = owner is not None and owner.lower() != login.lower()
    kind = "permissions are not told" if scopes is None else f"scopes {', '.join(sorted(scopes)) or 'none'}"
    left, limit = headers.get("x-ratelimit-remaining"), headers.get("x-ratelimit-limit")
    rest = f"; {left} of {limit} requests left this hour" if left and limit else ""
    what = f"token of {login}{f' for {owner}' if is_elsewhere else ''}, {kind}{rest}"
    if scopes is not None and "repo" not in scopes:
        return failed(f"{what}: it cannot create repositories", BETTER)
    if scopes is None or is_elsewhere:
        status = _status_of_nameless(github, f"/orgs/{owner}/repos" if is_elsewhere else "/user/repos")
        if status in {FORBIDDEN, NOT_FOUND}:
            mend = f"set GITHUB_OWNER to an organisation of {login}, or leave it out; or {BETTER}"
            return failed(f"{what}: it cannot create repositories", mend if is_elsewhere else BETTER)
        if status != UNPROCESSABLE:
            return warning(f"{what}; whether it can create repositories is not known ({status})", "try a brief")
    if scopes is not None and "workflow" not in scopes:
        return warning(f"{what}: apps that need a GitHub workflow are refused", "add the scope workflow to the token")
    if left and int(left) < FEW_REQUESTS:
        return warning(what, "wait for the next hour, or use another account")
    return ok(f"{what}; it can create repositories")


def _status_of_nameless(github: Github, path: str) -> int:
    """How GitHub refuses a repository without a name: whoever may make none hears of that."""
    try:
        github.requester.requestJsonAndCheck("POST", path, input={"name": ""})
    except GithubException as error:
        return error.status
    return 0
