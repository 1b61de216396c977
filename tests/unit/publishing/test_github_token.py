"""The token of the gh command, by commands made up for the test."""

from pathlib import Path

import pytest

from pipeline.publishing.github_pages.token import token_of_gh_command


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def write_gh(folder: Path, script: str) -> None:
    (folder / "gh").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "gh").chmod(0o755)


def test_it_is_what_the_command_prints(programs: Path) -> None:
    write_gh(programs, '[ "$*" = "auth token" ] && echo gho_made1up2')
    assert token_of_gh_command() == "gho_made1up2"


def test_there_is_none_without_the_command(programs: Path) -> None:
    assert list(programs.iterdir()) == []
    assert token_of_gh_command() is None


@pytest.mark.parametrize(
    "script", ["echo no oauth token found >&2; exit 1", "true", "echo two words", "echo gho_ü", "kill -9 $$"]
)
def test_there_is_none_when_the_command_gives_none(programs: Path, script: str) -> None:
    write_gh(programs, script)
    assert token_of_gh_command() is None


def test_there_is_none_when_the_command_cannot_be_run(programs: Path) -> None:
    (programs / "gh").write_text("")
    (programs / "gh").chmod(0o755)
    assert token_of_gh_command() is None


def test_there_is_none_when_the_command_does_not_end(programs: Path) -> None:
    write_gh(programs, "exec /bin/sleep 30")
    assert token_of_gh_command(seconds=0.2) is None
