"""REST: Pages sites and their builds."""

from typing import Any

from tests.fakes.github.pages import BuildType, PagesSite
from tests.fakes.github.routes import Call, Refused, Route, invalid, not_found
from tests.fakes.github.state import Repository

BUILD_TYPES: dict[str, BuildType] = {"legacy": "legacy", "workflow": "workflow"}
PATHS = ("/", "/docs")
DEFAULT_BRANCH = "main"
NO_PLAN = "Your current plan does not support GitHub Pages for this repository."


def _ours(call: Call) -> Repository:
    """Of other people's sites GitHub says that they are not there."""
    repository = call.repository()
    if not call.state.may_write(repository.owner):
        raise not_found()
    return repository


def _site(repository: Repository) -> PagesSite:
    if repository.pages is None:
        raise not_found()
    return repository.pages


def _read(call: Call) -> tuple[int, Any]:
    repository = _ours(call)
    return 200, call.shapes.pages(repository, _site(repository))


def _enable(call: Call) -> tuple[int, Any]:
    repository, body = _ours(call), call.body()
    if not body.keys() & {"source", "build_type"}:
        raise _invalid_source("source or build_type is required")
    build_type = _build_type(body, "legacy")
    branch, path = _source(body.get("source", {"branch": DEFAULT_BRANCH}))
    if repository.pages:
        raise Refused(409, "GitHub Pages is already enabled.")
    if repository.private:
        raise Refused(422, NO_PLAN)
    _require_branch(repository, build_type, branch)
    call.state.enable_pages(repository, build_type, branch, path)
    return 201, call.shapes.pages(repository, _site(repository))


def _update(call: Call) -> tuple[int, Any]:
    """A new source starts no build; the old site stays until there is one."""
    repository, body = _ours(call), call.body()
    site = _site(repository)
    if not body.keys() & {"source", "build_type", "cname", "public", "https_enforced"}:
        raise _invalid_source("nothing to change")
    build_type = _build_type(body, site.build_type)
    branch, path = _source(body["source"]) if "source" in body else (site.branch, site.path)
    _require_branch(repository, build_type, branch)
    site.build_type, site.branch, site.path = build_type, branch, path
    return 204, None


def _disable(call: Call) -> tuple[int, Any]:
    repository = _ours(call)
    _site(repository)
    repository.pages = None
    return 204, None


def _build_type(body: dict[str, Any], default: BuildType) -> BuildType:
    given = body.get("build_type", default)
    if given not in BUILD_TYPES:
        raise Refused(422, "Invalid request.", [invalid("build_type", f"must be one of {list(BUILD_TYPES)}")])
    return BUILD_TYPES[given]


def _source(given: Any) -> tuple[str, str]:
    """Branch and path."""
    if not isinstance(given, dict) or not isinstance(given.get("branch"), str):
        raise _invalid_source("source must name a branch")
    path = given.get("path", "/")
    if path not in PATHS:
        raise _invalid_source(f"path must be one of {list(PATHS)}")
    return given["branch"], path


def _invalid_source(problem: str) -> Refused:
    return Refused(422, "Invalid request.", [invalid("source", problem)])


def _require_branch(repository: Repository, build_type: BuildType, branch: str) -> None:
    if build_type == "legacy" and repository.head(branch) is None:
        raise Refused(422, f"The {branch} branch must exist before GitHub Pages can be built.")


def _builds_of(repository: Repository) -> PagesSite:
    """Sites that are deployed by a workflow have no builds."""
    site = _site(repository)
    if site.build_type == "workflow":
        raise not_found()
    return site


def _builds(call: Call) -> tuple[int, Any]:
    repository = _ours(call)
    site = _builds_of(repository)
    return 200, [call.shapes.build(repository, build, call.state.user) for build in reversed(site.history)]


def _latest_build(call: Call) -> tuple[int, Any]:
    repository = _ours(call)
    latest = _builds_of(repository).latest
    if latest is None:
        raise not_found()
    return 200, call.shapes.build(repository, latest, call.state.user)


def _request_build(call: Call) -> tuple[int, Any]:
    repository = _ours(call)
    _builds_of(repository)
    if call.state.build(repository) is None:
        raise not_found()
    url = f"{call.shapes.api}/repos/{repository.full_name}/pages/builds/latest"
    return 201, {"url": url, "status": "queued"}


_PAGES = "/repos/{owner}/{repo}/pages"
_CHANGE = ("pages=write", "administration=write")

PAGES_ROUTES = (
    Route("GET", _PAGES, _read, ("pages=read",)),
    Route("POST", _PAGES, _enable, _CHANGE),
    Route("PUT", _PAGES, _update, _CHANGE),
    Route("DELETE", _PAGES, _disable, _CHANGE),
    Route("GET", f"{_PAGES}/builds", _builds, ("pages=read",)),
    Route("POST", f"{_PAGES}/builds", _request_build, ("pages=write",)),
    Route("GET", f"{_PAGES}/builds/latest", _latest_build, ("pages=read",)),
)
