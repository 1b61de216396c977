"""The models that a configuration names, and what builds and judges apps with them."""

import logging
from dataclasses import dataclass, replace

from pipeline.bootstrap.first_use import GeneratorOnFirstUse
from pipeline.clock import SystemClock
from pipeline.domain.errors import Misconfigured
from pipeline.domain.publication import Target
from pipeline.generation.model.providers import provider_for
from pipeline.jobs.ledger import SqlLedger
from pipeline.ports import Generator, Judge, TestWriter
from pipeline.settings import Settings
from pipeline.settings.providers import ModelEndpoint

_log = logging.getLogger(__name__)

PLAIN = {"plain", "scaffold"}
"""As the last name in LLM_MODELS, now and in earlier versions: build without a model when all models fail."""


@dataclass(frozen=True, slots=True)
class Makers:
    """What a configuration builds apps with, and judges them with if it names a model for that."""

    generator: Generator
    judge: Judge | None = None
    writer: TestWriter | None = None  # of acceptance tests


def makers_of(
    settings: Settings, endpoints: tuple[ModelEndpoint, ...], ledger: SqlLedger, clock: SystemClock
) -> Makers:
    """By general rules without a model; with one by it, and by the rules after it where LLM_MODELS ends with them."""
    if not endpoints:
        return Makers(GeneratorOnFirstUse(_plain))
    from pipeline.generation.acceptance import ModelTester
    from pipeline.generation.fallback import FallbackGenerator
    from pipeline.generation.generator import ModelGenerator
    from pipeline.generation.judge import ModelJudge
    from pipeline.generation.model.budget import Caps, MeteredModel
    from pipeline.generation.model.chain import ModelChain
    from pipeline.generation.model.openai_model import OpenAIModel
    from pipeline.generation.model.traffic import Traffic
    from pipeline.generation.prompts import Prompts

    caps = Caps(settings.job_max_calls, settings.job_max_tokens, settings.job_max_usd)
    traffic, prompts = Traffic(), Prompts(settings.prompts)

    def models(endpoint: ModelEndpoint, names: tuple[str, ...]) -> list[MeteredModel]:
        asked = [OpenAIModel(endpoint.base_url, name, endpoint.api_key) for name in names]
        return [MeteredModel(m, ledger, caps, endpoint.price if m.name in endpoint.models else None) for m in asked]

    chain = ModelChain([model for each in endpoints for model in models(each, each.models)], ledger, traffic)
    generator: Generator = ModelGenerator(chain, prompts, clock)
    if PLAIN & set(settings.llm_models):
        generator = FallbackGenerator(generator, GeneratorOnFirstUse(_plain))
    judges = models(endpoints[0], settings.llm_judge_models)
    judge = ModelJudge(ModelChain(judges, ledger, traffic), prompts) if judges else None
    return Makers(generator, judge, ModelTester(chain, prompts) if settings.acceptance_tests == "auto" else None)


def models_of(settings: Settings) -> tuple[ModelEndpoint, ...]:
    """The providers to ask, in order, each with its models; none where apps are built by general rules.

    Raises:
        Misconfigured: there is no provider for the models that are named; or none is named, none is the provider's
            usual one, and apps are to be published.
    """
    endpoints = settings.model_endpoints
    if not endpoints and set(settings.llm_models) - PLAIN:
        raise Misconfigured("LLM_MODELS names models, but there is no LLM_BASE_URL, LLM_API_KEY or provider's token")
    chain = []
    for endpoint in endpoints:
        default = provider_for(endpoint.base_url).default_model
        names = endpoint.models or ((default,) if default else ())
        asked = tuple(name for name in names if name not in PLAIN)
        if asked:
            chain.append(replace(endpoint, models=asked))
        elif not names and settings.llm_providers_file:
            raise Misconfigured(
                f"LLM_PROVIDERS_FILE: {endpoint.base_url} has no models: name them in its list `models`"
            )
    if chain or not endpoints or settings.llm_models:
        return tuple(chain)
    unnamed = "LLM_BASE_URL has no model: name those to ask in LLM_MODELS, or set LLM_MODELS=plain"
    if settings.target is not Target.LOCAL:
        raise Misconfigured(f"{unnamed} to publish apps that general rules have built")
    _log.warning("%s. Until then general rules build the apps", unnamed, extra={"action": "models.unnamed"})
    return ()


def _plain() -> Generator:
    from pipeline.generation.plain.generator import PlainGenerator

    return PlainGenerator()
