"""``pipeline spaces`` create, duplicate and upload."""

from pathlib import Path

import pytest

from tests.fakes.hub import FakeHub, Setting, Space
from tests.integration.spaces_cli.rig import APP, ID, VALUE, spaces


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
    ended = spaces("create", str(folder), "--name", "pages", "--private", "--set", "TEAM=a", "--json")
    assert ended.code == 0, ended.stderr
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
    ended = spaces("create", "tides", *options)
    assert ended.code == 0, ended.stderr
    (space,) = [space for space in hub.spaces.values() if space.id != ID]
    assert space.secrets["KEY"].value == VALUE
    assert b"PARAMS" in space.files()["app.py"]
    assert "RUNNING" in ended.stdout
    assert VALUE not in ended.stdout + ended.stderr


def test_a_folder_is_uploaded_in_one_commit_and_other_files_stay(hub: FakeHub, space: Space, folder: Path) -> None:
    ended = spaces("upload", ID, str(folder), "--to", "web/", "--message", "Add pages", "--watch", "--json")
    assert ended.code == 0, ended.stderr
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
    ended = spaces("upload", ID, "notes.txt")
    assert ended.code == 1
    assert hub.token not in ended.stderr
    assert not hub.calls("POST", "/commit/")


def test_a_plan_that_lacks_programs_is_told_with_the_free_way(hub: FakeHub, tmp_path: Path) -> None:
    hub.plan = "free"
    (tmp_path / "tides").mkdir()
    (tmp_path / "tides" / "app.py").write_text("import gradio\n")
    ended = spaces("create", "tides")
    assert ended.code == 1
    assert "static" in ended.stderr
