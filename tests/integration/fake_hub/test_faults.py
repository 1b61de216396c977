import threading
import time

import httpx
import pytest

from tests.fakes.hub import Answer, Drop, FakeHub, Fault, Hang, too_many_requests
from tests.integration.fake_hub.rig import SPACE, STUCK_SECONDS, commit_request, create_request, file_line


def test_a_fault_before_has_no_effect_and_ends_after_its_times(hub: FakeHub, client: httpx.Client) -> None:
    hub.add_fault(Fault("POST", "/repos/create$", answer=too_many_requests(7)))
    limited = create_request(client)
    assert (limited.status_code, limited.headers["RateLimit"]) == (429, '"api";r=0;t=7')
    assert hub.spaces == {}
    assert create_request(client).status_code == 200


def test_a_fault_after_has_its_effect(hub: FakeHub, client: httpx.Client) -> None:
    hub.add_fault(Fault("POST", "/repos/create", when="after", answer=Answer(500)))
    assert create_request(client).status_code == 500
    assert hub.spaces.keys() == {SPACE}
    hub.add_fault(Fault("POST", "/commit/", when="after", answer=Drop()))
    with pytest.raises(httpx.RemoteProtocolError):
        commit_request(client, file_line("a.txt", b"a"))
    assert "a.txt" in hub.spaces[SPACE].files()


def test_a_fault_can_last(hub: FakeHub, client: httpx.Client) -> None:
    hub.create(SPACE, "static")
    hub.add_fault(Fault("*", "/runtime", times=None, answer=Answer(503, headers={"Retry-After": "3"})))
    answers = [client.get(f"/api/spaces/{SPACE}/runtime") for _ in range(3)]
    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in answers] == [(503, "3")] * 3


def test_a_hanging_hub_can_be_stopped(client: httpx.Client) -> None:
    def ask(endpoint: str) -> None:
        with pytest.raises(httpx.TransportError):
            client.get(f"{endpoint}/api/whoami-v2", timeout=STUCK_SECONDS)

    with FakeHub() as hub:
        hub.add_fault(Fault("GET", "/api/whoami-v2", answer=Hang(3600)))
        asking = threading.Thread(target=ask, args=[hub.endpoint])
        asking.start()
        until = time.monotonic() + STUCK_SECONDS
        while not hub.calls("GET") and time.monotonic() < until:
            time.sleep(0.01)
    asking.join(STUCK_SECONDS)
    assert not asking.is_alive()


def test_the_log_holds_bodies_statuses_and_tokens(hub: FakeHub, client: httpx.Client) -> None:
    hub.create(SPACE, "static")
    client.post(f"/api/spaces/{SPACE}/secrets?x=1", json={"key": "KEY", "value": "made-up"})
    commit_request(client, file_line("a.txt", b"a"))
    hub.add_fault(Fault("GET", "."))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/api/whoami-v2")
    [secret] = hub.calls("POST", r"/secrets\?x=1$")
    assert (secret.status, secret.body, secret.token) == (200, {"key": "KEY", "value": "made-up"}, hub.token)
    [commit] = hub.calls("*", "/commit/main")
    assert [line["key"] for line in commit.body] == ["header", "file"]
    assert [entry.status for entry in hub.calls("GET")] == [None]
