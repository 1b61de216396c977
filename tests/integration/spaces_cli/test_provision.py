"""``pipeline spaces provision`` against the fake Hub."""

from pathlib import Path

import pytest

from tests.fakes.command_line import Ended
from tests.fakes.hub import Answer, FakeHub, Fault
from tests.integration.spaces_cli.rig import APP, VALUE, spaces

CSV = f"name,variable:TEAM,secret:KEY\nteam-a,a,{VALUE}\nteam-b,b,{VALUE}\n"
TEMPLATE = "deployer/template"


@pytest.fixture(autouse=True)
def _template_and_list(hub: FakeHub, tmp_path: Path) -> None:
    hub.create(TEMPLATE, files=APP)
    (tmp_path / "teams.csv").write_text(CSV, encoding="utf-8")


def provision(*arguments: str) -> Ended:
    ended = spaces("provision", *arguments)
    assert VALUE not in ended.stdout + ended.stderr
    return ended


def test_every_space_is_made_and_a_second_run_changes_nothing(hub: FakeHub) -> None:
    ended = provision("teams.csv", "--template", TEMPLATE)
    assert ended.code == 0
    assert "deployer/team-a" in ended.stdout
    assert "created" in ended.stdout
    assert "deployer/team-b: created" in ended.stderr
    assert hub.spaces["deployer/team-b"].secrets["KEY"].value == VALUE
    document = provision("teams.csv", "--template", TEMPLATE, "--json").document
    assert [space["action"] for space in document["spaces"]] == ["unchanged"] * 2
    assert len(hub.calls("POST", "/duplicate")) == 2


def test_a_folder_is_a_template_as_well(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "app.py").write_text("import gradio as gr\n", encoding="utf-8")
    assert provision("teams.csv", "--template", "app").code == 0
    assert b"import gradio" in hub.spaces["deployer/team-a"].files()["app.py"]


def test_a_dry_run_shows_the_plan_and_changes_nothing(hub: FakeHub) -> None:
    ended = provision("teams.csv", "--template", TEMPLATE, "--dry-run")
    assert ended.code == 0
    assert "would be created" in ended.stdout
    assert "nothing is changed" in ended.stderr
    assert {call.method for call in hub.log} == {"GET"}


def test_common_secrets_come_from_an_env_file(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "common.env").write_text(f"COMMON={VALUE}\nKEY=another\n", encoding="utf-8")
    assert provision("teams.csv", "--template", TEMPLATE, "--env-file", "common.env").code == 0
    values = {key: secret.value for key, secret in hub.spaces["deployer/team-a"].secrets.items()}
    assert values == {"COMMON": VALUE, "KEY": VALUE}


def test_a_space_that_fails_is_named_and_the_exit_code_is_1(hub: FakeHub) -> None:
    hub.add_fault(Fault("POST", "/duplicate", answer=Answer(402, {"error": "Subscribe to PRO"})))
    ended = provision("teams.csv", "--template", TEMPLATE)
    assert ended.code == 1
    assert "the Hub wants a paid plan" in ended.stderr
    assert "1 of 2 Spaces failed" in ended.stderr


def test_what_is_wrong_with_the_file_ends_with_2(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("name\ntwo words\n", encoding="utf-8")
    ended = provision("bad.csv", "--template", TEMPLATE)
    assert ended.code == 2
    assert "spaces[0].name" in ended.stderr
    assert provision("teams.csv").code == 2
    assert hub.log == []


def test_without_a_token_the_exit_code_is_3(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    ended = provision("teams.csv", "--template", TEMPLATE)
    assert ended.code == 3
    assert "HF_TOKEN" in ended.stderr
    assert hub.log == []
