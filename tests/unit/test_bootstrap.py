"""What the settings become."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.bootstrap.environment import read_settings
from pipeline.bootstrap.services import build, models_of
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


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ({"llm_api_key": "k"}, ["gpt-5-mini"]),
        ({"openrouter_api_key": "k"}, ["openrouter/auto"]),
        ({"llm_base_url": "https://openrouter.ai/api/v1", "llm_models": ("a/b",)}, ["a/b"]),
        ({"llm_api_key": "k", "llm_models": ("plain",)}, []),
        ({"llm_base_url": "http://127.0.0.1:1/v1"}, []),
        ({}, []),
    ],
    ids=str,
)
def test_a_key_without_models_asks_the_providers_default_one(named: dict[str, Any], asked: list[str]) -> None:
    assert models_of(read_settings(deploy_target=Target.LOCAL, **named)) == asked


def test_apps_of_general_rules_are_published_only_when_that_was_asked_for() -> None:
    with pytest.raises(Misconfigured, match="name those to ask in LLM_MODELS, or set LLM_MODELS=plain"):
        models_of(read_settings(deploy_target=Target.HF_SPACE, hf_token="t", llm_base_url="http://127.0.0.1:1/v1"))
