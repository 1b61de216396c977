import base64
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from tests.fakes.github import FakeGitHub, Fault, Hang
from tests.fakes.http_server import SOCKET_SECONDS
from tests.integration.fake_github.rig import LONG, MAIN, Checkout, Octocat, ask, connect, site


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
