"""``pipeline spaces`` for people at a terminal: lists, words for numbers, values that nobody sees, logs of failures."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.fakes.command_line import spaces
from tests.fakes.hub import FakeHub, Space
from tests.integration.space_functions import ID, VALUE


def test_spaces_are_listed_with_how_they_do(hub: FakeHub) -> None:
    hub.create("deployer/second", "static", {"index.html": "x"})
    hub.create("other/third", "static", {"index.html": "x"})
    shown = spaces("list")
    assert shown.code == 0
    rows = [line.split() for line in shown.stdout.splitlines()]
    assert [row[0] for row in rows if row and "/" in row[0]] == ["deployer/second", ID]
    assert "RUNNING" in shown.stdout
    document = spaces("list", "other", "--json").document
    assert (document["owner"], [space["space_id"] for space in document["spaces"]]) == ("other", ["other/third"])
    assert "has no Space" in spaces("list", "nobody-at-all").stderr


def test_a_space_never_sleeps_when_told_so_in_words(hub: FakeHub) -> None:
    assert spaces("sleep-time", ID, "never").code == 0
    assert "never" in spaces("runtime", ID).stdout
    assert spaces("sleep-time", ID, "3600").code == 0
    assert spaces("runtime", ID, "--json").document["sleep_time"] == 3600
    assert hub.calls("POST", "/sleeptime")


def test_the_value_of_a_secret_is_a_line_of_what_is_piped(hub: FakeHub, space: Space) -> None:
    ended = spaces("secrets", ID, "--set", "FIRST", "--set", "SECOND", stdin=f"{VALUE}\nother\n")
    assert ended.code == 0, ended.stderr
    assert {key: space.secrets[key].value for key in space.secrets} == {"FIRST": VALUE, "SECOND": "other"}
    assert VALUE not in ended.stdout + ended.stderr
    for arguments in (("--set", "A"), ("--set", "A", "--stdin", "B"), ("--set", "A", "--env-file", "-")):
        assert spaces("secrets", ID, *arguments, stdin="").code == 2
    assert hub.spaces[ID] is space


def test_at_a_terminal_the_value_of_a_secret_is_asked_for_unseen(
    hub: FakeHub, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return VALUE

    monkeypatch.setattr("pipeline.cli.spaces.inputs.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr("pipeline.cli.spaces.inputs.getpass", answer)
    assert spaces("secrets", ID, "--set", "FIRST").code == 0
    assert asked == ["FIRST: "]
    assert space.secrets["FIRST"].value == VALUE
    assert hub.spaces[ID] is space


def test_a_build_that_fails_ends_with_the_end_of_its_log(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "app.py").write_text("import gradio\n")
    hub.script("*", ["BUILDING", "BUILD_ERROR"], error_message="pip failed")
    ended = spaces("create", "app", "--watch")
    assert ended.code == 1
    assert "is in stage BUILD_ERROR: pip failed" in ended.stderr
    assert "End of the build log:" in ended.stderr
    assert "--build` shows the whole log" in ended.stderr
