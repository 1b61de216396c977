"""``pipeline spaces``: what is read from files, folders and the environment, before any Hub is asked."""

import os
import shlex
from pathlib import Path

import pytest

from pipeline.cli.spaces import folder as space_folder
from pipeline.cli.spaces.folder import kind_of, read_folder
from pipeline.cli.spaces.inputs import read_secrets, read_variables, read_volumes
from pipeline.domain.errors import InvalidInput
from pipeline.domain.space import Volume
from tests.builders import make_files
from tests.cases import cases
from tests.fakes.command_line import pipeline

CASES = cases("typed")
CANARY = "canary-7f3a"


def test_help_names_every_command() -> None:
    shown = pipeline("spaces", "--help").stdout
    assert [name for name in CASES["commands"] if f" {name} " not in shown] == []


@pytest.mark.parametrize("command", ["create", "duplicate", "secrets"])
def test_no_command_takes_the_value_of_a_secret_as_an_argument(command: str) -> None:
    shown = pipeline("spaces", command, "--help").stdout
    assert "--secret" not in shown
    for source in ("--env-file", "--from-env", "--stdin"):
        assert source in shown


@pytest.mark.parametrize("typed", CASES["usage-errors"])
def test_what_cannot_be_is_a_usage_error_and_never_shown(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "neverAskedInThisTest")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("pipeline.logs.configure_logging", lambda *_, **__: None)
    ended = pipeline("spaces", *shlex.split(typed), ends_with=2)
    assert CANARY not in ended.stdout + ended.stderr


def test_secrets_of_the_environment_win_over_those_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.env").write_text("A=file\nB=file\n")
    monkeypatch.setenv("A", "environment")
    assert read_secrets(str(tmp_path / "a.env"), ["A"], None) == {"A": "environment", "B": "file"}


def test_standard_input_is_read_once() -> None:
    with pytest.raises(InvalidInput, match="--stdin"):
        read_secrets("-", [], "KEY")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (4 * 1024 * 1024 + 1), CANARY.encode()])
def test_a_file_that_is_no_env_file_is_refused_without_its_content(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.env").write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        read_secrets(str(tmp_path / "a.env"), [], None)
    assert CANARY not in str(caught.value)


def test_pairs_are_split_at_the_first_equals_sign() -> None:
    assert read_variables(["A=b=c", "B="]) == {"A": "b=c", "B": ""}


def test_volumes_are_read_with_and_without_a_mode() -> None:
    assert read_volumes(["bucket:a/b:/data", "model:c/d:/m:ro"]) == (
        Volume("bucket", "a/b", "/data"),
        Volume("model", "c/d", "/m", read_only=True),
    )


@pytest.mark.parametrize(
    "text", ["", "bucket", "bucket:a/b", "bucket::/x", "bucket:a/b:data", "bucket:a/b:/x:rw", ":::"]
)
def test_what_is_no_volume_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="--mount"):
        read_volumes([text])


def test_a_folder_is_read_without_what_belongs_to_the_machine(tmp_path: Path) -> None:
    for path in ("app.py", "web/index.html", ".env", "web/node_modules/x.js", ".git/config", ".gitignore"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (tmp_path / "link.txt").symlink_to("/etc/hostname")
    (tmp_path / "linked").symlink_to(tmp_path)
    read = read_folder(tmp_path)
    assert dict(read.files) == {path: path.encode() for path in (".gitignore", "app.py", "web/index.html")}
    assert read.left_out == (".env", ".git", "link.txt", "linked", "web/node_modules")


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "app.py").write_text("x")
    assert list(read_folder(tmp_path).files) == ["app.py"]


def test_a_folder_with_too_much_in_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        (tmp_path / name).write_text("xxxx")
    monkeypatch.setattr(space_folder, "MAX_SPACE_FILES", 2)
    with pytest.raises(InvalidInput, match="more than 2 files"):
        read_folder(tmp_path)
    monkeypatch.setattr(space_folder, "MAX_SPACE_FILES", 3)
    monkeypatch.setattr(space_folder, "MAX_SPACE_BYTES", 11)
    with pytest.raises(InvalidInput, match="11 bytes"):
        read_folder(tmp_path)


@pytest.mark.parametrize(("files", "kind"), CASES["kinds"])
def test_the_kind_of_a_space_follows_from_its_files(files: dict[str, str], kind: str) -> None:
    assert kind_of(make_files(files)) == kind
