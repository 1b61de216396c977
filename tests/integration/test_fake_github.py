import base64
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from github import (
    Auth,
    BadCredentialsException,
    Github,
    GithubException,
    RateLimitExceededException,
    UnknownObjectException,
)
from github.Repository import Repository

from tests.fakes.github import (
    Answer,
    Drop,
    FakeGitHub,
    Fault,
    Hang,
    PushRejected,
    bad_gateway,
    branch_protected,
    primary_limit,
    secondary_limit,
    secret_found,
    too_many_requests,
    workflow_scope_missing,
)
from tests.fakes.github.loopback import SOCKET_SECONDS

LONG = 3600.0  # seconds that no test waits for
PAGE = {"index.html": b"<h1>one</h1>", ".nojekyll": b""}
MAIN = {"build_type": "legacy", "source": {"branch": "main", "path": "/"}}
DEPLOY = {".github/workflows/pages.yml": b"jobs:\n  deploy:\n    steps:\n      - uses: actions/deploy-pages@v4\n"}


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path / "github", organizations=("acme",)) as fake:
        yield fake


@pytest.fixture
def client(github: FakeGitHub) -> Iterator[Github]:
    client = connect(github)
    yield client
    client.close()


@pytest.fixture
def visitor() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as visitor:
        yield visitor


def connect(github: FakeGitHub, token: str | None = None) -> Github:
    return Github(
        base_url=github.api_url,
        auth=Auth.Token(token or github.token),
        timeout=10,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )


class Checkout:
    """A repository of the person who pushes."""

    def __init__(self, github: FakeGitHub, folder: Path, token: str | None = None) -> None:
        credentials = base64.b64encode(f"x-access-token:{token or github.token}".encode()).decode()
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{github.url}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {credentials}",
            **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        return self.try_git(*arguments, check=True).stdout.strip()

    def try_git(self, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        command = ["git", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, check=check, capture_output=True, text=True, timeout=60
        )

    def commit(self, files: Mapping[str, bytes], message: str = "one") -> str:
        for path, content in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_bytes(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def push(self, repository: Repository) -> subprocess.CompletedProcess[str]:
        return self.try_git("push", repository.clone_url, "main")


@pytest.fixture
def checkout(github: FakeGitHub, tmp_path: Path) -> Checkout:
    return Checkout(github, tmp_path / "checkout")


def create(client: Github, name: str = "sales", **fields: Any) -> Repository:
    created: Repository = client.get_user().create_repo(name, **fields)
    return created


def ask(repository: Repository, method: str, path: str, body: Any = None) -> Any:
    return repository.requester.requestJsonAndCheck(method, repository.url + path, input=body)[1]


def published(client: Github, checkout: Checkout, files: Mapping[str, bytes] | None = None) -> Repository:
    repository = create(client)
    checkout.commit(files or PAGE)
    checkout.push(repository)
    ask(repository, "POST", "/pages", MAIN)
    return repository


def site(repository: Repository) -> str:
    return str(ask(repository, "GET", "/pages")["html_url"])


def latest(repository: Repository) -> Any:
    return ask(repository, "GET", "/pages/builds/latest")


# Repositories


def test_a_created_repository_takes_a_push(github: FakeGitHub, client: Github, checkout: Checkout) -> None:
    repository = create(client, description="Sales by region", has_wiki=False)
    sha = checkout.commit(PAGE, "first")
    assert checkout.push(repository).returncode == 0

    stored = github.repository("octocat", "sales")
    assert (stored.head(), stored.commits(), stored.files()) == (sha, [(sha, "first")], PAGE)
    assert repository.get_git_ref("heads/main").object.sha == sha
    assert repository.get_branch("main").commit.sha == sha
    assert repository.get_commit("main").commit.message == "first"
    assert [commit.sha for commit in repository.get_commits()] == [sha]
    assert client.get_repo("octocat/sales").description == "Sales by region"
    assert not client.get_repo("octocat/sales").has_wiki


def test_contents_are_read_back(client: Github, checkout: Checkout) -> None:
    repository = create(client)
    checkout.commit({"index.html": b"\x00\xff", "data/a.csv": b"1,2"})
    checkout.push(repository)

    assert repository.get_contents("index.html").decoded_content == b"\x00\xff"  # type: ignore[union-attr]  # a file
    listed = repository.get_contents("")
    assert isinstance(listed, list)
    assert {(entry.name, entry.type) for entry in listed} == {("index.html", "file"), ("data", "dir")}
    with pytest.raises(UnknownObjectException):
        repository.get_contents("missing.html")


def test_a_pushed_repository_can_be_cloned(client: Github, checkout: Checkout, github: FakeGitHub) -> None:
    repository = create(client)
    sha = checkout.commit(PAGE)
    checkout.push(repository)
    again = Checkout(github, checkout.folder / "again")
    again.git("pull", "--quiet", repository.clone_url, "main")
    assert again.git("rev-parse", "HEAD") == sha


def test_a_push_over_a_mebibyte_arrives_whole(client: Github, checkout: Checkout, github: FakeGitHub) -> None:
    repository = create(client)
    content = os.urandom(3 * 1024 * 1024)
    checkout.commit({"photo.bin": content})
    assert checkout.push(repository).returncode == 0
    assert github.repository("octocat", "sales").files() == {"photo.bin": content}


def test_a_push_that_is_behind_is_refused(client: Github, checkout: Checkout, github: FakeGitHub) -> None:
    repository = create(client)
    github.commit(github.repository("octocat", "sales"), {"index.html": b"theirs"}, "theirs")
    checkout.commit(PAGE)
    refused = checkout.push(repository)
    assert refused.returncode == 1
    assert "[rejected]" in refused.stderr


def test_a_name_is_given_once_whatever_its_case(client: Github, github: FakeGitHub) -> None:
    create(client, "sales")
    with pytest.raises(GithubException) as refused:
        create(client, "Sales")
    assert refused.value.status == 422
    assert refused.value.data["errors"][0]["message"] == "name already exists on this account"
    assert len(github.repositories()) == 1


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"name": "not a name"}),
        ("name", {"name": "n" * 101}),
        ("name", {"name": ""}),
        ("description", {"name": "sales", "description": "d" * 351}),
        ("description", {"name": "sales", "description": "two\nlines"}),
        ("private", {"name": "sales", "private": "yes"}),
    ],
)
def test_bad_values_are_refused_by_field(
    client: Github, github: FakeGitHub, field: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(GithubException) as refused:
        client.requester.requestJsonAndCheck("POST", "/user/repos", input=fields)
    assert refused.value.status == 422
    assert [error["field"] for error in refused.value.data["errors"]] == [field]
    assert github.repositories() == []


def test_organizations_have_repositories_of_their_own(client: Github, checkout: Checkout, github: FakeGitHub) -> None:
    repository = client.get_organization("acme").create_repo("sales")
    checkout.commit(PAGE)
    assert checkout.push(repository).returncode == 0
    assert repository.full_name == "acme/sales"
    assert github.repository("acme", "sales").owner.is_organization


def test_a_repository_is_changed_renamed_and_deleted(client: Github, github: FakeGitHub) -> None:
    repository = create(client)
    repository.edit(description="new", homepage="http://127.0.0.1/")
    repository.replace_topics(["charts", "csv"])
    sha = github.commit(github.repository("octocat", "sales"), PAGE, "one")
    repository.edit(name="turnover")
    stored = github.repository("octocat", "turnover")
    assert (stored.description, stored.homepage, stored.topics) == ("new", "http://127.0.0.1/", ["charts", "csv"])
    assert stored.head() == sha
    create(client, "sales")
    assert github.repository("octocat", "sales").head() is None
    repository.delete()
    assert [left.name for left in github.repositories()] == ["sales"]


def test_an_empty_repository_says_so(client: Github) -> None:
    repository = create(client)
    for path in ("/git/ref/heads/main", "/commits", "/commits/main"):
        with pytest.raises(GithubException) as refused:
            ask(repository, "GET", path)
        assert (refused.value.status, refused.value.message) == (409, "Git Repository is empty.")
    for path, message in (("/branches/main", "Branch not found"), ("/contents/", "This repository is empty.")):
        with pytest.raises(GithubException) as missing:
            ask(repository, "GET", path)
        assert (missing.value.status, missing.value.message) == (404, message)


def test_a_new_repository_is_not_found_for_a_while(client: Github, checkout: Checkout, github: FakeGitHub) -> None:
    github.settings.visibility_seconds = LONG
    repository = create(client)
    checkout.commit(PAGE)
    with pytest.raises(UnknownObjectException):
        client.get_repo("octocat/sales")
    assert "remote: Repository not found." in checkout.push(repository).stderr

    github.repository("octocat", "sales").visible_from = 0.0
    assert client.get_repo("octocat/sales").name == "sales"
    assert checkout.push(repository).returncode == 0


# Who may do what


def test_another_token_is_refused_everywhere(github: FakeGitHub, client: Github, tmp_path: Path) -> None:
    repository = create(client)
    stranger = connect(github, token="ghp_wrong")
    with pytest.raises(BadCredentialsException, match="Bad credentials"):
        stranger.get_repo("octocat/sales")
    stranger.close()
    checkout = Checkout(github, tmp_path / "stranger", token="ghp_wrong")
    checkout.commit(PAGE)
    assert "could not read Username" in checkout.push(repository).stderr
    assert github.repository("octocat", "sales").head() is None


def test_other_peoples_repositories_are_read_only(github: FakeGitHub, client: Github, checkout: Checkout) -> None:
    github.create("hubot", "sales", "theirs", files=PAGE)
    repository = client.get_repo("hubot/sales")
    assert repository.get_branch("main").commit.sha == github.repository("hubot", "sales").head()
    with pytest.raises(GithubException, match="Must have admin rights"):
        repository.edit(description="ours")
    with pytest.raises(UnknownObjectException):
        ask(repository, "POST", "/pages", MAIN)
    checkout.commit(PAGE)
    assert "Permission to hubot/sales.git denied to octocat." in checkout.push(repository).stderr


def test_other_peoples_private_repositories_are_not_there(github: FakeGitHub, client: Github) -> None:
    github.create("hubot", "secret", private=True)
    with pytest.raises(UnknownObjectException):
        client.get_repo("hubot/secret")


@pytest.mark.parametrize(
    ("granted", "path", "missing"),
    [
        ({"contents=write", "pages=write"}, "/user/repos", "administration=write"),
        ({"administration=write"}, "/repos/octocat/sales/pages", "pages=write,administration=write"),
        ({"administration=write"}, "/repos/octocat/sales/pages/builds", "pages=write"),
    ],
)
def test_a_fine_grained_token_is_told_what_it_lacks(
    github: FakeGitHub, client: Github, granted: set[str], path: str, missing: str
) -> None:
    github.create("octocat", "sales", files=PAGE)
    github.settings.permissions = granted
    with pytest.raises(GithubException) as refused:
        client.requester.requestJsonAndCheck("POST", path, input={"name": "other", **MAIN})
    assert refused.value.status == 403
    assert refused.value.message == "Resource not accessible by personal access token"
    assert (refused.value.headers or {})["x-accepted-github-permissions"] == missing


def test_pushing_needs_permissions_of_its_own(github: FakeGitHub, client: Github, checkout: Checkout) -> None:
    repository = create(client)
    checkout.commit(PAGE)
    github.settings.permissions = set()
    assert "The requested URL returned error: 403" in checkout.push(repository).stderr
    github.settings.permissions = {"contents=write"}
    assert checkout.push(repository).returncode == 0


def test_workflow_files_need_a_permission(github: FakeGitHub, client: Github, checkout: Checkout) -> None:
    repository = create(client)
    checkout.commit({**PAGE, **DEPLOY})
    github.settings.permissions = {"contents=write"}
    refused = checkout.push(repository)
    assert refused.returncode == 1
    assert "workflow `.github/workflows/pages.yml` without `workflow` scope" in refused.stderr
    assert github.repository("octocat", "sales").head() is None

    github.settings.permissions = {"contents=write", "workflows=write"}
    assert checkout.push(repository).returncode == 0
    github.settings.permissions = {"contents=write"}
    checkout.commit({"index.html": b"two"})
    assert checkout.push(repository).returncode == 0


# Pages


def test_a_site_shows_what_was_built(client: Github, checkout: Checkout, visitor: httpx.Client) -> None:
    repository = published(client, checkout)
    assert (latest(repository)["status"], latest(repository)["commit"]) == ("built", checkout.git("rev-parse", "HEAD"))
    assert visitor.get(site(repository)).content == PAGE["index.html"]


def test_each_push_is_built(github: FakeGitHub, client: Github, checkout: Checkout, visitor: httpx.Client) -> None:
    repository = published(client, checkout)
    sha = checkout.commit({"index.html": b"two"})
    checkout.push(repository)
    pages = github.repository("octocat", "sales").pages
    assert pages is not None
    assert [status for _, status in pages.builds] == ["built", "built"]
    assert latest(repository)["commit"] == sha
    assert visitor.get(site(repository)).text == "two"


def test_pages_can_be_turned_on_once_and_off(client: Github, checkout: Checkout, visitor: httpx.Client) -> None:
    repository = published(client, checkout)
    address = site(repository)
    with pytest.raises(GithubException) as refused:
        ask(repository, "POST", "/pages", MAIN)
    assert (refused.value.status, refused.value.message) == (409, "GitHub Pages is already enabled.")
    ask(repository, "DELETE", "/pages")
    assert visitor.get(address).status_code == 404
    with pytest.raises(UnknownObjectException):
        site(repository)


def test_pages_need_a_branch_a_plan_and_a_source(client: Github, checkout: Checkout) -> None:
    repository = create(client)
    with pytest.raises(GithubException, match="The main branch must exist before GitHub Pages can be built"):
        ask(repository, "POST", "/pages", MAIN)
    with pytest.raises(GithubException) as refused:
        ask(repository, "POST", "/pages", {})
    assert refused.value.status == 422
    checkout.commit(PAGE)
    checkout.push(repository)
    repository.edit(private=True)
    with pytest.raises(GithubException, match="Your current plan does not support GitHub Pages"):
        ask(repository, "POST", "/pages", MAIN)


def test_a_new_source_waits_for_a_build(client: Github, checkout: Checkout, visitor: httpx.Client) -> None:
    repository = published(client, checkout, {**PAGE, "docs/index.html": b"from docs", "docs/.nojekyll": b""})
    ask(repository, "PUT", "/pages", {"source": {"branch": "main", "path": "/docs"}})
    assert ask(repository, "GET", "/pages")["source"]["path"] == "/docs"
    assert visitor.get(site(repository)).content == PAGE["index.html"]
    ask(repository, "POST", "/pages/builds")
    assert visitor.get(site(repository)).text == "from docs"


def test_a_build_under_way_shows_nothing_new(
    github: FakeGitHub, client: Github, checkout: Checkout, visitor: httpx.Client
) -> None:
    repository = published(client, checkout)
    github.settings.build_seconds = LONG
    sha = checkout.commit({"index.html": b"two"})
    checkout.push(repository)
    assert (latest(repository)["status"], latest(repository)["commit"]) == ("queued", sha)
    assert ask(repository, "GET", "/pages")["status"] == "building"
    assert visitor.get(site(repository)).content == PAGE["index.html"]


def test_a_newer_push_takes_the_place_of_a_build(github: FakeGitHub, client: Github, checkout: Checkout) -> None:
    github.settings.build_seconds = LONG
    repository = published(client, checkout)
    github.settings.build_seconds = 0.0
    checkout.commit({"index.html": b"two"})
    checkout.push(repository)
    newest, oldest = ask(repository, "GET", "/pages/builds")
    assert (newest["status"], oldest["status"]) == ("built", "errored")
    assert "superseded" in oldest["error"]["message"]


def test_a_built_site_may_be_stale(
    github: FakeGitHub, client: Github, checkout: Checkout, visitor: httpx.Client
) -> None:
    repository = published(client, checkout)
    github.settings.stale_seconds = LONG
    checkout.commit({"index.html": b"two"})
    checkout.push(repository)
    assert latest(repository)["status"] == "built"
    assert visitor.get(site(repository)).content == PAGE["index.html"]


@pytest.mark.parametrize("is_cached", [True, False])
def test_a_failed_build_keeps_the_old_site(
    github: FakeGitHub, client: Github, checkout: Checkout, visitor: httpx.Client, is_cached: bool
) -> None:
    repository = published(client, checkout)
    github.fail_next_build("Deployment failed, try again later.", cached=is_cached)
    checkout.commit({"index.html": b"two"})
    checkout.push(repository)
    assert latest(repository)["status"] == "errored"
    assert latest(repository)["error"]["message"] == "Deployment failed, try again later."
    assert visitor.get(site(repository)).content == PAGE["index.html"]

    ask(repository, "POST", "/pages/builds")
    assert latest(repository)["status"] == ("errored" if is_cached else "built")
    checkout.commit({}, "empty")
    checkout.push(repository)
    assert latest(repository)["status"] == "built"
    assert visitor.get(site(repository)).text == "two"


def test_builds_of_an_hour_are_limited(github: FakeGitHub, client: Github, checkout: Checkout) -> None:
    github.settings.builds_per_hour = 1
    repository = published(client, checkout)
    ask(repository, "POST", "/pages/builds")
    assert latest(repository)["status"] == "errored"


def test_jekyll_drops_files_unless_it_is_off(client: Github, checkout: Checkout, visitor: httpx.Client) -> None:
    repository = published(client, checkout, {"index.html": b"one", "_data.json": b"{}", "a/_b/c.txt": b"c"})
    address = site(repository)
    assert visitor.get(address).status_code == 200
    assert [visitor.get(address + path).status_code for path in ("_data.json", "a/_b/c.txt")] == [404, 404]
    checkout.commit({".nojekyll": b""})
    checkout.push(repository)
    assert [visitor.get(address + path).status_code for path in ("_data.json", "a/_b/c.txt")] == [200, 200]


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("README.md", b"{% nonsense %}", "errored"),
        ("page.html", b"---\ntitle: x\n---\n{% nonsense %}", "errored"),
        ("page.html", b"{% nonsense %}", "built"),
        ("README.md", b"{% if a %}{% endif %}", "built"),
    ],
)
def test_jekyll_fails_on_unknown_liquid_tags(
    client: Github, checkout: Checkout, path: str, content: bytes, status: str
) -> None:
    repository = published(client, checkout, {"index.html": b"one", path: content})
    assert latest(repository)["status"] == status


def test_a_workflow_deploys_without_builds(client: Github, checkout: Checkout, visitor: httpx.Client) -> None:
    repository = create(client)
    checkout.commit({**PAGE, **DEPLOY})
    checkout.push(repository)
    ask(repository, "POST", "/pages", {"build_type": "workflow"})
    assert ask(repository, "GET", "/pages")["status"] is None
    assert visitor.get(site(repository)).content == PAGE["index.html"]
    for path in ("/pages/builds", "/pages/builds/latest"):
        with pytest.raises(UnknownObjectException):
            ask(repository, "GET", path)
    checkout.commit({"index.html": b"two"})
    checkout.push(repository)
    assert visitor.get(site(repository)).text == "two"


def test_a_workflow_site_without_a_workflow_stays_empty(
    client: Github, checkout: Checkout, visitor: httpx.Client
) -> None:
    repository = create(client)
    checkout.commit(PAGE)
    checkout.push(repository)
    ask(repository, "POST", "/pages", {"build_type": "workflow"})
    assert visitor.get(site(repository)).status_code == 404


def test_visitors_find_folders_types_and_the_apps_own_404_page(
    client: Github, checkout: Checkout, visitor: httpx.Client
) -> None:
    files = {"404.html": b"lost", "docs/index.html": b"docs", "about.html": b"about", "a b.json": b"{}", **PAGE}
    repository = published(client, checkout, files)
    address = site(repository)
    assert visitor.get(f"{address}docs/").text == "docs"
    assert visitor.get(f"{address}docs").headers["Location"] == "/pages/octocat/sales/docs/"
    assert visitor.get(address.rstrip("/")).status_code == 301
    assert visitor.get(f"{address}about").text == "about"
    assert visitor.get(f"{address}a%20b.json?v=1").headers["Content-Type"] == "application/json; charset=utf-8"
    assert visitor.get(address).headers["Cache-Control"] == "max-age=600"
    missing = visitor.get(f"{address}missing")
    assert (missing.status_code, missing.text) == (404, "lost")
    assert visitor.head(address).headers["Content-Length"] == str(len(PAGE["index.html"]))
    assert visitor.post(address).status_code == 405


# Limits and the log


def test_every_answer_tells_the_rate_limit_and_its_id(client: Github) -> None:
    repository = create(client)
    headers, _ = repository.requester.requestJsonAndCheck("GET", repository.url)
    assert headers["x-ratelimit-limit"] == "5000"
    assert headers["x-ratelimit-remaining"] == "4998"
    assert headers["x-github-request-id"]
    assert client.get_rate_limit().rate.remaining == 4998


def test_the_log_tells_the_kinds_apart_and_holds_no_token(
    github: FakeGitHub, client: Github, checkout: Checkout, visitor: httpx.Client
) -> None:
    repository = published(client, checkout)
    visitor.get(site(repository))
    assert [(logged.kind, logged.method, logged.status) for logged in github.log] == [
        ("api", "POST", 201),
        ("git", "GET", 200),
        ("git", "POST", 200),
        ("api", "POST", 201),
        ("api", "GET", 200),
        ("site", "GET", 200),
    ]
    assert github.log[0].body == {"name": "sales"}
    assert github.log[0].path == "/user/repos"
    assert [logged.has_credentials for logged in github.log] == [True] * 5 + [False]
    encoded = base64.b64encode(f"x-access-token:{github.token}".encode()).decode()
    assert github.token not in repr(github.log)
    assert encoded not in repr(github.log)


# Faults


def test_a_fault_meets_so_many_requests_of_its_sort(github: FakeGitHub, client: Github) -> None:
    github.add_fault(Fault(kind="api", method="POST", path="^/user/repos$", times=2, answer=bad_gateway()))
    assert client.get_user().login == "octocat"
    for _ in range(2):
        with pytest.raises(GithubException) as refused:
            create(client)
        assert refused.value.status == 502
    assert create(client).name == "sales"


def test_a_fault_without_a_number_stays_until_it_is_cleared(github: FakeGitHub, client: Github) -> None:
    github.add_fault(Fault(kind="api", path="/repos/", times=None, answer=bad_gateway()))
    create(client)
    for _ in range(3):
        with pytest.raises(GithubException) as refused:
            client.get_repo("octocat/sales")
        assert refused.value.status == 502
    github.clear_faults()
    assert client.get_repo("octocat/sales").name == "sales"


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_an_answer_is_lost_before_or_after_the_effect(
    github: FakeGitHub, client: Github, when: Any, count: int
) -> None:
    github.add_fault(Fault(kind="api", method="POST", path="/user/repos", when=when, answer=Drop()))
    with pytest.raises(requests.ConnectionError):
        create(client)
    assert len(github.repositories()) == count
    assert github.log[-1].status is None


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        (secondary_limit(), 403, RateLimitExceededException),
        (secondary_limit(7), 403, RateLimitExceededException),
        (primary_limit(), 403, RateLimitExceededException),
        (too_many_requests(), 429, GithubException),
        (too_many_requests(7), 429, GithubException),
    ],
)
def test_limits_are_told_apart_by_pygithub(
    github: FakeGitHub, client: Github, answer: Answer, status: int, kind: type[GithubException]
) -> None:
    github.add_fault(Fault(kind="api", answer=answer))
    with pytest.raises(kind) as refused:
        create(client)
    headers = refused.value.headers or {}
    assert refused.value.status == status
    assert headers.get("retry-after") == answer.headers.get("Retry-After")
    assert headers["x-ratelimit-remaining"] == answer.headers.get("X-RateLimit-Remaining", "5000")


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (secret_found("app.js", 3), ["remote: error: GH013", "path: app.js:3", "repository rule violations"]),
        (workflow_scope_missing(), ["refusing to allow a Personal Access Token", "`workflow` scope"]),
        (branch_protected(), ["remote: error: GH006", "protected branch hook declined"]),
    ],
)
def test_a_push_is_refused_in_gits_own_words(
    github: FakeGitHub, client: Github, checkout: Checkout, answer: PushRejected, shown: list[str]
) -> None:
    repository = create(client)
    sha = checkout.commit({"big.bin": os.urandom(2 * 1024 * 1024)})
    github.add_fault(Fault(kind="git", method="POST", path="git-receive-pack", answer=answer))
    refused = checkout.push(repository)
    assert refused.returncode == 1
    assert "! [remote rejected] main -> main" in refused.stderr
    assert all(part in refused.stderr for part in shown)
    assert ("GH013" in refused.stderr) == (sha in refused.stderr)
    assert github.repository("octocat", "sales").head() is None
    assert checkout.push(repository).returncode == 0


@pytest.mark.parametrize(("when", "is_there"), [("before", False), ("after", True)])
def test_a_push_fails_with_a_502_before_or_after_the_effect(
    github: FakeGitHub, client: Github, checkout: Checkout, when: Any, is_there: bool
) -> None:
    repository = create(client)
    sha = checkout.commit(PAGE)
    github.add_fault(Fault(kind="git", method="POST", path="git-receive-pack", when=when, answer=bad_gateway()))
    assert "502" in checkout.push(repository).stderr
    assert github.repository("octocat", "sales").head() == (sha if is_there else None)
    assert checkout.push(repository).returncode == 0
    assert len(github.repository("octocat", "sales").commits()) == 1


@pytest.mark.parametrize(("when", "is_there"), [("before", False), ("after", True)])
def test_a_push_is_cut_off_before_or_after_the_effect(
    github: FakeGitHub, client: Github, checkout: Checkout, when: Any, is_there: bool
) -> None:
    repository = create(client)
    checkout.commit(PAGE)
    github.add_fault(Fault(kind="git", method="POST", times=None, when=when, answer=Drop()))
    assert checkout.push(repository).returncode != 0
    assert (github.repository("octocat", "sales").head() is not None) == is_there


def test_git_sends_a_push_again_when_a_kept_connection_is_closed(
    github: FakeGitHub, client: Github, checkout: Checkout
) -> None:
    repository = create(client)
    checkout.commit(PAGE)
    github.add_fault(Fault(kind="git", method="POST", answer=Drop()))
    assert checkout.push(repository).returncode == 0
    assert [logged.status for logged in github.log if logged.method == "POST"] == [201, None, 200]


def test_a_push_hangs(github: FakeGitHub, client: Github, checkout: Checkout) -> None:
    repository = create(client)
    checkout.commit(PAGE)
    github.add_fault(Fault(kind="git", answer=Hang(LONG)))
    checkout.environment |= {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": "1"}
    assert "Operation too slow" in checkout.push(repository).stderr


def test_visitors_meet_faults_too(
    github: FakeGitHub, client: Github, checkout: Checkout, visitor: httpx.Client
) -> None:
    address = site(published(client, checkout))
    github.add_fault(Fault(kind="site", answer=Answer(403, headers={"X-Edge": "yes"}, text="blocked")))
    blocked = visitor.get(address)
    assert (blocked.status_code, blocked.text, blocked.headers["X-Edge"]) == (403, "blocked", "yes")
    assert visitor.get(address).status_code == 200


# Many at once, and the end


def test_sixteen_publishes_at_once_are_not_mixed_up(github: FakeGitHub, tmp_path: Path, visitor: httpx.Client) -> None:
    def publish(number: int) -> tuple[int, str, str]:
        client = connect(github)
        repository = create(client, f"site-{number}")
        checkout = Checkout(github, tmp_path / f"checkout-{number}")
        sha = checkout.commit({"index.html": b"site %d" % number})
        assert checkout.push(repository).returncode == 0
        address = ask(repository, "POST", "/pages", MAIN)["html_url"]
        client.close()
        return number, sha, address

    with ThreadPoolExecutor(16) as threads:
        done = list(threads.map(publish, range(16)))
    for number, sha, address in done:
        stored = github.repository("octocat", f"site-{number}")
        assert stored.pages is not None
        assert (stored.head(), stored.pages.builds) == (sha, [(sha, "built")])
        assert visitor.get(address).text == f"site {number}"


def test_stopping_ends_open_connections_and_threads(tmp_path: Path) -> None:
    before = threading.active_count()
    with FakeGitHub(tmp_path) as github:
        port = int(github.url.rpartition(":")[2])
        github.add_fault(Fault(kind="api", answer=Hang(LONG)))
        waiting = socket.create_connection(("127.0.0.1", port))
        waiting.sendall(b"GET /api/v3/user HTTP/1.1\r\nHost: here\r\n\r\n")
        idle = socket.create_connection(("127.0.0.1", port))
        while threading.active_count() < before + 3:
            time.sleep(0.01)
        began = time.monotonic()
    assert time.monotonic() - began < SOCKET_SECONDS  # it did not wait for the connections' own limit
    assert [connection.recv(1) for connection in (waiting, idle)] == [b"", b""]
    assert threading.active_count() == before
    waiting.close()
    idle.close()
