"""What the settings become."""

from pathlib import Path

import pytest

from pipeline.bootstrap.environment import read_settings
from pipeline.bootstrap.services import build
from pipeline.domain.errors import Misconfigured
from pipeline.domain.publication import Target


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A ``gh`` command that is signed in; the token that it gives."""
    command = tmp_path / "bin" / "gh"
    command.parent.mkdir()
    token = "gho_" + "ofTheCommand" * 3
    command.write_text(f"#!/bin/sh\necho {token}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(command.parent), prepend=":")
    return token


@pytest.mark.parametrize("target", [None, Target.GITHUB_PAGES])
def test_without_a_token_the_gh_command_gives_one_and_it_is_kept_secret(gh: str, target: Target | None) -> None:
    settings = read_settings(deploy_target=target)
    assert settings.target is Target.GITHUB_PAGES
    assert gh in settings.secrets()
    assert gh not in repr(settings)


def test_a_token_of_the_environment_wins_over_the_gh_command(gh: str) -> None:
    settings = read_settings(github_token="ghp_" + "ofTheEnvironment" * 2)
    assert gh not in settings.secrets()


@pytest.mark.parametrize("target", [Target.LOCAL, Target.HF_SPACE])
def test_the_gh_command_is_not_asked_when_apps_go_elsewhere(gh: str, target: Target) -> None:
    assert gh not in read_settings(deploy_target=target).secrets()


def test_without_tokens_only_this_machine_is_a_target(tmp_path: Path) -> None:
    services = build(read_settings(deploy_target=Target.LOCAL, generated_repos_dir=tmp_path, chromium="none"))
    with pytest.raises(Misconfigured, match="HF_TOKEN"):
        services.spaces(None)
    services.database.close()
