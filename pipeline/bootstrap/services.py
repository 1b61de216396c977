"""The whole service: its jobs, with everything that works on them, and what else its edges need."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pipeline.bootstrap.first_use import GeneratorOnFirstUse, PublishersOnFirstUse, VerifierOnFirstUse
from pipeline.bootstrap.jobs import JobParts, build_jobs
from pipeline.bootstrap.spaces import open_secret_scanner, open_spaces
from pipeline.clock import SystemClock
from pipeline.deploy.candidates import Ports
from pipeline.deploy.deploy import Deploy
from pipeline.domain.address import UrlRule
from pipeline.domain.errors import Misconfigured
from pipeline.domain.publication import Target
from pipeline.generation.model.providers import provider_for
from pipeline.jobs.call_events import SqlCallEvents
from pipeline.jobs.database import Database
from pipeline.jobs.engine import Engine
from pipeline.jobs.late_looks import LateLooks
from pipeline.jobs.queue import JobQueue
from pipeline.jobs.stores import SqlLedger
from pipeline.manage_spaces.creation import CreateSpace
from pipeline.manage_spaces.provisioning import ProvisionSpaces
from pipeline.notification.egress import EgressClient
from pipeline.ports import CallEvents, Generator, Judge, Publisher, SecretScanner, SpaceHosts, Verifier
from pipeline.publishing.local import LocalPublisher
from pipeline.settings import Settings
from pipeline.verification.browser.cdn import CDN_HOSTS, CdnFiles, mirrors
from pipeline.verification.browser.sealed_browser import SealedBrowser, find_browser
from pipeline.verification.combined import BrowserVerifier
from pipeline.workspace import GitWorkspaces

_log = logging.getLogger(__name__)

PLAIN = {"plain", "scaffold"}
"""As the last name in LLM_MODELS, now and in earlier versions: build without a model when all models fail."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the edges work with."""

    settings: Settings  # as read at the start
    models: list[str]  # that are asked, in order; none where apps are built by general rules
    jobs: JobQueue  # accept, show, watch, cancel, redeliver
    workspaces: GitWorkspaces  # for previews
    secrets: SecretScanner  # looks for configured secrets in what is to be published
    spaces: SpaceHosts  # the Hub, as a token sees it
    create_space: CreateSpace  # the use case of that name
    provision_spaces: ProvisionSpaces  # the use case of that name
    call_events: CallEvents  # of the Gradio-compatible routes
    deploy: Deploy  # the use case of a brief
    engine: Engine  # works on the jobs between ``start`` and ``stop``
    database: Database  # of the engine and of our records
    browser: SealedBrowser | None  # that apps are looked at with, or None

    async def start(self) -> None:
        """Take the lock, migrate the database, resume what was under way, and begin to work.

        Raises:
            Misconfigured: the database cannot be opened, or another process works on it.
        """
        await self.engine.start(self.deploy)

    async def stop(self, drain_seconds: float | None = None) -> None:
        """Take no more, let running jobs go on for DRAIN_SECONDS; what is left is resumed by the next start."""
        self.jobs.is_draining = True
        self.provision_spaces.is_draining = True
        if self.browser:
            self.browser.is_draining = True
        await self.engine.stop(self.settings.drain_seconds if drain_seconds is None else drain_seconds)
        if self.browser:
            await self.browser.close()
        self.database.close()


def build(settings: Settings) -> Services:
    """Wire everything. Touches no network and starts nothing.

    Raises:
        Misconfigured: a setting cannot work.
    """
    jobs = build_jobs(settings, settings.target, settings.targets)
    workspaces = GitWorkspaces(settings.generated_repos_dir)
    secrets, spaces = open_secret_scanner(settings), open_spaces(settings)
    browser, models = browser_of(settings), models_of(settings)
    deploy = _deploy(settings, jobs, workspaces, spaces, browser, models=models)
    looks = LateLooks(jobs.database, jobs.records, jobs.feed, jobs.clock, deploy.is_served)
    return Services(
        settings=settings,
        models=models,
        jobs=jobs.queue,
        workspaces=workspaces,
        secrets=secrets,
        spaces=spaces,
        create_space=CreateSpace(spaces, secrets, jobs.clock, owner=settings.hf_owner),
        provision_spaces=ProvisionSpaces(spaces, secrets, jobs.clock, owner=settings.hf_owner),
        call_events=SqlCallEvents(jobs.database, jobs.clock),
        deploy=deploy,
        engine=Engine(
            jobs.database,
            jobs.records,
            jobs.submissions,
            jobs.replies,
            jobs.clock,
            timers=(jobs.outbox.timer(), looks.timer()),
            concurrency=settings.job_concurrency,
            retention=timedelta(days=settings.retention_days),
            failpoint=jobs.failpoint,
        ),
        database=jobs.database,
        browser=browser,
    )


def _deploy(
    settings: Settings,
    jobs: JobParts,
    workspaces: GitWorkspaces,
    spaces: SpaceHosts,
    browser: SealedBrowser | None,
    *,
    models: list[str],
) -> Deploy:
    makers = _makers(settings, models, SqlLedger(jobs.database, jobs.clock), jobs.clock)
    return Deploy(
        Ports(
            generator=makers.generator,
            judge=makers.judge,
            verifier=BrowserVerifier(VerifierOnFirstUse(_static_verifier), browser),
            secrets=open_secret_scanner(settings),
            workspaces=workspaces,
            publishers=_publishers(settings, workspaces, spaces, jobs.clock),
            sites=jobs.sites,
            blobs=jobs.blobs,
            clock=jobs.clock,
        ),
        notify_unconfirmed=settings.notify_unconfirmed,
    )


@dataclass(frozen=True, slots=True)
class _Makers:
    """What a configuration builds apps with, and judges them with if it names a model for that."""

    generator: Generator
    judge: Judge | None = None


def _makers(settings: Settings, models: list[str], ledger: SqlLedger, clock: SystemClock) -> _Makers:
    """By general rules without a model; with one by it, and by the rules after it where LLM_MODELS ends with them."""
    endpoint = settings.model_endpoint
    if not models:
        return _Makers(GeneratorOnFirstUse(_plain))
    if not endpoint.base_url:
        raise Misconfigured("LLM_MODELS names models, but there is no LLM_BASE_URL, LLM_API_KEY or provider's token")
    from pipeline.generation.fallback import FallbackGenerator
    from pipeline.generation.generator import ModelGenerator
    from pipeline.generation.judge import ModelJudge
    from pipeline.generation.model.budget import Caps
    from pipeline.generation.model.chain import build_chain
    from pipeline.generation.prompts import Prompts

    caps = Caps(settings.job_max_calls, settings.job_max_tokens, settings.job_max_usd)
    chain = build_chain(endpoint.base_url, endpoint.api_key, models, ledger, caps)
    prompts = Prompts(settings.prompts)
    generator: Generator = ModelGenerator(chain, prompts, clock)
    if PLAIN & set(settings.llm_models):
        generator = FallbackGenerator(generator, GeneratorOnFirstUse(_plain))
    if not settings.llm_judge_models:
        return _Makers(generator)
    judges = build_chain(endpoint.base_url, endpoint.api_key, settings.llm_judge_models, ledger, caps)
    return _Makers(generator, ModelJudge(judges, prompts))


def models_of(settings: Settings) -> list[str]:
    """Those to ask, in order; none where apps are built by general rules.

    Raises:
        Misconfigured: none is named, none is the provider's usual one, and apps are to be published.
    """
    named, address = settings.llm_models, settings.model_endpoint.base_url
    if named or not address:
        return [name for name in named if name not in PLAIN]
    if default := provider_for(address).default_model:
        return [default]
    unnamed = "LLM_BASE_URL has no model: name those to ask in LLM_MODELS, or set LLM_MODELS=plain"
    if settings.target is not Target.LOCAL:
        raise Misconfigured(f"{unnamed} to publish apps that general rules have built")
    _log.warning("%s. Until then general rules build the apps", unnamed, extra={"action": "models.unnamed"})
    return []


def _plain() -> Generator:
    from pipeline.generation.plain.generator import PlainGenerator

    return PlainGenerator()


def _static_verifier() -> Verifier:
    from pipeline.verification.static import StaticVerifier

    return StaticVerifier()


def browser_of(settings: Settings) -> SealedBrowser | None:
    """What apps are looked at with, if there is one. Raises Misconfigured."""
    executable = find_browser(settings.chromium)
    if executable is None:
        return None
    hosts = CDN_HOSTS if settings.cdn_origins is None else settings.cdn_origins
    cache = settings.generated_repos_dir.absolute() / ".pipeline" / "cdn"
    downloader = EgressClient(UrlRule(mirrors(hosts), setting="CDN_HOSTS"))
    return SealedBrowser(executable, CdnFiles(cache, downloader, hosts), sandbox=settings.chromium_sandbox)


def _publishers(
    settings: Settings, workspaces: GitWorkspaces, spaces: SpaceHosts, clock: SystemClock
) -> Mapping[Target, Publisher]:
    """Those of ``settings.targets``."""

    def github_pages() -> Publisher:
        from pipeline.publishing.github_pages.publisher import GitHubPagesPublisher

        return GitHubPagesPublisher(
            workspaces,
            api_url=settings.github_api_url,
            token=settings.github_token.get_secret_value() if settings.github_token else "",
            owner=settings.github_owner,
            clock=clock,
            patience_seconds=settings.job_deadline_seconds,
        )

    def hf_space() -> Publisher:
        from pipeline.publishing.hf_space import HfSpacePublisher

        return HfSpacePublisher(spaces(None), workspaces, clock, owner=settings.hf_owner)

    def local() -> Publisher:
        return LocalPublisher(workspaces, settings.generated_repos_dir, settings.own_address)

    makers = {Target.GITHUB_PAGES: github_pages, Target.HF_SPACE: hf_space, Target.LOCAL: local}
    return PublishersOnFirstUse({target: makers[target] for target in settings.targets})
