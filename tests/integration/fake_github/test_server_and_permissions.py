import base64
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from github import BadCredentialsException, GithubException, UnknownObjectException

from tests.fakes.github import FakeGitHub, Fault, Hang
from tests.fakes.http_server import SOCKET_SECONDS
from tests.integration.fake_github.rig import DEPLOY, LONG, MAIN, PAGE, Checkout, Octocat, ask, connect, site


def test_every_answer_tells_the_rate_limit_and_its_id(octocat: Octocat) -> None:
    repository = octocat.create()
    headers, _ = repository.requester.requestJsonAndCheck("GET", repository.url)
    assert headers["x-ratelimit-limit"] == "5000"
    assert headers["x-ratelimit-remaining"] == "4998"
    assert headers["x-github-request-id"]
    assert octocat.client.get_rate_limit().rate.remaining == 4998


def test_the_log_tells_the_kinds_apart_and_holds_no_token(octocat: Octocat) -> None:
    repository = octocat.publish()
    octocat.visitor.get(site(repository))
    assert [(logged.kind, logged.method, logged.status) for logged in octocat.github.log] == [
        ("api", "POST", 201),
        ("git", "GET", 200),
        ("git", "POST", 200),
        ("api", "POST", 201),
        ("api", "GET", 200),
        ("site", "GET", 200),
    ]
    assert octocat.github.log[0].body == {"name": "sales"}
    assert octocat.github.log[0].path == "/user/repos"
    assert [logged.has_credentials for logged in octocat.github.log] == [True] * 5 + [False]
    encoded = base64.b64encode(f"x-access-token:{octocat.github.token}".encode()).decode()
    assert octocat.github.token not in repr(octocat.github.log)
    assert encoded not in repr(octocat.github.log)


def test_sixteen_publishes_at_once_are_not_mixed_up(octocat: Octocat, tmp_path: Path) -> None:
    def publish(number: int) -> tuple[int, str, str]:
        checkout = Checkout(octocat.github, tmp_path / f"checkout-{number}")
        user = replace(octocat, client=connect(octocat.github), checkout=checkout)
        repository = user.create(f"site-{number}")
        sha = user.update(repository, {"index.html": b"site %d" % number})
        address = ask(repository, "POST", "/pages", MAIN)["html_url"]
        user.client.close()
        return number, sha, address

    with ThreadPoolExecutor(16) as threads:
        done = list(threads.map(publish, range(16)))
    for number, sha, address in done:
        stored = octocat.github.repository("octocat", f"site-{number}")
        assert stored.pages is not None
        assert (stored.head(), stored.pages.builds) == (sha, [(sha, "built")])
        assert octocat.visitor.get(address).text == f"site {number}"


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


def test_another_token_is_refused_everywhere(octocat: Octocat, tmp_path: Path) -> None:
    repository = octocat.create()
    stranger = connect(octocat.github, token="ghp_wrong")
    with pytest.raises(BadCredentialsException, match="Bad credentials"):
        stranger.get_repo("octocat/sales")
    stranger.close()
    checkout = Checkout(octocat.github, tmp_path / "stranger", token="ghp_wrong")
    checkout.commit(PAGE)
    assert "could not read Username" in checkout.push(repository).stderr
    assert octocat.github.repository("octocat", "sales").head() is None


def test_other_peoples_repositories_are_read_only(octocat: Octocat) -> None:
    octocat.github.create("hubot", "sales", "theirs", files=PAGE)
    repository = octocat.client.get_repo("hubot/sales")
    assert repository.get_branch("main").commit.sha == octocat.github.repository("hubot", "sales").head()
    with pytest.raises(GithubException, match="Must have admin rights"):
        repository.edit(description="ours")
    with pytest.raises(UnknownObjectException):
        ask(repository, "POST", "/pages", MAIN)
    octocat.checkout.commit(PAGE)
    assert "Permission to hubot/sales.git denied to octocat." in octocat.checkout.push(repository).stderr


def test_other_peoples_private_repositories_are_not_there(octocat: Octocat) -> None:
    octocat.github.create("hubot", "secret", private=True)
    with pytest.raises(UnknownObjectException):
        octocat.client.get_repo("hubot/secret")


@pytest.mark.parametrize(
    ("granted", "path", "missing"),
    [
        ({"contents=write", "pages=write"}, "/user/repos", "administration=write"),
        ({"administration=write"}, "/repos/octocat/sales/pages", "pages=write,administration=write"),
        ({"administration=write"}, "/repos/octocat/sales/pages/builds", "pages=write"),
    ],
)
def test_a_fine_grained_token_is_told_what_it_lacks(
    octocat: Octocat, granted: set[str], path: str, missing: str
) -> None:
    octocat.github.create("octocat", "sales", files=PAGE)
    octocat.github.settings.permissions = granted
    with pytest.raises(GithubException) as refused:
        octocat.client.requester.requestJsonAndCheck("POST", path, input={"name": "other", **MAIN})
    assert refused.value.status == 403
    assert refused.value.message == "Resource not accessible by personal access token"
    assert (refused.value.headers or {})["x-accepted-github-permissions"] == missing


def test_pushing_needs_permissions_of_its_own(octocat: Octocat) -> None:
    repository = octocat.create()
    octocat.checkout.commit(PAGE)
    octocat.github.settings.permissions = set()
    assert "The requested URL returned error: 403" in octocat.checkout.push(repository).stderr
    octocat.github.settings.permissions = {"contents=write"}
    assert octocat.checkout.push(repository).returncode == 0


def test_workflow_files_need_a_permission(octocat: Octocat) -> None:
    repository = octocat.create()
    octocat.checkout.commit({**PAGE, **DEPLOY})
    octocat.github.settings.permissions = {"contents=write"}
    refused = octocat.checkout.push(repository)
    assert refused.returncode == 1
    assert "workflow `.github/workflows/pages.yml` without `workflow` scope" in refused.stderr
    assert octocat.github.repository("octocat", "sales").head() is None

    octocat.github.settings.permissions = {"contents=write", "workflows=write"}
    assert octocat.checkout.push(repository).returncode == 0
    octocat.github.settings.permissions = {"contents=write"}
    octocat.checkout.commit({"index.html": b"two"})
    assert octocat.checkout.push(repository).returncode == 0
