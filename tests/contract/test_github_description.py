"""The fake GitHub against GitHub's own description of its REST API.

GITHUB_OPENAPI is the path of ``generated/api.github.com.deref.json`` from the npm package ``@octokit/openapi``.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.github import FakeGitHub
from tests.fakes.github.exchange import Request
from tests.fakes.github.pages_api import PAGES_ROUTES
from tests.fakes.github.repositories_api import REPOSITORY_ROUTES
from tests.fakes.github.routes import Route

DESCRIPTION = os.environ.get("GITHUB_OPENAPI", "")
pytestmark = pytest.mark.skipif(not Path(DESCRIPTION).is_file(), reason="GITHUB_OPENAPI names no description of GitHub")

_PARAMETER = r"\{\w+\}"
_METHODS = ("get", "put", "post", "patch", "delete")
FILES = {"index.html": b"<h1>one</h1>", "data/a.csv": b"1,2"}
MAIN = {"build_type": "legacy", "source": {"branch": "main", "path": "/"}}
WORKFLOW = {".github/workflows/pages.yml": b"steps:\n  - uses: actions/deploy-pages@v4\n"}
REPO = "/repos/octocat/sales"
PAGES = "/repos/{owner}/{repo}/pages"
# Paths that GitHub answers and does not describe: an older spelling, and the top folder without its slash.
ALIASES = {"/repos/{owner}/{repo}/git/refs/heads/{+branch}", "/repos/{owner}/{repo}/contents"}
# Statuses that GitHub gives, by public issue threads and its guide to the REST API, and does not describe.
UNDESCRIBED = {
    ("GET", PAGES, 403),
    ("POST", PAGES, 404),
    ("PUT", PAGES, 404),
    ("GET", f"{PAGES}/builds", 404),
    ("POST", f"{PAGES}/builds", 404),
    ("GET", f"{PAGES}/builds/latest", 404),
}


class GitHubDescription:
    """What answers and requests are held against; ``path`` is of the JSON file without references."""

    def __init__(self, path: Path) -> None:
        self._jsonschema = pytest.importorskip("jsonschema")
        with path.open(encoding="utf-8") as file:
            paths = json.load(file)["paths"]
        self._operations: dict[tuple[str, str], dict[str, Any]] = {
            (method.upper(), template): operations[method]
            for template, operations in paths.items()
            for method in _METHODS
            if method in operations
        }

    def operation(self, method: str, path: str) -> str | None:
        """The template that ``path`` (without the query) follows, the most literal one, or None."""
        templates = [template for verb, template in self._operations if verb == method]
        for wildcard in ("[^/]+", ".*"):  # references may have slashes, and the path of the top folder is empty
            found = [template for template in templates if _pattern(template, wildcard).fullmatch(path)]
            if found:
                return max(found, key=lambda template: len(re.sub(_PARAMETER, "", template)))
        return None

    def answer_problems(self, method: str, path: str, status: int, document: Any) -> list[str]:
        """What in an answer is not as described; ``document`` is None when it had no body."""
        described = self._described(method, path)
        if described is None:
            return [f"{method} {path}: there is no such operation"]
        answer = described["responses"].get(str(status))
        if answer is None:
            return [f"{method} {path}: {status} is not among its statuses"]
        content = answer.get("content", {}).get("application/json")
        if content is None:
            return [] if document is None else [f"{method} {path}: {status} has no body"]
        return [f"{method} {path} {status}: {problem}" for problem in self._problems(content["schema"], document)]

    def body_problems(self, method: str, path: str, document: Any) -> list[str]:
        """What in the body of a request is not as described; fields that GitHub does not know count as well."""
        described = self._described(method, path)
        if described is None:
            return [f"{method} {path}: there is no such operation"]
        content = described.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None or document is None:
            return [] if content is document else [f"{method} {path}: one has a body, the other has none"]
        schema = content["schema"]
        unknown = set(document) - set(schema.get("properties", {}))
        problems = [f"unknown field {name}" for name in sorted(unknown)] + self._problems(schema, document)
        return [f"{method} {path} body: {problem}" for problem in problems]

    def _described(self, method: str, path: str) -> dict[str, Any] | None:
        template = self.operation(method, path)
        return self._operations[method, template] if template else None

    def _problems(self, schema: dict[str, Any], document: Any) -> list[str]:
        validator = self._jsonschema.Draft7Validator(_with_nulls(schema))
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


@cache
def _pattern(template: str, wildcard: str) -> re.Pattern[str]:
    """Only a last parameter may be ``wildcard``."""
    *parts, last = re.split(_PARAMETER, template)
    if last or not parts:
        return re.compile("[^/]+".join(map(re.escape, (*parts, last))))
    return re.compile("[^/]+".join(map(re.escape, parts)) + wildcard)


def _with_nulls(schema: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` as JSON Schema says it."""
    if isinstance(schema, list):
        return [_with_nulls(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _with_nulls(part) for name, part in schema.items() if name not in {"nullable", "example"}}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


@dataclass(frozen=True)
class Exchange:
    method: str
    path: str
    sent: Any
    status: int
    answered: Any


class Tour:
    def __init__(self, github: FakeGitHub) -> None:
        self.exchanges: list[Exchange] = []
        self._client = httpx.Client(
            base_url=github.api_url, headers={"Authorization": f"Bearer {github.token}"}, trust_env=False
        )

    def ask(self, method: str, path: str, status: int, sent: Any = None, **options: Any) -> Any:
        response = self._client.request(method, path, json=sent, **options)
        answered = response.json() if response.content else None
        assert response.status_code == status, (method, path, answered)
        self.exchanges.append(Exchange(method, path, sent, status, answered))
        return answered

    def close(self) -> None:
        self._client.close()


@pytest.fixture(scope="module")
def description() -> GitHubDescription:
    return GitHubDescription(Path(DESCRIPTION or ""))


@pytest.fixture
def exchanges(tmp_path: Path) -> Iterator[list[Exchange]]:
    with FakeGitHub(tmp_path, organizations=("acme",)) as github:
        tour = Tour(github)
        accounts(tour)
        empty_repositories(tour)
        contents(tour, github)
        pages(tour, github)
        workflow_pages(tour, github)
        limits(tour, github)
        tour.ask("DELETE", REPO, 204)
        tour.ask("DELETE", REPO, 404)
        yield tour.exchanges
        tour.close()


def accounts(tour: Tour) -> None:
    tour.ask("GET", "/user", 200)
    tour.ask("GET", "/user", 401, headers={"Authorization": "Bearer wrong"})
    tour.ask("GET", "/orgs/acme", 200)
    for path in ("/orgs/octocat", REPO):
        tour.ask("GET", path, 404)


def empty_repositories(tour: Tour) -> None:
    features = dict.fromkeys(("has_issues", "has_projects", "has_wiki", "private"), False)
    tour.ask("POST", "/user/repos", 201, {"name": "sales", "description": "Sales", "homepage": "", **features})
    tour.ask("POST", "/user/repos", 422, {"name": "sales"})
    tour.ask("POST", "/user/repos", 422, {"name": "other", "description": "d" * 351})
    tour.ask("POST", "/orgs/acme/repos", 201, {"name": "sales"})
    tour.ask("POST", "/orgs/acme/repos", 422, {"name": "sales"})
    for path, status in (("git/ref/heads/main", 409), ("commits", 409), ("commits/main", 409), ("branches/main", 404)):
        tour.ask("GET", f"{REPO}/{path}", status)
    tour.ask("GET", f"{REPO}/contents/", 404)
    tour.ask("POST", f"{REPO}/pages", 422, MAIN)
    tour.ask("GET", f"{REPO}/pages", 404)


def contents(tour: Tour, github: FakeGitHub) -> None:
    github.commit(github.repository("octocat", "sales"), FILES, "one")
    sha = github.commit(github.repository("octocat", "sales"), FILES, "two")
    tour.ask("GET", REPO, 200)
    for path in ("git/ref/heads/main", "commits", "branches/main", f"commits/{sha}"):
        tour.ask("GET", f"{REPO}/{path}", 200)
    for path in ("contents/", "contents/data", "contents/data/a.csv"):
        tour.ask("GET", f"{REPO}/{path}", 200)
    for path, status in (("git/ref/heads/x", 404), ("commits/x", 422), ("contents/x", 404), ("branches/x", 404)):
        tour.ask("GET", f"{REPO}/{path}", status)
    tour.ask("PATCH", REPO, 200, {"description": "Turnover", "homepage": "http://127.0.0.1/", "has_wiki": False})
    tour.ask("PATCH", REPO, 422, {"description": "two\nlines"})
    tour.ask("PUT", f"{REPO}/topics", 200, {"names": ["charts", "csv"]})


def pages(tour: Tour, github: FakeGitHub) -> None:
    tour.ask("POST", f"{REPO}/pages", 201, MAIN)
    tour.ask("POST", f"{REPO}/pages", 409, MAIN)
    tour.ask("GET", f"{REPO}/pages", 200)
    github.fail_next_build("Page build failed.")
    tour.ask("POST", f"{REPO}/pages/builds", 201)
    tour.ask("GET", f"{REPO}/pages/builds/latest", 200)
    tour.ask("GET", f"{REPO}/pages/builds", 200)
    tour.ask("PUT", f"{REPO}/pages", 204, {"source": {"branch": "main", "path": "/docs"}})
    tour.ask("DELETE", f"{REPO}/pages", 204)
    tour.ask("DELETE", f"{REPO}/pages", 404)
    for method, path in (("GET", "builds"), ("GET", "builds/latest"), ("POST", "builds")):
        tour.ask(method, f"{REPO}/pages/{path}", 404)
    tour.ask("PUT", f"{REPO}/pages", 404, {"build_type": "workflow"})


def workflow_pages(tour: Tour, github: FakeGitHub) -> None:
    github.commit(github.repository("octocat", "sales"), {**FILES, **WORKFLOW}, "deploy")
    tour.ask("POST", f"{REPO}/pages", 201, {"build_type": "workflow"})
    tour.ask("GET", f"{REPO}/pages", 200)
    tour.ask("GET", f"{REPO}/pages/builds/latest", 404)
    tour.ask("PUT", f"{REPO}/pages", 204, {"build_type": "legacy"})


def limits(tour: Tour, github: FakeGitHub) -> None:
    tour.ask("GET", "/rate_limit", 200)
    github.create("hubot", "theirs")
    tour.ask("PATCH", "/repos/hubot/theirs", 403, {"description": "ours"})
    tour.ask("POST", "/repos/hubot/theirs/pages", 404, MAIN)
    github.settings.permissions = {"contents=write"}
    tour.ask("POST", "/user/repos", 403, {"name": "other"})
    tour.ask("GET", f"{REPO}/pages", 403)
    github.settings.permissions = None


def test_every_answer_is_as_github_describes_it(exchanges: list[Exchange], description: GitHubDescription) -> None:
    problems = []
    for exchange in exchanges:
        template = description.operation(exchange.method, exchange.path)
        if (exchange.method, template, exchange.status) not in UNDESCRIBED:
            problems += description.answer_problems(exchange.method, exchange.path, exchange.status, exchange.answered)
    assert problems == []


def test_every_body_on_the_tour_is_as_github_describes_it(
    exchanges: list[Exchange], description: GitHubDescription
) -> None:
    problems = [
        problem
        for exchange in exchanges
        for problem in description.body_problems(exchange.method, exchange.path, exchange.sent)
    ]
    assert problems == []


def test_the_tour_leaves_out_no_endpoint_of_the_fake(exchanges: list[Exchange]) -> None:
    routes = [route for route in (*REPOSITORY_ROUTES, *PAGES_ROUTES) if route.path not in ALIASES]
    left_out = [
        (route.method, route.path)
        for route in routes
        if not any(
            exchange.method == route.method and exchange.status < 300 and follows(exchange, route)
            for exchange in exchanges
        )
    ]
    assert left_out == []


def follows(exchange: Exchange, route: Route) -> bool:
    return route.match(Request(exchange.method, f"/api/v3{exchange.path}", {}, b"")) is not None


def test_a_wrong_answer_is_noticed(description: GitHubDescription) -> None:
    wrong = {"url": "http://127.0.0.1/x", "status": 7}
    assert description.answer_problems("POST", f"{REPO}/pages/builds", 201, wrong) != []
    assert description.answer_problems("POST", f"{REPO}/pages/builds", 299, wrong) != []
    assert description.answer_problems("POST", "/nowhere", 201, wrong) != []
    assert description.body_problems("POST", "/user/repos", {"name": "sales", "wiki": False}) != []
    assert description.body_problems("POST", "/user/repos", {"description": "no name"}) != []
