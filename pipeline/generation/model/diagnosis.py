"""Do the models answer?"""

from http import HTTPStatus

import httpx2
from pydantic import SecretStr

from pipeline.domain.conversation import CallLimits, Message, Role
from pipeline.domain.diagnosis import Diagnosis, failed, ok, warning
from pipeline.domain.errors import GenerationFailed
from pipeline.domain.generation import Usage
from pipeline.generation.model.failure import ModelFailure
from pipeline.generation.model.openai_model import OpenAIModel
from pipeline.generation.model.providers import endpoint_of, provider_for

QUESTION = (Message(Role.USER, "Reply with the one word: ok"),)
MOST_TOKENS = 1000  # of the answer: models that think first need some for that


async def diagnose(base_url: str, api_key: SecretStr | None, name: str, seconds: float) -> Diagnosis:
    """Ask the model one short question. Raises ModelFailure, Misconfigured."""
    model = OpenAIModel(base_url, name, api_key)
    limits = CallLimits(MOST_TOKENS, seconds * 2)  # half of it is for the first sign of life
    try:
        reply = await model.ask("doctor", QUESTION, limits, lambda _: None)
    except ModelFailure as failure:
        if not failure.usage.completion_tokens:
            raise
        return ok(f"{model} answered with thoughts alone: {_spent(failure.usage)}")
    return ok(f"{model} answered in {reply.seconds:.1f} s: {_spent(reply.usage)}")


async def diagnose_uncalled(base_url: str, api_key: SecretStr | None, seconds: float) -> Diagnosis:
    """What can be told of the address without asking a model. Raises GenerationFailed when there is no answer."""
    headers = {"Authorization": f"Bearer {api_key.get_secret_value()}"} if api_key else {}
    try:
        async with httpx2.AsyncClient(timeout=seconds) as client:
            status = (await client.get(f"{endpoint_of(base_url)}/models", headers=headers)).status_code
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise GenerationFailed(f"no answer from {provider_for(base_url).name} ({type(error).__name__})") from None
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return failed(
            f"it refuses the key (HTTP {status})",
            "set LLM_API_KEY, the provider's token, or what api_key_env names, to a valid one",
        )
    return warning("it can be reached; whether a model answers was not tried", "leave out --no-calls")


def _spent(usage: Usage) -> str:
    cost = "cost not known" if usage.cost_usd is None else f"${usage.cost_usd:.6f}"
    return f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out, {cost}"
