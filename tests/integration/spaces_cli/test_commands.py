"""``pipeline spaces`` against the fake Hub, in the test's own process."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.command_line import spaces
from tests.fakes.hub import Answer, FakeHub, Fault, Setting, Space, too_many_requests
from tests.integration.space_functions import APP, FUNCTIONS, ID, VALUE, prepare, state_of

COMMANDS = dict(FUNCTIONS["commands"])


@pytest.mark.parametrize("is_json", [False, True])
@pytest.mark.parametrize("name", COMMANDS)
def test_every_function_has_a_command_that_does_it(
    hub: FakeHub, space: Space, monkeypatch: pytest.MonkeyPatch, name: str, is_json: bool
) -> None:
    prepare(space)
    monkeypatch.setenv("API_KEY", VALUE)
    command, *arguments = COMMANDS[name]["typed"].replace(" ID", f" {ID}").split()
    ended = spaces(command, *(["--json"] if is_json else []), *arguments, ends_with=0)
    assert {field: state_of(space)[field] for field in COMMANDS[name]["then"]} == COMMANDS[name]["then"]
    assert VALUE not in ended.stdout + ended.stderr
    assert not [entry for entry in hub.log if entry.status is None or entry.status >= 400]
    if is_json:
        assert isinstance(ended.document, dict)


def test_delete_asks_and_does_nothing_without_a_yes(hub: FakeHub) -> None:
    for answer in ("n\n", "", "\n"):
        ended = spaces("delete", ID, stdin=answer, ends_with=1)
        assert ID in ended.stderr
    assert not hub.calls("DELETE")


@pytest.mark.parametrize(("options", "answer"), [((), "y\n"), (("--yes",), ""), (("--yes", "--json"), "")])
def test_delete_deletes_after_a_yes(hub: FakeHub, options: tuple[str, ...], answer: str) -> None:
    ended = spaces("delete", ID, *options, stdin=answer, ends_with=0)
    assert ID not in hub.spaces
    if "--json" in options:
        assert ended.document == {"ok": True, "space_id": ID, "deleted": True}


def test_delete_tells_a_wrong_name_before_it_asks(hub: FakeHub) -> None:
    ended = spaces("delete", "deployer/tide", stdin="y\n", ends_with=1)
    assert ID in ended.stderr
    assert "for good" not in ended.stderr
    assert not hub.calls("DELETE")


def test_info_shows_address_stage_and_hardware(space: Space) -> None:
    ended = spaces("info", ID)
    for part in (ID, space.host, space.head, "RUNNING", "the app is live", "cpu-upgrade", "public"):
        assert part in ended.stdout


def test_json_is_what_http_answers(space: Space) -> None:
    document = spaces("info", ID, "--json").document
    assert (document["space_id"], document["host"], document["runtime"]["stage"]) == (ID, space.host, "RUNNING")
    document = spaces("variables", ID, "--set", "A=1", "--json").document
    assert (document["ok"], document["restarts"], document["changed"]) == (True, True, ["variable A"])


@pytest.mark.usefixtures("hub")
def test_a_change_says_that_a_running_app_restarts() -> None:
    ended = spaces("variables", ID, "--set", "A=1")
    assert "restarts    yes" in ended.stdout
    assert "Warning: the app was running" in ended.stderr


def test_storage_is_told_to_be_gone(hub: FakeHub) -> None:
    ended = spaces("storage", ID, "small", "--json", ends_with=2)
    assert "volumes" in ended.document["error"]
    assert hub.log == []


def test_a_log_is_shown_line_by_line(space: Space) -> None:
    space.start()
    space.add_log("run", "serving \x1b[31mtides")
    space.add_log("build", "step 1")
    assert spaces("logs", ID).stdout.splitlines()[-1] == "serving tides"
    assert spaces("logs", ID, "--build").stdout.splitlines()[-1] == "step 1"
    document = spaces("logs", ID, "--json").document
    assert (document["log"], document["lines"][-1]["text"]) == ("run", "serving tides")
    assert spaces("logs", ID, "--follow", "--json").code == 2


def test_following_a_log_ends_with_its_time(hub: FakeHub, space: Space) -> None:
    hub.log_stream_seconds = None
    space.start()
    ended = spaces("logs", ID, "--follow", "--timeout", "1", ends_with=0)
    assert "Application Startup" in ended.stdout


@pytest.mark.parametrize("arguments", [("info", ID), ("create", "."), ("restart", ID)])
def test_without_a_token_the_configuration_is_wrong(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "index.html").write_text("x")
    monkeypatch.delenv("HF_TOKEN")
    ended = spaces(*arguments, "--json", ends_with=3)
    assert "HF_TOKEN" in ended.document["error"]
    assert hub.log == []


@pytest.mark.usefixtures("hub")
def test_a_token_that_the_hub_does_not_know_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "hf_" + "nobodysTokenAtAll"
    monkeypatch.setenv("HF_TOKEN", token)
    ended = spaces("restart", ID, ends_with=1)
    assert "does not accept the token" in ended.stderr
    assert token not in ended.stderr


def test_the_json_of_a_refusal_is_that_of_http(space: Space) -> None:
    space.secrets["A"] = Setting("1")
    document: Any = spaces("variables", ID, "--set", "A=1", "--json").document
    assert (document["ok"], [each["field"] for each in document["fields"]]) == (False, ["variables"])


# Where the values of variables, secrets and volumes come from


def test_secrets_come_from_a_file_standard_input_and_the_environment(
    space: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secrets.env").write_text(f"# ours\nONE='{VALUE}1'\nexport TWO={VALUE}2\n")
    monkeypatch.setenv("THREE", f"{VALUE}3")
    outputs = [
        spaces("secrets", ID, "--env-file", "secrets.env", "--from-env", "THREE"),
        spaces("secrets", ID, "--env-file", "-", stdin=f"FOUR={VALUE}4\n"),
        spaces("secrets", ID, "--stdin", "FIVE", stdin=f"{VALUE}\n5\n"),
        spaces("secrets", ID),
    ]
    values = {"ONE": "1", "TWO": "2", "THREE": "3", "FOUR": "4", "FIVE": "\n5"}
    assert {key: each.value for key, each in space.secrets.items()} == {key: VALUE + end for key, end in values.items()}
    assert [ended.code for ended in outputs] == [0, 0, 0, 0]
    assert VALUE not in "".join(ended.stdout + ended.stderr for ended in outputs)
    assert "FIVE" in outputs[-1].stdout


def test_variables_come_from_pairs_and_files(space: Space, tmp_path: Path) -> None:
    (tmp_path / "app.env").write_text("LEVEL=1\nTEAM=a\n")
    assert spaces("variables", ID, "--file", "app.env", "--set", "LEVEL=a=b").code == 0
    assert {key: each.value for key, each in space.variables.items()} == {"LEVEL": "a=b", "TEAM": "a"}
    listed = spaces("variables", ID).stdout
    assert "LEVEL" in listed
    assert "a=b" in listed


def test_half_done_changes_are_told(hub: FakeHub, space: Space) -> None:
    hub.add_fault(Fault("POST", "/variables", times=1, when="after", answer=Answer(200, {})))
    hub.add_fault(Fault("POST", "/variables", times=1, answer=Answer(403, {"error": "no more"})))
    ended = spaces("variables", ID, *(f"--set={name}=1" for name in "ABC"), "--json", ends_with=1)
    assert ended.document["ok"] is False
    assert "changed before that: variable A; not changed: variable B, variable C" in ended.document["error"]
    assert set(space.variables) == {"A"}


def test_volumes_are_listed_and_unmounted(space: Space) -> None:
    spaces("volumes", ID, "--mount", "bucket:deployer/data:/data", "--mount", "dataset:deployer/set:/set")
    assert "deployer/set" in spaces("volumes", ID).stdout
    assert [each["mount_path"] for each in spaces("volumes", ID, "--json").document["volumes"]] == ["/data", "/set"]
    assert spaces("volumes", ID, "--unmount").code == 0
    assert space.volumes == []
    assert "no folder" in spaces("volumes", ID).stderr


# With --watch, and out of their sleep


@pytest.mark.parametrize("command", [("restart", ID), ("hardware", ID, "t4-small"), ("variables", ID, "--set", "A=1")])
def test_watching_ends_when_the_app_runs(hub: FakeHub, command: tuple[str, ...]) -> None:
    hub.script(ID, ["BUILDING", "BUILDING", "APP_STARTING", "RUNNING"])
    ended = spaces(*command, "--watch", ends_with=0)
    words = [line.split()[-1] for line in ended.stderr.splitlines()]
    assert [word for word in words if word in {"BUILDING", "APP_STARTING", "RUNNING"}] == [
        "BUILDING",
        "APP_STARTING",
        "RUNNING",
    ]
    assert "RUNNING (the app is live)" in ended.stdout


def test_watching_does_not_believe_the_stage_from_before_the_change(hub: FakeHub) -> None:
    hub.script(ID, ["RUNNING", "RUNNING", "BUILDING", "BUILD_ERROR"], error_message="pip failed")
    ended = spaces("restart", ID, "--watch", "--json", ends_with=1)
    assert (ended.document["ok"], ended.document["runtime"]["stage"]) == (False, "BUILD_ERROR")


def test_watching_ends_with_a_failure_when_the_app_breaks(hub: FakeHub) -> None:
    hub.script(ID, ["BUILDING", "BUILD_ERROR"], error_message="pip failed")
    ended = spaces("restart", ID, "--factory-reboot", "--watch", ends_with=1)
    assert "pip failed" in ended.stdout
    assert f"pipeline spaces logs {ID} --build" in ended.stderr


def test_watching_has_an_end(hub: FakeHub) -> None:
    hub.script(ID, ["BUILDING"])
    ended = spaces("restart", ID, "--watch", "--timeout", "60", ends_with=1)
    assert "is BUILDING after" in ended.stderr


def test_runtime_watches_a_build_that_is_under_way(hub: FakeHub, space: Space) -> None:
    hub.script(ID, ["BUILDING", "RUNNING"])
    space.start()
    assert spaces("runtime", ID, "--watch").code == 0
    space.settle("PAUSED")
    ended = spaces("runtime", ID, "--watch", ends_with=1)
    assert f"pipeline spaces wake {ID}" in ended.stderr


def test_watching_bears_a_hub_that_is_lost_for_a_while(hub: FakeHub) -> None:
    hub.add_fault(Fault("GET", "/runtime", times=5))
    assert spaces("runtime", ID, "--watch").code == 0
    hub.add_fault(Fault("GET", "/runtime", times=1, answer=too_many_requests(100)))
    assert spaces("runtime", ID, "--watch").code == 0


def test_several_are_woken_at_once_and_each_is_told(hub: FakeHub, space: Space) -> None:
    space.settle("PAUSED")
    hub.create("deployer/other", "gradio", APP)
    ended = spaces("wake", ID, "deployer/other", "deployer/missing", ends_with=1)
    assert "restarted" in ended.stdout
    assert "not resting" in ended.stdout
    assert "deployer/missing" in ended.stdout
    assert space.starts == 1


def test_several_that_rest_are_told_as_json(hub: FakeHub, space: Space) -> None:
    hub.create("deployer/other", "gradio", APP).settle("SLEEPING")
    space.settle("PAUSED")
    ended = spaces("wake", ID, "deployer/other", "--json", ends_with=0)
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
