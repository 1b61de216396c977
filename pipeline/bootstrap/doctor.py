"""Looks at all that is configured, as far as that can be told from outside: a row for each part."""

import asyncio
import platform
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from pipeline.bootstrap.browsers import browser_of
from pipeline.bootstrap.environment import require_git
from pipeline.bootstrap.models import models_of
from pipeline.bootstrap.start_report import BROWSER_MISSING, NO_MODEL
from pipeline.clock import SystemClock
from pipeline.domain.address import UrlRule, is_this_machine
from pipeline.domain.deploy_secret import secret_problem
from pipeline.domain.diagnosis import Diagnosis, failed, not_configured, ok, warning
from pipeline.domain.errors import Misconfigured, NoAnswer, PipelineError
from pipeline.domain.publication import Target
from pipeline.notification.egress import EgressClient
from pipeline.settings import MEBIBYTE, TOKEN_SOURCES, Settings

ROW_SECONDS = 10.0
END_SECONDS = 5.0  # that a look gets to end in order after that
LITTLE_SPACE = 1024 * MEBIBYTE
GET_GIT = "install git 2.31 or newer (https://git-scm.com)"
NEW_SECRET = "set it to what `python3 -c 'import secrets; print(secrets.token_urlsafe(32))'` prints"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Look:
    """What makes a row."""

    name: str
    take: Callable[[float], Awaitable[Diagnosis]]  # within so many seconds
    mend: str = ""  # said when the look itself fails


def all_looks(settings: Settings, *, calls: bool) -> list[Look]:
    """At all parts; without ``calls`` at nothing that costs money."""
    return [
        Look("python", _python),
        Look("git", _git, GET_GIT),
        Look("browser", partial(_browser, settings), "set CHROMIUM to another browser, or to none"),
        Look("database", partial(_database, settings), "look at DATABASE_URL or GENERATED_REPOS_DIR"),
        Look("disk", partial(_disk, settings), "set GENERATED_REPOS_DIR to a folder of yours"),
        *_models(settings, calls=calls),
        Look("github", partial(_github, settings), "look at GITHUB_TOKEN and GITHUB_API_URL"),
        Look("hub", partial(_hub, settings), "look at HF_TOKEN and HF_ENDPOINT"),
        *_evaluators(settings.evaluation_allowed_origins),
        Look("secret", partial(_secret, settings), "look at DEPLOY_SECRET and DEPLOY_SECRETS_FILE"),
        Look("address", partial(_own_address, settings), "set PUBLIC_URL to scheme, host and port"),
    ]


async def examine(
    looks: Sequence[Look], on_end: Callable[[str], None], seconds: float = ROW_SECONDS
) -> list[dict[str, str]]:
    """Take ``looks`` at the same time, and tell ``on_end`` the name of each as it ends; rows in their order."""

    async def row(look: Look) -> dict[str, str]:
        seen = await _taken(look, seconds)
        on_end(look.name)
        return {"name": look.name, "verdict": seen.condition.value, "found": seen.found, "mend": seen.mend}

    return list(await asyncio.gather(*map(row, looks)))


async def _taken(look: Look, seconds: float) -> Diagnosis:
    """Whatever happens, a diagnosis, soon after ``seconds``."""
    taking = asyncio.ensure_future(look.take(seconds))
    if not (await asyncio.wait({taking}, timeout=seconds))[0]:
        taking.cancel()
        await asyncio.wait({taking}, timeout=END_SECONDS)
        return failed(f"no answer within {seconds:g} s", look.mend)
    error = taking.exception()
    if error is None:
        return taking.result()
    return failed(str(error) if isinstance(error, PipelineError) else f"{type(error).__name__}: {error}", look.mend)


async def _python(_: float) -> Diagnosis:
    return ok(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")


async def _git(seconds: float) -> Diagnosis:
    require_git()  # without it, its library cannot even be imported
    from pipeline.workspace.diagnosis import diagnose

    return await diagnose(seconds)


async def _browser(settings: Settings, _: float) -> Diagnosis:
    from pipeline.verification.browser.diagnosis import diagnose

    if browser := browser_of(settings):
        return await diagnose(browser)
    return not_configured("CHROMIUM=none: `js:` checks are not run") if settings.chromium else warning(*BROWSER_MISSING)


async def _database(settings: Settings, seconds: float) -> Diagnosis:
    from pipeline.jobs.diagnosis import diagnose

    url = settings.database_url.get_secret_value() if settings.database_url else None
    return await asyncio.to_thread(diagnose, url, settings.generated_repos_dir, seconds / 2)


async def _disk(settings: Settings, _: float) -> Diagnosis:
    """Writes a file where the state goes, or would go."""
    folder = settings.generated_repos_dir.absolute()
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    with tempfile.TemporaryFile(dir=there) as file:
        file.write(b"0")
    free = shutil.disk_usage(there).free
    found = f"{folder}: {free / (1024 * MEBIBYTE):.1f} GiB free"
    return ok(found) if free >= LITTLE_SPACE else warning(found, "make room there")


def _models(settings: Settings, *, calls: bool) -> Iterator[Look]:
    from pipeline.generation.model.diagnosis import diagnose, diagnose_uncalled

    mend = "look at LLM_BASE_URL, LLM_API_KEY (or the provider's token) and LLM_MODELS"
    if settings.llm_providers_file:
        mend = f"look at that provider in LLM_PROVIDERS_FILE ({settings.llm_providers_file}), and at its key's variable"
    try:
        chain = models_of(settings)
    except Misconfigured as error:
        yield _settled("model", failed(str(error), "set LLM_MODELS"))
        return
    if settings.model_endpoints and not chain and not settings.llm_models:
        yield _settled(
            "model", warning("LLM_BASE_URL has no model, so apps are built by general rules", "set LLM_MODELS")
        )
    elif not chain:
        yield _settled("model", not_configured(*NO_MODEL))
    for endpoint in chain:
        if not calls:
            row = f"model {', '.join(endpoint.models)}" if len(chain) > 1 else "model"
            yield Look(row, partial(diagnose_uncalled, endpoint.base_url, endpoint.api_key), mend)
            continue
        for name in endpoint.models:
            yield Look(f"model {name}", partial(diagnose, endpoint.base_url, endpoint.api_key, name), mend)


async def _github(settings: Settings, seconds: float) -> Diagnosis:
    if settings.github_token is None:
        return not_configured("no token", TOKEN_SOURCES[Target.GITHUB_PAGES])
    from pipeline.publishing.github_pages.diagnosis import diagnose

    token = settings.github_token.get_secret_value()
    return await asyncio.to_thread(diagnose, settings.github_api_url, token, settings.github_owner, seconds / 2)


async def _hub(settings: Settings, seconds: float) -> Diagnosis:
    if settings.hf_token is None:
        return not_configured("no token", TOKEN_SOURCES[Target.HF_SPACE])
    from pipeline.spaces.diagnosis import diagnose

    return await diagnose(settings.hf_endpoint, settings.hf_token, settings.hf_owner, SystemClock(), seconds)


def _evaluators(origins: tuple[str, ...]) -> Iterator[Look]:
    mend = "start the evaluator, or take it out of EVALUATION_ALLOWED_ORIGINS"
    if not origins:
        yield _settled("evaluators", not_configured("EVALUATION_ALLOWED_ORIGINS is empty: only public ones are told"))
    for origin in origins:
        yield Look(f"evaluator {origin}", partial(_evaluator, origin), mend)


async def _evaluator(origin: str, seconds: float) -> Diagnosis:
    return ok(f"it answers (HTTP {await EgressClient(UrlRule((origin,))).status(origin, seconds=seconds)})")


async def _secret(settings: Settings, _: float) -> Diagnosis:
    owners, secret = settings.owner_secrets, settings.deploy_secret
    also = f"{len(owners)} owners have secrets of their own"
    if secret is None:
        return ok(also) if owners else not_configured("DEPLOY_SECRET is not set, and `serve` needs it", NEW_SECRET)
    value = secret.get_secret_value()
    if problem := secret_problem(value, on_loopback=is_this_machine(settings.host)):
        return failed(f"DEPLOY_SECRET {problem}", NEW_SECRET)
    if problem := secret_problem(value):
        return warning(f"DEPLOY_SECRET {problem} before others reach the service", NEW_SECRET)
    return ok(f"{len(value)} characters{f'; {also}' if owners else ''}")


async def _own_address(settings: Settings, seconds: float) -> Diagnosis:
    """Whoever answers there may be another service; whoever does not may not have been started."""
    address = settings.own_address
    client = EgressClient(UrlRule((address,), setting="PUBLIC_URL"))
    try:
        status = await client.status(f"{address}/health", seconds=seconds / 2)
    except NoAnswer as error:
        if settings.public_url:
            return warning(f"{address}: {error}", "start the service, or correct PUBLIC_URL")
        return ok(f"{address}: nobody listens there now")
    if status != HTTPStatus.OK:
        return warning(f"{address}/health answers HTTP {status}", "look who listens there, or choose another PORT")
    return ok(f"{address}: a service runs there")


def _settled(name: str, diagnosis: Diagnosis) -> Look:
    """A row for which nobody need look."""

    async def take(_: float) -> Diagnosis:
        return diagnosis

    return Look(name, take)
