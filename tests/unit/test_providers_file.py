"""LLM_PROVIDERS_FILE: several providers as one chain."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.bootstrap.models import models_of
from pipeline.bootstrap.services import build
from pipeline.bootstrap.start_report import _models
from pipeline.domain.errors import Misconfigured
from pipeline.domain.generation import Price
from pipeline.domain.publication import Target
from pipeline.settings import Settings

KEY, OTHER_KEY = "sk-first-0123456789", "sk-second-0123456789"
GOOD = """
[[providers]]
base_url = "https://openrouter.ai/api/v1"
api_key_env = "FIRST_KEY"
models = ["a/b", "c/d"]
price = { input = 0.5, output = 2 }

[[providers]]
base_url = "http://127.0.0.1:11434/v1"
models = ["tiny"]
price = 0

[[providers]]
base_url = "https://api.openai.com/v1"
api_key_env = "SECOND_KEY"
"""
Read = Callable[..., Settings]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    monkeypatch.setenv("FIRST_KEY", KEY)

    def read(text: str | bytes, **fields: object) -> Settings:
        file = tmp_path / "providers.toml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        (tmp_path / "keys.env").write_text(f"SECOND_KEY={OTHER_KEY}\n")
        monkeypatch.setenv("ENV_FILE", str(tmp_path / "keys.env"))
        return Settings.from_environment(llm_providers_file=file, **fields)

    return read


def test_providers_are_asked_in_their_order_with_keys_from_the_environment(read: Read) -> None:
    settings = read(GOOD, llm_base_url="https://elsewhere.example/v1", llm_models=("x", "plain"))
    chain = models_of(settings)
    assert [(each.base_url, each.models) for each in chain] == [
        ("https://openrouter.ai/api/v1", ("a/b", "c/d")),
        ("http://127.0.0.1:11434/v1", ("tiny",)),
        ("https://api.openai.com/v1", ("gpt-5-mini",)),
    ]
    assert [each.api_key and each.api_key.get_secret_value() for each in chain] == [KEY, None, OTHER_KEY]
    assert [each.price for each in chain] == [Price(0.5, 2), Price(0, 0), None]
    assert {KEY, OTHER_KEY} <= set(settings.secrets())
    assert KEY not in repr(chain)
    assert _models(settings, chain) == [
        "a/b, c/d at OpenRouter",
        "tiny at Ollama",
        "gpt-5-mini at OpenAI, then general rules",
    ]


ENTRY = '[[providers]]\nbase_url = "https://a.example/v1"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must hold one list of tables"),
        ("providers = []", "must hold one list of tables"),
        ('providers = ["canary"]', "provider 1: it: "),
        ("[providers]\nbase_url = 'canary'", "must hold one list of tables"),
        (GOOD + "other = [{}]", "provider 3: other: is no field"),
        ("canary = canary", "is not valid TOML (line 1)"),
        (b"\xff", "is not valid TOML"),
        ("[[providers]]\nmodels = ['m']", "provider 1: base_url: Field required"),
        ("[[providers]]\nbase_url = 'canary'", "provider 1: base_url: must be a web address"),
        (ENTRY + "api_key = 'canary'", "api_key: is no field of a provider"),
        (ENTRY + "api_key_env = 'sk-canary'", "provider 1: api_key_env: "),
        (ENTRY + "api_key_env = 'NOT_SET'", "api_key_env: names NOT_SET, and no such variable is set"),
        (ENTRY + "models = 'canary'", "provider 1: models: "),
        (ENTRY + "models = ['']", "provider 1: models.0: "),
        (ENTRY + "price = { input = 1 }", "provider 1: price.output: Field required"),
        (ENTRY + "price = -1", "provider 1: price.input: "),
        (ENTRY, "https://a.example/v1 has no models"),
    ],
)
def test_a_file_that_says_something_else_is_one_sentence_without_its_values(
    read: Read, text: str | bytes, words: str
) -> None:
    with pytest.raises(Misconfigured) as raised:
        models_of(read(text))
    assert words in str(raised.value)
    assert str(raised.value).startswith("LLM_PROVIDERS_FILE")
    assert not {"canary", "\n"} & {part for part in ("canary", "\n") if part in str(raised.value)}


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read: No such file"):
        models_of(Settings.from_environment(llm_providers_file=tmp_path / "none.toml"))


def test_the_services_models_may_be_named_by_briefs(read: Read, tmp_path: Path) -> None:
    fields = {"deploy_target": Target.LOCAL, "generated_repos_dir": tmp_path, "chromium": "none", "job_max_usd": 0.5}
    services = build(read(GOOD, **fields))
    services.database.close()
    assert [each.models for each in services.models] == [("a/b", "c/d"), ("tiny",), ("gpt-5-mini",)]
