"""What an operator wants to know of a process that has just started to work."""

import asyncio
from collections.abc import Sequence

from pipeline import __version__
from pipeline.bootstrap.models import PLAIN
from pipeline.bootstrap.services import Services
from pipeline.domain.job import JobStatus
from pipeline.domain.publication import Target
from pipeline.generation.model.providers import provider_for
from pipeline.settings import TOKEN_SOURCES, Settings
from pipeline.settings.providers import ModelEndpoint
from pipeline.verification.browser.sealed_browser import SealedBrowser

NO_MODEL = (
    "none: no model is configured, so apps are built by general rules",
    "set LLM_BASE_URL, LLM_API_KEY and LLM_MODELS for a model of yours, or AIPIPE_TOKEN or OPENROUTER_API_KEY",
)
BROWSER_MISSING = (
    "none: `js:` checks are not run",
    "run `make browser`, install chromium-headless-shell, or set CHROMIUM",
)


async def start(services: Services, address: str | None = None) -> dict[str, list[str]]:
    """Start ``services``; give lines under short names, in order. Asks nobody outside this machine.

    Args:
        services: built.
        address: where it is going to listen; None for a worker alone.

    Raises:
        Misconfigured: see ``Services.start``.
        Unavailable: the database cannot be read.
    """
    browser = asyncio.create_task(asyncio.to_thread(_browser, services.browser))  # a process, which takes its time
    await services.start()
    settings, counts = services.settings, await services.jobs.counts()
    return {
        "version": [__version__],
        **({"settings": [f"the environment, and {settings.env_file.absolute()}"]} if settings.env_file else {}),
        **(_addresses(settings, address) if address else {}),
        "targets": _targets(settings),
        "model": _models(settings, services.models),
        "browser": await browser,
        "database": [f"{'SQLite' if services.database.is_sqlite else 'PostgreSQL'}, {services.database.name}"],
        "jobs": [f"{counts[JobStatus.RUNNING]} resumed, {counts[JobStatus.WAITING]} waiting"],
        "limits": _limits(settings),
    }


def _addresses(settings: Settings, address: str) -> dict[str, list[str]]:
    links = [] if settings.own_address == address else [f"links say {settings.own_address}"]
    return {"address": [address, *links], "previews": [settings.preview_address]}


def _targets(settings: Settings) -> list[str]:
    def line(target: Target) -> str:
        default = " (default)" if target is settings.target else ""
        return f"{target}{default}: {'ready' if target in settings.targets else f'no; {TOKEN_SOURCES[target]}'}"

    return [line(target) for target in Target]


def _models(settings: Settings, chain: Sequence[ModelEndpoint]) -> list[str]:
    """A line for each provider, in the order in which they are asked."""
    is_plain_last = bool(PLAIN & set(settings.llm_models))
    if not chain:
        return ["none: LLM_MODELS asks for general rules"] if is_plain_last else list(NO_MODEL)
    *lines, last = [f"{', '.join(each.models)} at {provider_for(each.base_url).name}" for each in chain]
    return [*lines, f"{last}{', then general rules' if is_plain_last else ''}"]


def _browser(browser: SealedBrowser | None) -> list[str]:
    if browser is None:
        return list(BROWSER_MISSING)
    from pipeline.verification.browser.diagnosis import SANDBOX, version_of

    return [browser.name, f"{version_of(browser)}, {SANDBOX[browser.has_sandbox]}"]


def _limits(settings: Settings) -> list[str]:
    dollars = "no cap in dollars" if settings.job_max_usd is None else f"${settings.job_max_usd:g}"
    jobs = f"{settings.job_concurrency} jobs at once, {settings.queue_limit} waiting"
    return [
        f"{jobs}, {settings.job_deadline_seconds:g} s each, {settings.drain_seconds:g} s when it is stopped",
        f"{settings.job_max_calls} model calls, {settings.job_max_tokens} tokens a job, {dollars}",
    ]
