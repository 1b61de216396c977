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
from string import Template
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
TOUR = Path(__file__).parents[1] / "data/github/tour.txt"
FILES = {"index.html": b"<h1>one</h1>", "data/a.csv": b"1,2"}
MAIN = '{"build_type": "legacy", "source": {"branch": "main", "path": "/"}}'
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


@pytest.fixture(scope="module")
def description() -> GitHubDescription:
    return GitHubDescription(Path(DESCRIPTION or ""))


def behind_the_api(github: FakeGitHub, deed: str) -> None:
    """What somebody else does."""
    match deed:
        case "commit":
            github.commit(github.repository("octocat", "sales"), FILES, "one")
        case "commit a workflow":
            github.commit(github.repository("octocat", "sales"), {**FILES, **WORKFLOW}, "deploy")
        case "fail the next build":
            github.fail_next_build("Page build failed.")
        case "create a repository of somebody else":
            github.create("hubot", "theirs")
        case "take permissions away":
            github.settings.permissions = {"contents=write"}
        case "give permissions back":
            github.settings.permissions = None
        case _:
            raise ValueError(deed)


def asked(client: httpx.Client, method: str, path: str, status: int, sent: Any, **options: Any) -> Exchange:
    response = client.request(method, path, json=sent, **options)
    answered = response.json() if response.content else None
    assert response.status_code == status, (method, path, answered)
    return Exchange(method, path, sent, status, answered)


@pytest.fixture
def exchanges(tmp_path: Path) -> Iterator[list[Exchange]]:
    with FakeGitHub(tmp_path, organizations=("acme",)) as github:
        headers = {"Authorization": f"Bearer {github.token}"}
        with httpx.Client(base_url=github.api_url, headers=headers, trust_env=False) as client:
            done = [asked(client, "GET", "/user", 401, None, headers={"Authorization": "Bearer wrong"})]
            for line in filter(re.compile(r"[^#\s]").match, TOUR.read_text("utf-8").splitlines()):
                if line.startswith("! "):
                    behind_the_api(github, line[2:])
                    continue
                head = github.repository("octocat", "sales").head() if "$HEAD" in line else None
                filled = Template(line).substitute(REPO=REPO, MAIN=MAIN, LONG="d" * 351, HEAD=head)
                method, path, status, *sent = filled.split(" ", 3)
                done.append(asked(client, method, path, int(status), json.loads(sent[0]) if sent else None))
            yield done


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
