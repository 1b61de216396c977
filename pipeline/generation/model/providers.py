"""What each provider of the chat-completions protocol can do, in one table by host.

Sources: the providers' API references and, for AI Pipe, its source code. Images always travel as data URIs: every
provider of the table takes those, and Ollama takes nothing else.
"""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Provider:
    """How to talk to one kind of endpoint. What a single model cannot do is learnt from its answers."""

    name: str  # for people; of an unknown endpoint, its host and port
    # the request field that limits the answer, ``max_tokens`` or ``max_completion_tokens``
    output_limit_field: str = "max_tokens"
    takes_stream_options: bool = True  # ``stream_options.include_usage`` makes the last chunk carry the usage
    takes_images: bool = True  # image parts may be sent
    takes_cache_marks: bool = False  # ``cache_control`` marks on text parts reach Anthropic's models
    cuts_long_prompts: bool = False  # a prompt beyond the server's context is shortened without a word
    default_model: str | None = None  # what is asked when the operator names no model


_OPENROUTER = Provider("OpenRouter", takes_cache_marks=True, default_model="openrouter/auto")
# OpenAI's reasoning models refuse max_tokens, and all its current models take the new name.
_OPENAI = Provider("OpenAI", output_limit_field="max_completion_tokens", default_model="gpt-5-mini")

_BY_HOST_AND_PATH = (
    ("aipipe.org", "/openrouter/", replace(_OPENROUTER, name="AI Pipe (OpenRouter)")),
    ("aipipe.org", "/openai/", replace(_OPENAI, name="AI Pipe (OpenAI)")),
    ("openrouter.ai", "/", _OPENROUTER),
    ("api.openai.com", "/", _OPENAI),
    ("router.huggingface.co", "/", Provider("Hugging Face", default_model="openai/gpt-oss-120b")),
)
# Servers that people run themselves, on whatever host, are known by their default ports.
_BY_PORT = {11434: Provider("Ollama", cuts_long_prompts=True), 8080: Provider("llama.cpp"), 8000: Provider("vLLM")}


def endpoint_of(base_url: str) -> str:
    """What stands before ``/chat/completions``, also when the operator gave the whole address."""
    return base_url.rstrip("/").removesuffix("/chat/completions").rstrip("/")


def provider_for(base_url: str) -> Provider:
    """The provider behind ``base_url``; for an address that is not in the table, what works nearly everywhere."""
    parts = urlsplit(base_url)
    host = (parts.hostname or "").removeprefix("www.")
    path = parts.path.rstrip("/") + "/"
    for known_host, prefix, provider in _BY_HOST_AND_PATH:
        if host == known_host and path.startswith(prefix):
            return provider
    try:
        port = parts.port
    except ValueError:  # not a number: the first call will say so
        port = None
    if parts.scheme == "http" and port in _BY_PORT:
        return _BY_PORT[port]
    return Provider(f"{host}:{port}" if port else host or "an unknown address")
