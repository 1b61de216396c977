"""What the environment says, and what becomes of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.bootstrap.environment import read_settings
from pipeline.bootstrap.models import models_of
from pipeline.bootstrap.services import build
from pipeline.domain.errors import Misconfigured
from pipeline.domain.publication import Target
from pipeline.jobs.engine import Engine
from pipeline.settings import Settings
from tests.cases import cases

CASES = cases("settings")
MIRRORS = {"cdn.example": "https://cdn.example", "m.example": "http://127.0.0.1:9"}
Said = dict[str, str]
Read = Callable[..., Settings]


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Read:
    def read(**environment: str) -> Settings:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return Settings.from_environment()

    return read


def test_without_anything_set_it_is_a_dry_run_to_disk_without_a_model() -> None:
    plain = Settings.from_environment()
    assert plain.target is Target.LOCAL
    assert plain.model_endpoints == ()
    assert plain.own_address == "http://127.0.0.1:8000"
    assert plain.secrets() == ()


@pytest.mark.parametrize(("environment", "target"), CASES["targets"])
def test_auto_follows_the_tokens(environment: Said, target: str, settings: Read) -> None:
    assert settings(**environment).target == target


@pytest.mark.parametrize(("environment", "base_url", "key"), CASES["providers"])
def test_each_way_to_name_a_provider(environment: Said, base_url: str, key: str, settings: Read) -> None:
    (endpoint,) = settings(**environment).model_endpoints
    assert endpoint.base_url == base_url
    assert (endpoint.api_key.get_secret_value() if endpoint.api_key else None) == (key or None)


def test_a_providers_token_is_never_sent_to_another_host(settings: Read) -> None:
    (endpoint,) = settings(LLM_BASE_URL="https://elsewhere.example/v1", AIPIPE_TOKEN="a").model_endpoints
    assert endpoint.api_key is None


def test_lists_are_split_at_commas(settings: Read) -> None:
    read = settings(LLM_MODELS=" a/b , c,", EVALUATION_ALLOWED_ORIGINS="http://127.0.0.1:1")
    assert read.llm_models == ("a/b", "c")
    assert read.evaluation_allowed_origins == ("http://127.0.0.1:1",)


@pytest.mark.parametrize(
    ("environment", "origins"),
    [({}, None), ({"CDN_HOSTS": "none"}, {}), ({"CDN_HOSTS": "cdn.example, m.example=http://127.0.0.1:9"}, MIRRORS)],
)
def test_cdns_can_be_named_mirrored_and_switched_off(environment: Said, origins: Said | None, settings: Read) -> None:
    assert settings(**environment).cdn_origins == origins


@pytest.mark.parametrize(("environment", "address"), CASES["addresses"])
def test_the_address_that_visitors_see(environment: Said, address: str, settings: Read) -> None:
    assert settings(**environment).own_address == address


@pytest.mark.parametrize(("name", "value"), [("PORT", "canary"), ("JOB_CONCURRENCY", "0"), ("DEPLOY_TARGET", "canary")])
def test_an_impossible_value_is_a_configuration_error_that_names_the_variable_and_not_the_value(
    name: str, value: str, settings: Read
) -> None:
    with pytest.raises(Misconfigured, match=name) as error:
        settings(**{name: value})
    assert "canary" not in str(error.value)


def test_no_secret_is_shown_and_every_secret_is_known(tmp_path: Path, settings: Read) -> None:
    owners = tmp_path / "owners.json"
    owners.write_text(json.dumps({"a@b.c": "secret-of-an-owner"}))
    names = ["DEPLOY_SECRET", "LLM_API_KEY", "GITHUB_TOKEN", "HF_TOKEN", "WEBHOOK_SIGNING_SECRET", "AIPIPE_TOKEN"]
    values = {name: f"secret-of-{name.lower()}" for name in names}
    read = settings(DEPLOY_SECRETS_FILE=str(owners), **values)

    assert set(read.secrets()) == {*values.values(), "secret-of-an-owner"}
    assert "secret-of" not in repr(read)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("postgresql://ada:p%40ss-of-the-database@db/jobs", {"p%40ss-of-the-database", "p@ss-of-the-database"}),
        ("postgresql://postgres:postgres@db/jobs", set()),
        ("postgresql://db/jobs", set()),
    ],
)
def test_the_databases_password_is_a_secret(settings: Read, url: str, known: set[str]) -> None:
    assert set(settings(DATABASE_URL=url).secrets()) == known


def test_a_file_beside_the_caller_fills_in_what_the_environment_does_not_set(
    tmp_path: Path, settings: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("# mine\nexport LLM_MODELS='a,b'\nPORT=9000\nHF_TOKEN=\"hf_of_the_file\"\n")
    read = settings(PORT="9001")
    assert (read.llm_models, read.port, read.env_file) == (("a", "b"), 9001, Path(".env"))
    assert read.secrets() == ("hf_of_the_file",)
    assert "hf_of_the_file" not in repr(read)


def test_another_file_can_be_named_and_must_be_there(
    tmp_path: Path, settings: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("PORT=9000\n")
    Path("other.env").write_text("HOST=::1\n")
    read = settings(ENV_FILE="other.env")
    assert (read.host, read.port) == ("::1", 8000)
    assert settings(ENV_FILE="/dev/null").env_file is None
    with pytest.raises(Misconfigured, match=r"ENV_FILE: there is no missing\.env"):
        settings(ENV_FILE="missing.env")


def test_an_installed_package_keeps_apps_in_the_users_folder_and_brings_its_prompts(
    tmp_path: Path, settings: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings.from_environment().generated_repos_dir == Path("generated_repos")
    monkeypatch.setattr("pipeline.settings._IS_CLONE", False)
    monkeypatch.chdir(tmp_path)
    read = settings(XDG_DATA_HOME=str(tmp_path), HOME=str(tmp_path))
    assert read.generated_repos_dir.is_relative_to(tmp_path)
    assert read.generated_repos_dir.name == "generated_repos"
    assert read.prompts.parts[-2:] == ("pipeline", "prompts")


# What the settings become


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
    chain = models_of(read_settings(deploy_target=Target.LOCAL, **named))
    assert [name for endpoint in chain for name in endpoint.models] == asked


def test_apps_of_general_rules_are_published_only_when_that_was_asked_for() -> None:
    with pytest.raises(Misconfigured, match="name those to ask in LLM_MODELS, or set LLM_MODELS=plain"):
        models_of(read_settings(deploy_target=Target.HF_SPACE, hf_token="t", llm_base_url="http://127.0.0.1:1/v1"))


async def test_running_jobs_are_waited_for_as_long_as_the_operator_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def stop(_engine: Engine, drain_seconds: float) -> None:
        waited.append(drain_seconds)

    monkeypatch.setattr(Engine, "stop", stop)
    for chosen in ({}, {"drain_seconds": 7}):
        services = build(read_settings(generated_repos_dir=tmp_path, chromium="none", **chosen))
        await services.stop()
        await services.stop(0)
    assert waited == [20, 0, 7, 0]
