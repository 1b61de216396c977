import threading
import time

import httpx
import pytest
from huggingface_hub import HfApi

from tests.fakes.hub import Answer, Drop, FakeHub, Fault, Hang, too_many_requests
from tests.integration.fake_hub import rig
from tests.integration.fake_hub.rig import CARD, SPACE, add, commit_request, create, create_request, file_line, push


def test_the_stage_moves_on_with_each_poll(hub: FakeHub, api: HfApi) -> None:
    create(api)
    assert api.get_space_runtime(SPACE).stage == "NO_APP_FILE"
    push(api, add("app.py", "1"))
    assert [api.get_space_runtime(SPACE).stage for _ in range(3)] == ["BUILDING", "RUNNING", "RUNNING"]
    hub.script(SPACE, ["BUILDING", "APP_STARTING", "RUNTIME_ERROR"], error_message="exit code 1")
    api.restart_space(SPACE)
    seen = [api.get_space_runtime(SPACE) for _ in range(4)]
    assert [runtime.stage for runtime in seen] == ["BUILDING", "APP_STARTING", "RUNTIME_ERROR", "RUNTIME_ERROR"]
    assert [runtime.raw.get("errorMessage") for runtime in seen] == [None, None, "exit code 1", "exit code 1"]


def test_scripts_for_some_starts_come_first_and_in_order(hub: FakeHub, api: HfApi) -> None:
    hub.script("*", ["BUILD_ERROR"])
    hub.script("*", ["RUNTIME_ERROR"])
    hub.script("*", ["SLEEPING"], times=1)
    hub.script(SPACE, ["STOPPED"], times=1)
    hub.create(SPACE, "gradio", {"app.py": "1"})
    assert [api.restart_space(SPACE).stage for _ in range(4)] == ["STOPPED", "SLEEPING", *["RUNTIME_ERROR"] * 2]


def test_time_can_move_the_stage_instead(hub: FakeHub, api: HfApi) -> None:
    hub.create(SPACE, "gradio", {"app.py": "1"})
    hub.script(SPACE, ["BUILDING", "RUNNING"], seconds_each=3600)
    assert [api.restart_space(SPACE).stage, api.get_space_runtime(SPACE).stage] == ["BUILDING"] * 2
    hub.script(SPACE, ["BUILDING", "RUNNING"], seconds_each=1e-9)
    assert api.restart_space(SPACE).stage == "RUNNING"


@pytest.mark.parametrize(
    ("readme", "stage"),
    [
        ("# No card", "CONFIG_ERROR"),
        ("---\ntitle: No sdk\n---\n", "CONFIG_ERROR"),
        (CARD.format(sdk="docker"), "NO_APP_FILE"),
        (CARD.format(sdk="static"), "NO_APP_FILE"),
        (CARD.format(sdk="gradio\napp_file: main.py"), "NO_APP_FILE"),
        (CARD.format(sdk="gradio"), "BUILDING"),
    ],
)
def test_card_and_entry_file_decide_whether_anything_is_built(
    api: HfApi, client: httpx.Client, readme: str, stage: str
) -> None:
    create(api)
    commit_request(client, file_line("README.md", readme.encode()), file_line("app.py", b"1"))
    assert api.get_space_runtime(SPACE).stage == stage


def test_a_name_for_a_secret_and_a_variable_is_a_configuration_error(api: HfApi) -> None:
    both = [{"key": "KEY", "value": "1"}]
    create(api, space_secrets=both, space_variables=both)
    push(api, add("app.py", "1"))
    runtime = api.get_space_runtime(SPACE)
    assert (runtime.stage, runtime.raw["errorMessage"]) == ("CONFIG_ERROR", "Collision on variables and secrets names")


def test_logs_are_those_of_the_script(hub: FakeHub, api: HfApi) -> None:
    hub.script("*", ["BUILD_ERROR"], build_log=["step 1", "no such package"], run_log=[])
    hub.create(SPACE, "gradio", {"app.py": "1"})
    api.restart_space(SPACE)
    assert list(api.fetch_space_logs(SPACE, build=True)) == ["step 1\n", "no such package\n"]
    assert list(api.fetch_space_logs(SPACE)) == []


def test_who_follows_a_log_gets_what_comes_later(hub: FakeHub, api: HfApi) -> None:
    hub.log_stream_seconds = None
    hub.script("*", ["RUNNING"], run_log=["first"])
    space = hub.create(SPACE, "gradio", {"app.py": "1"})
    api.restart_space(SPACE)
    lines = iter(api.fetch_space_logs(SPACE, follow=True))
    assert next(lines) == "first\n"
    space.add_log("run", "second")
    assert next(lines) == "second\n"
    space.start()
    assert list(lines) == []


def test_a_quiet_log_sends_signs_of_life(hub: FakeHub, client: httpx.Client) -> None:
    hub.create(SPACE, "gradio", {"app.py": "1"})
    assert client.get(f"/api/spaces/{SPACE}/logs/run").text.split("\n\n")[0] == "data:"


def test_static_apps_are_served_with_the_hubs_script(hub: FakeHub, api: HfApi, client: httpx.Client) -> None:
    page = "<!doctype html><HEAD lang=en><title>x</title></HEAD>"
    hub.create(SPACE, "static", {"index.html": page, "data/a.csv": "a\n"})
    host = api.space_info(SPACE).host or ""
    inserted = '<script>window.huggingface={"variables":{}};</script>'
    assert client.get(host).text == page.replace("lang=en>", f"lang=en>{inserted}")
    assert client.get(f"{host}/data/a.csv").text == "a\n"
    assert client.get(f"{host}/none.html").status_code == 404
    api.add_space_secret(SPACE, "KEY", "</script>")
    assert '{"KEY":"\\u003c/script>"}' in client.get(f"{host}/").text


def test_other_apps_answer_when_they_run_and_wake_when_they_sleep(hub: FakeHub, client: httpx.Client) -> None:
    space = hub.create(SPACE, "gradio", {"app.py": "1"})
    assert client.get(space.host).status_code == 200
    space.settle("SLEEPING")
    assert client.get(space.host).status_code == 503
    assert space.run.stage == "APP_STARTING"


def test_other_ways_to_the_host_agree(hub: FakeHub, client: httpx.Client) -> None:
    space = hub.create("deployer/My_Demo.2", "gradio", {"app.py": "1"})
    assert space.subdomain == "deployer-my-demo-2"
    assert client.get(f"/api/spaces/{space.id}/host").json() == {"host": space.host, "subdomain": space.subdomain}
    assert client.get(f"/api/spaces/by-subdomain/{space.subdomain}").json()["id"] == space.id
    assert client.get(f"/api/spaces/{space.id}/jwt").json()["token"]
    assert space.host in client.get(space.url).text


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
            client.get(f"{endpoint}/api/whoami-v2", timeout=rig.STUCK_SECONDS)

    with FakeHub() as hub:
        hub.add_fault(Fault("GET", "/api/whoami-v2", answer=Hang(3600)))
        asking = threading.Thread(target=ask, args=[hub.endpoint])
        asking.start()
        until = time.monotonic() + rig.STUCK_SECONDS
        while not hub.calls("GET") and time.monotonic() < until:
            time.sleep(0.01)
    asking.join(rig.STUCK_SECONDS)
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
