"""``pipeline spaces`` with --watch, and out of their sleep."""

import pytest

from tests.fakes.hub import FakeHub, Fault, Space, too_many_requests
from tests.integration.spaces_cli.rig import APP, ID, spaces


@pytest.mark.parametrize("command", [("restart", ID), ("hardware", ID, "t4-small"), ("variables", ID, "--set", "A=1")])
def test_watching_ends_when_the_app_runs(hub: FakeHub, command: tuple[str, ...]) -> None:
    hub.script(ID, ["BUILDING", "BUILDING", "APP_STARTING", "RUNNING"])
    ended = spaces(*command, "--watch")
    assert ended.code == 0, ended.stderr
    words = [line.split()[-1] for line in ended.stderr.splitlines()]
    assert [word for word in words if word in {"BUILDING", "APP_STARTING", "RUNNING"}] == [
        "BUILDING",
        "APP_STARTING",
        "RUNNING",
    ]
    assert "RUNNING (the app is live)" in ended.stdout


def test_watching_does_not_believe_the_stage_from_before_the_change(hub: FakeHub) -> None:
    hub.script(ID, ["RUNNING", "RUNNING", "BUILDING", "BUILD_ERROR"], error_message="pip failed")
    ended = spaces("restart", ID, "--watch", "--json")
    assert ended.code == 1
    assert (ended.document["ok"], ended.document["runtime"]["stage"]) == (False, "BUILD_ERROR")


def test_watching_ends_with_a_failure_when_the_app_breaks(hub: FakeHub) -> None:
    hub.script(ID, ["BUILDING", "BUILD_ERROR"], error_message="pip failed")
    ended = spaces("restart", ID, "--factory-reboot", "--watch")
    assert ended.code == 1
    assert "pip failed" in ended.stdout
    assert f"pipeline spaces logs {ID} --build" in ended.stderr


def test_watching_has_an_end(hub: FakeHub) -> None:
    hub.script(ID, ["BUILDING"])
    ended = spaces("restart", ID, "--watch", "--timeout", "60")
    assert ended.code == 1
    assert "is BUILDING after" in ended.stderr


def test_runtime_watches_a_build_that_is_under_way(hub: FakeHub, space: Space) -> None:
    hub.script(ID, ["BUILDING", "RUNNING"])
    space.start()
    assert spaces("runtime", ID, "--watch").code == 0
    space.settle("PAUSED")
    ended = spaces("runtime", ID, "--watch")
    assert ended.code == 1
    assert f"pipeline spaces wake {ID}" in ended.stderr


def test_watching_bears_a_hub_that_is_lost_for_a_while(hub: FakeHub) -> None:
    hub.add_fault(Fault("GET", "/runtime", times=5))
    assert spaces("runtime", ID, "--watch").code == 0
    hub.add_fault(Fault("GET", "/runtime", times=1, answer=too_many_requests(100)))
    assert spaces("runtime", ID, "--watch").code == 0


def test_several_are_woken_at_once_and_each_is_told(hub: FakeHub, space: Space) -> None:
    space.settle("PAUSED")
    hub.create("deployer/other", "gradio", APP)
    ended = spaces("wake", ID, "deployer/other", "deployer/missing")
    assert ended.code == 1
    assert "restarted" in ended.stdout
    assert "not resting" in ended.stdout
    assert "deployer/missing" in ended.stdout
    assert space.starts == 1


def test_several_that_rest_are_told_as_json(hub: FakeHub, space: Space) -> None:
    hub.create("deployer/other", "gradio", APP).settle("SLEEPING")
    space.settle("PAUSED")
    ended = spaces("wake", ID, "deployer/other", "--json")
    assert ended.code == 0
    assert [each["restarted"] for each in ended.document["spaces"]] == [True, True]


@pytest.mark.parametrize("ids", [("no-owner",), (ID, "no-owner")])
def test_what_names_no_space_is_not_asked_for(hub: FakeHub, ids: tuple[str, ...]) -> None:
    assert spaces("wake", *ids).code == 2
    assert hub.log == []


@pytest.mark.parametrize("stage", ["PAUSED", "SLEEPING", "STOPPED"])
def test_wake_restarts_what_rests_and_waits_for_it(space: Space, stage: str) -> None:
    space.settle(stage)
    ended = spaces("wake", ID, "--watch", "--json")
    assert (ended.code, ended.document["restarts"], ended.document["runtime"]["stage"]) == (0, True, "RUNNING")
