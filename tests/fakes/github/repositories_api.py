"""REST: accounts, repositories and their contents."""

import re
from typing import Any

from tests.fakes.github.routes import Call, Refused, Route, invalid, not_found
from tests.fakes.github.state import MAIN, Account, Repository

MAX_NAME = 100
MAX_DESCRIPTION = 350
# GitHub itself puts hyphens in the place of other characters; refusing them shows a client that sends them.
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FLAGS = ("private", "has_issues", "has_projects", "has_wiki")
_TEXTS = ("description", "homepage")
EMPTY = "Git Repository is empty."


def _own_profile(call: Call) -> tuple[int, Any]:
    return 200, call.shapes.own_profile(call.state.user)


def _read_organization(call: Call) -> tuple[int, Any]:
    return 200, call.shapes.organization(_organization(call))


def _create_own(call: Call) -> tuple[int, Any]:
    return _create(call, call.state.user)


def _create_in_organization(call: Call) -> tuple[int, Any]:
    return _create(call, _organization(call))


def _organization(call: Call) -> Account:
    account = call.state.account(call.parts["login"])
    if account is None or not account.is_organization:
        raise not_found()
    return account


def _create(call: Call, owner: Account) -> tuple[int, Any]:
    body = call.body()
    errors = _type_errors(body) or _rule_errors(body, is_new=True)
    if not errors and call.state.repository(owner.login, body["name"]):
        errors = [invalid("name", "name already exists on this account")]
    if errors:
        raise Refused(422, "Repository creation failed.", errors)
    repository = call.state.create(owner.login, body["name"])
    _apply(repository, body)
    return 201, call.shapes.repository(repository, is_ours=True)


def _read(call: Call) -> tuple[int, Any]:
    repository = call.repository()
    return 200, call.shapes.repository(repository, is_ours=call.state.may_write(repository.owner))


def _update(call: Call) -> tuple[int, Any]:
    repository = call.own_repository()
    body = call.body()
    errors = _type_errors(body) or _rule_errors(body, is_new=False)
    name = body.get("name", repository.name)
    other = None if errors else call.state.repository(repository.owner.login, name)
    if other and other is not repository:
        errors = [invalid("name", "name already exists on this account")]
    if errors:
        raise Refused(422, "Validation Failed", errors)
    if name != repository.name:
        call.state.rename(repository, name)
    _apply(repository, body)
    return 200, call.shapes.repository(repository, is_ours=True)


def _delete(call: Call) -> tuple[int, Any]:
    call.state.delete(call.own_repository())
    return 204, None


def _apply(repository: Repository, body: dict[str, Any]) -> None:
    for text in _TEXTS:
        if text in body:
            setattr(repository, text, body[text] or None)
    for flag in _FLAGS:
        if flag in body:
            setattr(repository, flag, body[flag])


def _type_errors(body: dict[str, Any]) -> list[dict[str, Any]]:
    kinds: dict[str, type] = {**dict.fromkeys(_FLAGS, bool), **dict.fromkeys((*_TEXTS, "name"), str)}
    return [
        invalid(field, f"{field} is not a {kind.__name__}", code="invalid")
        for field, kind in kinds.items()
        if body.get(field) is not None and not isinstance(body[field], kind)
    ]


def _rule_errors(body: dict[str, Any], *, is_new: bool) -> list[dict[str, Any]]:
    errors = []
    name, description = body.get("name"), body.get("description") or ""
    if not name and (is_new or "name" in body):
        errors.append(invalid("name", "name is required", code="missing_field"))
    elif name and len(name) > MAX_NAME:
        errors.append(invalid("name", f"name is too long (maximum is {MAX_NAME} characters)"))
    elif name and (not _NAME.fullmatch(name) or name in {".", ".."} or name.endswith((".git", ".wiki"))):
        errors.append(invalid("name", "name can only contain ASCII letters, digits, and the characters ., -, and _"))
    if len(description) > MAX_DESCRIPTION:
        errors.append(invalid("description", f"description cannot be more than {MAX_DESCRIPTION} characters"))
    if _CONTROL.search(description):
        errors.append(invalid("description", "description control characters are not allowed"))
    return errors


def _replace_topics(call: Call) -> tuple[int, Any]:
    repository = call.own_repository()
    repository.topics = call.body()["names"]
    return 200, {"names": repository.topics}


def _reference(call: Call) -> tuple[int, Any]:
    repository, branch = call.repository(), call.parts["branch"]
    _require_commits(repository)
    head = repository.head(branch)
    if head is None:
        raise not_found()
    return 200, call.shapes.reference(repository, branch, head)


def _commits(call: Call) -> tuple[int, Any]:
    repository = call.repository()
    _require_commits(repository)
    return 200, [call.shapes.commit(repository, commit) for commit in repository.git.commits(MAIN)]


def _commit(call: Call) -> tuple[int, Any]:
    repository, ref = call.repository(), call.parts["ref"]
    _require_commits(repository)
    commits = repository.git.commits(ref)
    if not commits:
        raise Refused(422, f"No commit found for SHA: {ref}")
    return 200, call.shapes.commit(repository, commits[0])


def _branch(call: Call) -> tuple[int, Any]:
    repository, branch = call.repository(), call.parts["branch"]
    if repository.head(branch) is None:
        raise Refused(404, "Branch not found")
    return 200, call.shapes.branch(repository, branch, repository.git.commits(branch)[0])


def _contents(call: Call) -> tuple[int, Any]:
    repository, path = call.repository(), call.parts.get("path", "").strip("/")
    if not repository.head():
        raise Refused(404, "This repository is empty.")
    entries = {entry.path: entry for entry in repository.git.entries(MAIN)}
    if path in entries and entries[path].type == "blob":
        return 200, call.shapes.content(repository, entries[path], MAIN, repository.git.files(MAIN)[path])
    if path and path not in entries:
        raise not_found()
    inside = [entry for entry in entries.values() if entry.path.rpartition("/")[0] == path]
    return 200, [call.shapes.content(repository, entry, MAIN) for entry in inside]


def _require_commits(repository: Repository) -> None:
    if not repository.head():
        raise Refused(409, EMPTY)


def _rate_limit(call: Call) -> tuple[int, Any]:
    return 200, call.shapes.rate_limit(call.state.rate())


_REPO = "/repos/{owner}/{repo}"
_METADATA = ("metadata=read",)
_CONTENTS = ("contents=read",)
_ADMINISTRATION = ("administration=write",)

REPOSITORY_ROUTES = (
    Route("GET", "/user", _own_profile, ()),
    Route("GET", "/orgs/{login}", _read_organization, ()),
    Route("GET", "/rate_limit", _rate_limit, ()),
    Route("POST", "/user/repos", _create_own, _ADMINISTRATION),
    Route("POST", "/orgs/{login}/repos", _create_in_organization, _ADMINISTRATION),
    Route("GET", _REPO, _read, _METADATA),
    Route("PATCH", _REPO, _update, _ADMINISTRATION),
    Route("DELETE", _REPO, _delete, _ADMINISTRATION),
    Route("PUT", f"{_REPO}/topics", _replace_topics, _ADMINISTRATION),
    Route("GET", f"{_REPO}/git/ref/heads/{{+branch}}", _reference, _CONTENTS),
    Route("GET", f"{_REPO}/git/refs/heads/{{+branch}}", _reference, _CONTENTS),
    Route("GET", f"{_REPO}/commits", _commits, _CONTENTS),
    Route("GET", f"{_REPO}/commits/{{+ref}}", _commit, _CONTENTS),
    Route("GET", f"{_REPO}/branches/{{+branch}}", _branch, _CONTENTS),
    Route("GET", f"{_REPO}/contents", _contents, _CONTENTS),
    Route("GET", f"{_REPO}/contents/", _contents, _CONTENTS),
    Route("GET", f"{_REPO}/contents/{{+path}}", _contents, _CONTENTS),
)
