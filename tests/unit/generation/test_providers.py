"""The table of providers."""

import pytest

from pipeline.generation.model.providers import provider_for
from tests.cases import cases

CASES = cases("providers")


@pytest.mark.parametrize(("base_url", "name"), CASES["known"])
def test_each_provider_is_known_by_its_address(base_url: str, name: str) -> None:
    assert provider_for(base_url).name == name


@pytest.mark.parametrize(("base_url", "name"), CASES["unknown"])
def test_any_other_address_is_called_by_its_host_and_nothing_more(base_url: str, name: str) -> None:
    provider = provider_for(base_url)
    assert provider.name == name
    assert not provider.takes_fallback_models
    assert not provider.takes_cache_marks
    assert provider.output_limit_field == "max_tokens"


@pytest.mark.parametrize("base_url", ["https://api.openai.com/v1", "https://aipipe.org/openai/v1"])
def test_openai_is_told_its_own_name_of_the_output_limit_and_no_fallback_models(base_url: str) -> None:
    provider = provider_for(base_url)
    assert provider.output_limit_field == "max_completion_tokens"
    assert not provider.takes_fallback_models


@pytest.mark.parametrize("base_url", ["https://openrouter.ai/api/v1", "https://aipipe.org/openrouter/v1"])
def test_openrouter_takes_fallback_models_and_cache_marks_also_behind_ai_pipe(base_url: str) -> None:
    provider = provider_for(base_url)
    assert provider.takes_fallback_models
    assert provider.takes_cache_marks


def test_of_all_providers_only_ollama_shortens_long_prompts_in_silence() -> None:
    assert provider_for("http://localhost:11434/v1").cuts_long_prompts
    assert not provider_for("http://localhost:8080/v1").cuts_long_prompts
