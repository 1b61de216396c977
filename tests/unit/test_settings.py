import json
from pathlib import Path

import pytest

from pipeline.domain.errors import Misconfigured
from pipeline.domain.publication import Target
from pipeline.settings import Settings
from tests.cases import cases

CASES = cases("settings")


def settings(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment()


def test_without_anything_set_it_is_a_dry_run_to_disk_without_a_model() -> None:
    plain = Settings.from_environment()
    assert plain.target is Target.LOCAL
    assert plain.model_endpoint.base_url is None
    assert plain.own_address == "http://127.0.0.1:8000"
    assert plain.secrets() == ()


@pytest.mark.parametrize(("environment", "target"), CASES["targets"])
def test_auto_follows_the_tokens(environment: dict[str, str], target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch, **environment).target == target


@pytest.mark.parametrize(("environment", "base_url", "key"), CASES["providers"])
def test_each_way_to_name_a_provider(
    environment: dict[str, str], base_url: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = settings(monkeypatch, **environment).model_endpoint
    assert endpoint.base_url == base_url
    assert (endpoint.api_key.get_secret_value() if endpoint.api_key else "") == key


def test_a_providers_token_is_never_sent_to_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = settings(monkeypatch, LLM_BASE_URL="https://elsewhere.example/v1", AIPIPE_TOKEN="a").model_endpoint
    assert endpoint.api_key is None


def test_lists_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings(monkeypatch, LLM_MODELS=" a/b , c,", EVALUATION_ALLOWED_ORIGINS="http://127.0.0.1:1")
    assert read.llm_models == ("a/b", "c")
    assert read.evaluation_allowed_origins == ("http://127.0.0.1:1",)


@pytest.mark.parametrize(
    ("hosts", "origins"),
    [
        (None, None),
        ("none", {}),
        (
            "cdn.example, m.example=http://127.0.0.1:9",
            {"cdn.example": "https://cdn.example", "m.example": "http://127.0.0.1:9"},
        ),
    ],
)
def test_cdns_can_be_named_mirrored_and_switched_off(
    hosts: str | None, origins: dict[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {} if hosts is None else {"CDN_HOSTS": hosts}
    assert settings(monkeypatch, **environment).cdn_origins == origins


@pytest.mark.parametrize(("environment", "address"), CASES["addresses"])
def test_the_address_that_visitors_see(
    environment: dict[str, str], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings(monkeypatch, **environment).own_address == address


@pytest.mark.parametrize(("name", "value"), [("PORT", "canary"), ("JOB_CONCURRENCY", "0"), ("DEPLOY_TARGET", "canary")])
def test_an_impossible_value_is_a_configuration_error_that_names_the_variable_and_not_the_value(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Misconfigured, match=name) as error:
        settings(monkeypatch, **{name: value})
    assert "canary" not in str(error.value)


def test_no_secret_is_shown_and_every_secret_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owners = tmp_path / "owners.json"
    owners.write_text(json.dumps({"a@b.c": "secret-of-an-owner"}))
    names = ["DEPLOY_SECRET", "LLM_API_KEY", "GITHUB_TOKEN", "HF_TOKEN", "WEBHOOK_SIGNING_SECRET", "AIPIPE_TOKEN"]
    values = {name: f"secret-of-{name.lower()}" for name in names}
    read = settings(monkeypatch, DEPLOY_SECRETS_FILE=str(owners), **values)

    assert set(read.secrets()) == {*values.values(), "secret-of-an-owner"}
    assert "secret-of" not in repr(read)


def test_a_file_beside_the_caller_fills_in_what_the_environment_does_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("# mine\nexport LLM_MODELS='a,b'\nPORT=9000\nHF_TOKEN=\"hf_of_the_file\"\n")
    read = settings(monkeypatch, PORT="9001")
    assert (read.llm_models, read.port, read.env_file) == (("a", "b"), 9001, Path(".env"))
    assert read.secrets() == ("hf_of_the_file",)
    assert "hf_of_the_file" not in repr(read)


def test_another_file_can_be_named_and_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("PORT=9000\n")
    Path("other.env").write_text("HOST=::1\n")
    read = settings(monkeypatch, ENV_FILE="other.env")
    assert (read.host, read.port) == ("::1", 8000)
    assert settings(monkeypatch, ENV_FILE="/dev/null").env_file is None
    with pytest.raises(Misconfigured, match=r"ENV_FILE: there is no missing\.env"):
        settings(monkeypatch, ENV_FILE="missing.env")


def test_an_installed_package_keeps_apps_in_the_users_folder_and_brings_its_prompts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings.from_environment().generated_repos_dir == Path("generated_repos")
    monkeypatch.setattr("pipeline.settings._IS_CLONE", False)
    monkeypatch.chdir(tmp_path)
    read = settings(monkeypatch, XDG_DATA_HOME=str(tmp_path), HOME=str(tmp_path))
    assert read.generated_repos_dir.is_relative_to(tmp_path)
    assert read.generated_repos_dir.name == "generated_repos"
    assert read.prompts.parts[-2:] == ("pipeline", "prompts")
