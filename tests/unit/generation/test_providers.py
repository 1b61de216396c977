"""The table of providers."""

import pytest

from pipeline.generation.model.providers import provider_for


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://aipipe.org/openrouter/v1", "AI Pipe (OpenRouter)"),
        ("https://aipipe.org/openrouter/v1/", "AI Pipe (OpenRouter)"),
        ("https://www.aipipe.org/openai/v1", "AI Pipe (OpenAI)"),
        ("https://openrouter.ai/api/v1", "OpenRouter"),
        ("https://OpenRouter.ai/api/v1", "OpenRouter"),
        ("https://api.openai.com/v1", "OpenAI"),
        ("https://router.huggingface.co/v1", "Hugging Face"),
        ("http://localhost:11434/v1", "Ollama"),
        ("http://gpu-box.lan:11434/v1", "Ollama"),
        ("http://127.0.0.1:8080/v1", "llama.cpp"),
        ("http://[::1]:8000/v1", "vLLM"),
    ],
)
def test_each_provider_is_known_by_its_address(base_url: str, name: str) -> None:
    assert provider_for(base_url).name == name


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://llm.example.com/v1", "llm.example.com"),
        ("https://llm.example.com:8000/v1", "llm.example.com:8000"),
        ("https://openrouter.ai.example.com/api/v1", "openrouter.ai.example.com"),
        ("https://api.openai.com.example.com/v1", "api.openai.com.example.com"),
        ("https://aipipe.org/other/v1", "aipipe.org"),
        ("http://localhost:99999999/v1", "localhost"),
        ("https://user:password@llm.example.com/v1", "llm.example.com"),
        ("", "an unknown address"),
    ],
)
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
