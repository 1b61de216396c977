"""``pipeline spaces`` against the fake Hub, in the test's own process."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.hub import FakeHub, Setting, Space
from tests.integration.space_functions import FUNCTIONS, prepare, state_of
from tests.integration.spaces_cli.rig import ID, VALUE, spaces

COMMANDS = dict(FUNCTIONS["commands"])


@pytest.mark.parametrize("is_json", [False, True])
@pytest.mark.parametrize("name", COMMANDS)
def test_every_function_has_a_command_that_does_it(
    hub: FakeHub, space: Space, monkeypatch: pytest.MonkeyPatch, name: str, is_json: bool
) -> None:
    prepare(space)
    monkeypatch.setenv("API_KEY", VALUE)
    command, *arguments = COMMANDS[name]["typed"].replace(" ID", f" {ID}").split()
    ended = spaces(command, *(["--json"] if is_json else []), *arguments)
    assert ended.code == 0, ended.stderr
    assert {field: state_of(space)[field] for field in COMMANDS[name]["then"]} == COMMANDS[name]["then"]
    assert VALUE not in ended.stdout + ended.stderr
    assert not [entry for entry in hub.log if entry.status is None or entry.status >= 400]
    if is_json:
        assert isinstance(ended.document, dict)


def test_delete_asks_and_does_nothing_without_a_yes(hub: FakeHub) -> None:
    for answer in ("n\n", "", "\n"):
        ended = spaces("delete", ID, stdin=answer)
        assert ended.code == 1
        assert ID in ended.stderr
    assert not hub.calls("DELETE")


@pytest.mark.parametrize(("options", "answer"), [((), "y\n"), (("--yes",), ""), (("--yes", "--json"), "")])
def test_delete_deletes_after_a_yes(hub: FakeHub, options: tuple[str, ...], answer: str) -> None:
    ended = spaces("delete", ID, *options, stdin=answer)
    assert ended.code == 0
    assert ID not in hub.spaces
    if "--json" in options:
        assert ended.document == {"ok": True, "space_id": ID, "deleted": True}


def test_delete_tells_a_wrong_name_before_it_asks(hub: FakeHub) -> None:
    ended = spaces("delete", "deployer/tide", stdin="y\n")
    assert ended.code == 1
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
    ended = spaces("storage", ID, "small", "--json")
    assert ended.code == 2
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
    ended = spaces("logs", ID, "--follow", "--timeout", "1")
    assert ended.code == 0
    assert "Application Startup" in ended.stdout


@pytest.mark.parametrize("arguments", [("info", ID), ("create", "."), ("restart", ID)])
def test_without_a_token_the_configuration_is_wrong(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "index.html").write_text("x")
    monkeypatch.delenv("HF_TOKEN")
    ended = spaces(*arguments, "--json")
    assert ended.code == 3
    assert "HF_TOKEN" in ended.document["error"]
    assert hub.log == []


@pytest.mark.usefixtures("hub")
def test_a_token_that_the_hub_does_not_know_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "hf_" + "nobodysTokenAtAll"
    monkeypatch.setenv("HF_TOKEN", token)
    ended = spaces("restart", ID)
    assert ended.code == 1
    assert "does not accept the token" in ended.stderr
    assert token not in ended.stderr


def test_the_json_of_a_refusal_is_that_of_http(space: Space) -> None:
    space.secrets["A"] = Setting("1")
    document: Any = spaces("variables", ID, "--set", "A=1", "--json").document
    assert (document["ok"], [each["field"] for each in document["fields"]]) == (False, ["variables"])
