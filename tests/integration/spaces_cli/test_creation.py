"""``pipeline spaces`` create, duplicate, upload and provision."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.command_line import Ended, spaces
from tests.fakes.hub import Answer, FakeHub, Fault, Setting, Space
from tests.integration.space_functions import APP, ID, VALUE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "img").mkdir(parents=True)
    (folder / "index.html").write_text("<title>Tides</title>")
    (folder / "img" / "dot.gif").write_bytes(b"GIF89a\x01")
    (folder / ".env").write_text(f"KEY={VALUE}\n")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    (folder / "link").symlink_to(tmp_path)
    return folder


def test_a_copy_gets_the_secrets_that_are_given_and_is_told_of_the_others(
    hub: FakeHub, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", VALUE)
    space.secrets |= {"KEY": Setting("1"), "OTHER": Setting("2")}
    ended = spaces("duplicate", ID, "copy", "--from-env", "KEY", "--set", "TEAM=a", "--private", "--watch")
    copy = hub.spaces["deployer/copy"]
    assert ended.code == 0, ended.stderr
    assert (copy.secrets["KEY"].value, copy.variables["TEAM"].value, copy.visibility) == (VALUE, "a", "private")
    assert copy.files() == space.files()
    assert "lacks OTHER" in ended.stderr
    assert copy.host in ended.stdout
    assert spaces("duplicate", ID, "copy").code == 1


def test_a_folder_becomes_a_space_in_one_commit_without_what_belongs_to_the_machine(hub: FakeHub, folder: Path) -> None:
    ended = spaces("create", str(folder), "--name", "pages", "--private", "--set", "TEAM=a", "--json", ends_with=0)
    space = hub.spaces["deployer/pages"]
    assert (space.sdk, space.visibility, space.variables["TEAM"].value) == ("static", "private", "a")
    assert {"index.html", "img/dot.gif", "README.md", "LICENSE"} <= set(space.files())
    assert not [path for path in space.files() if path.startswith((".env", ".git/", "link"))]
    assert len(hub.calls("POST", "/commit/")) == 1
    assert VALUE.encode() not in b"".join(space.files().values())
    assert (ended.document["space_id"], ended.document["commit_sha"]) == (space.id, space.head)
    for path in (".env", ".git", "link"):
        assert f"Left out: {path}" in ended.stderr


def test_an_app_is_created_with_its_secrets_and_watched_until_it_runs(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", VALUE)
    (tmp_path / "tides").mkdir()
    (tmp_path / "tides" / "app.py").write_text("import gradio\nprint(PARAMS)\n")
    (tmp_path / "parameters.json").write_text('{"level": 3}')
    options = ("--from-env", "KEY", "--parameters", "parameters.json", "--watch", "--type", "gradio")
    ended = spaces("create", "tides", *options, ends_with=0)
    (space,) = [space for space in hub.spaces.values() if space.id != ID]
    assert space.secrets["KEY"].value == VALUE
    assert b"PARAMS" in space.files()["app.py"]
    assert "RUNNING" in ended.stdout
    assert VALUE not in ended.stdout + ended.stderr


def test_a_folder_is_uploaded_in_one_commit_and_other_files_stay(hub: FakeHub, space: Space, folder: Path) -> None:
    ended = spaces(
        "upload", ID, str(folder), "--to", "web/", "--message", "Add pages", "--watch", "--json", ends_with=0
    )
    assert set(space.files()) == {".gitattributes", *APP, "web/index.html", "web/img/dot.gif"}
    assert (ended.document["commit_sha"], space.commits[-1].summary) == (space.head, "Add pages")
    assert ended.document["runtime"]["stage"] == "RUNNING"
    assert len(hub.calls("POST", "/commit/")) == 1
    assert "Left out: .env" in ended.stderr


def test_a_file_is_uploaded_under_its_name_or_another(space: Space, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("x = 1\n")
    assert spaces("upload", ID, "main.py").code == 0
    assert spaces("upload", ID, "main.py", "--to", "app.py").code == 0
    assert space.files()["main.py"] == space.files()["app.py"] == b"x = 1\n"
    assert spaces("upload", ID, "nowhere.py").code == 2


def test_the_operator_s_token_is_never_uploaded(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(f"token: {hub.token}\n")
    ended = spaces("upload", ID, "notes.txt", ends_with=1)
    assert hub.token not in ended.stderr
    assert not hub.calls("POST", "/commit/")


def test_a_plan_that_lacks_programs_is_told_with_the_free_way(hub: FakeHub, tmp_path: Path) -> None:
    hub.plan = "free"
    (tmp_path / "tides").mkdir()
    (tmp_path / "tides" / "app.py").write_text("import gradio\n")
    ended = spaces("create", "tides", ends_with=1)
    assert "static" in ended.stderr


# Many Spaces of a list


CSV = f"name,variable:TEAM,secret:KEY\nteam-a,a,{VALUE}\nteam-b,b,{VALUE}\n"
TEMPLATE = "deployer/template"
Provision = Callable[..., Ended]


@pytest.fixture
def provision(hub: FakeHub, tmp_path: Path) -> Provision:
    """``pipeline spaces provision`` beside a list of teams, on a Hub that has their template."""
    hub.create(TEMPLATE, files=APP)
    (tmp_path / "teams.csv").write_text(CSV, encoding="utf-8")

    def provision(*arguments: str, ends_with: int | None = None) -> Ended:
        ended = spaces("provision", *arguments, ends_with=ends_with)
        assert VALUE not in ended.stdout + ended.stderr
        return ended

    return provision


def test_every_space_is_made_and_a_second_run_changes_nothing(provision: Provision, hub: FakeHub) -> None:
    ended = provision("teams.csv", "--template", TEMPLATE, ends_with=0)
    assert "deployer/team-a" in ended.stdout
    assert "created" in ended.stdout
    assert "deployer/team-b: created" in ended.stderr
    assert hub.spaces["deployer/team-b"].secrets["KEY"].value == VALUE
    document = provision("teams.csv", "--template", TEMPLATE, "--json").document
    assert [space["action"] for space in document["spaces"]] == ["unchanged"] * 2
    assert len(hub.calls("POST", "/duplicate")) == 2


def test_a_folder_is_a_template_as_well(provision: Provision, hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "app.py").write_text("import gradio as gr\n", encoding="utf-8")
    assert provision("teams.csv", "--template", "app").code == 0
    assert b"import gradio" in hub.spaces["deployer/team-a"].files()["app.py"]


def test_a_dry_run_shows_the_plan_and_changes_nothing(provision: Provision, hub: FakeHub) -> None:
    ended = provision("teams.csv", "--template", TEMPLATE, "--dry-run", ends_with=0)
    assert "would be created" in ended.stdout
    assert "nothing is changed" in ended.stderr
    assert {call.method for call in hub.log} == {"GET"}


def test_common_secrets_come_from_an_env_file(provision: Provision, hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "common.env").write_text(f"COMMON={VALUE}\nKEY=another\n", encoding="utf-8")
    assert provision("teams.csv", "--template", TEMPLATE, "--env-file", "common.env").code == 0
    values = {key: secret.value for key, secret in hub.spaces["deployer/team-a"].secrets.items()}
    assert values == {"COMMON": VALUE, "KEY": VALUE}


def test_a_space_that_fails_is_named_and_the_exit_code_is_1(provision: Provision, hub: FakeHub) -> None:
    hub.add_fault(Fault("POST", "/duplicate", answer=Answer(402, {"error": "Subscribe to PRO"})))
    ended = provision("teams.csv", "--template", TEMPLATE, ends_with=1)
    assert "the Hub wants a paid plan" in ended.stderr
    assert "1 of 2 Spaces failed" in ended.stderr


def test_what_is_wrong_with_the_file_ends_with_2(provision: Provision, hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("name\ntwo words\n", encoding="utf-8")
    ended = provision("bad.csv", "--template", TEMPLATE, ends_with=2)
    assert "spaces[0].name" in ended.stderr
    assert provision("teams.csv").code == 2
    assert hub.log == []


def test_without_a_token_the_exit_code_is_3(
    provision: Provision, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    ended = provision("teams.csv", "--template", TEMPLATE, ends_with=3)
    assert "HF_TOKEN" in ended.stderr
    assert hub.log == []
