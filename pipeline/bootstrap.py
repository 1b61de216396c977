"""The one place that names adapters: Settings -> Services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from pipeline.clock import SystemClock
from pipeline.deploy.candidates import Ports
from pipeline.deploy.deploy import Deploy
from pipeline.domain.address import UrlRule
from pipeline.domain.errors import Misconfigured
from pipeline.domain.publication import Target
from pipeline.generation.fallback import FallbackGenerator
from pipeline.generation.generator import ModelGenerator
from pipeline.generation.judge import ModelJudge
from pipeline.generation.model.budget import Caps
from pipeline.generation.model.chain import build_chain
from pipeline.generation.prompts import Prompts
from pipeline.generation.scaffold import ScaffoldGenerator
from pipeline.jobs.call_events import SqlCallEvents
from pipeline.jobs.database import Database
from pipeline.jobs.engine import Engine
from pipeline.jobs.failpoint import Failpoint
from pipeline.jobs.feed import JobFeed
from pipeline.jobs.queue import JobQueue, QueueRules
from pipeline.jobs.records import JobRecords
from pipeline.jobs.stores import SqlBlobs, SqlDeliveries, SqlLedger, SqlSites
from pipeline.manage_spaces.creation import CreateSpace
from pipeline.manage_spaces.provisioning import ProvisionSpaces
from pipeline.notification.egress import EgressClient
from pipeline.notification.notifier import WebhookNotifier
from pipeline.ports import CallEvents, Generator, Judge, Publisher, SecretScanner, SpaceHosts
from pipeline.publishing.github_pages.publisher import GitHubPagesPublisher
from pipeline.publishing.github_pages.token import token_of_gh_command
from pipeline.publishing.hf_space import HfSpacePublisher
from pipeline.publishing.local import LocalPublisher
from pipeline.settings import Settings
from pipeline.spaces.hosts import space_hosts
from pipeline.verification.browser.cdn import CDN_HOSTS, MOST_AT_ONCE, CdnFiles, mirrors
from pipeline.verification.browser.sealed_browser import SealedBrowser, find_browser
from pipeline.verification.combined import BrowserVerifier
from pipeline.verification.secrets import ConfiguredSecretScanner
from pipeline.verification.static import StaticVerifier
from pipeline.workspace import GitWorkspaces

SCAFFOLD = "scaffold"
"""As the last name in LLM_MODELS: build without a model when all models fail."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the edges work with.

    Attributes:
        settings: as read at the start.
        jobs: accept, show, watch, cancel, redeliver.
        workspaces: for previews.
        secrets: looks for configured secrets in what is to be published.
        spaces: the Hub, as a token sees it.
        create_space: the use case of that name.
        provision_spaces: the use case of that name.
        call_events: of the Gradio-compatible routes.
        engine: works on the jobs between ``start`` and ``stop``.
        database: of the engine and of our records.
        browser: that apps are looked at with, or None.
    """

    settings: Settings
    jobs: JobQueue
    workspaces: GitWorkspaces
    secrets: SecretScanner
    spaces: SpaceHosts
    create_space: CreateSpace
    provision_spaces: ProvisionSpaces
    call_events: CallEvents
    engine: Engine
    database: Database
    browser: SealedBrowser | None

    async def start(self) -> None:
        """Take the lock, migrate the database, resume what was under way, and begin to work.

        Raises:
            Misconfigured: the database cannot be opened, or another process works on it.
        """
        await self.engine.start()

    async def stop(self, drain_seconds: float = 20) -> None:
        """Take no more, let running jobs go on for a while; what is left is resumed by the next start."""
        self.jobs.is_draining = True
        self.provision_spaces.is_draining = True
        await self.engine.stop(drain_seconds)
        if self.browser:
            await self.browser.close()
        self.database.close()


def read_settings(**overrides: object) -> Settings:
    """The environment, and what stands in for a variable of it that is not set; ``overrides`` (by field name) win.

    Without GITHUB_TOKEN that is the token of whoever is signed in with the ``gh`` command, if apps may go to GitHub.

    Raises:
        Misconfigured: a variable has a value that it cannot have.
    """
    settings = Settings.from_environment(**overrides)
    if settings.github_token or settings.deploy_target not in {None, Target.GITHUB_PAGES}:
        return settings
    token = token_of_gh_command()
    return settings.model_copy(update={"github_token": SecretStr(token)}) if token else settings


def build(settings: Settings) -> Services:
    """Wire everything. Touches no network and starts nothing.

    Raises:
        Misconfigured: a setting cannot work.
    """
    clock = SystemClock()
    database = _database(settings)
    feed = JobFeed()
    blobs, sites, deliveries = SqlBlobs(database, clock), SqlSites(database), SqlDeliveries(database)
    records = JobRecords(database, clock, blobs, feed.publish)
    failpoint = Failpoint(settings.failpoint)
    workspaces = GitWorkspaces(settings.generated_repos_dir)
    notifier = _notifier(settings, deliveries, clock)
    browser = _browser(settings)
    makers = _makers(settings, SqlLedger(database, clock), clock)
    spaces = open_spaces(settings)
    secrets = open_secret_scanner(settings)
    publishers = _publishers(settings, workspaces, spaces, clock)
    ports = Ports(
        generator=makers.generator,
        judge=makers.judge,
        verifier=BrowserVerifier(StaticVerifier(), browser),
        secrets=secrets,
        workspaces=workspaces,
        publishers=publishers,
        notifier=notifier,
        sites=sites,
        blobs=blobs,
        clock=clock,
    )
    engine = Engine(
        database,
        records,
        clock,
        Deploy(ports),
        concurrency=settings.job_concurrency,
        retention=timedelta(days=settings.retention_days),
        failpoint=failpoint,
    )
    jobs = JobQueue(
        engine=engine,
        records=records,
        feed=feed,
        blobs=blobs,
        sites=sites,
        notifier=notifier,
        clock=clock,
        rules=QueueRules(
            deadline=timedelta(seconds=settings.job_deadline_seconds),
            waiting=settings.queue_limit,
            default_target=settings.target,
            targets=frozenset(publishers),
        ),
        failpoint=failpoint,
    )
    return Services(
        settings=settings,
        jobs=jobs,
        workspaces=workspaces,
        secrets=secrets,
        spaces=spaces,
        create_space=CreateSpace(spaces, secrets, clock, owner=settings.hf_owner),
        provision_spaces=ProvisionSpaces(spaces, secrets, clock, owner=settings.hf_owner),
        call_events=SqlCallEvents(database, clock),
        engine=engine,
        database=database,
        browser=browser,
    )


def open_spaces(settings: Settings) -> SpaceHosts:
    """The Hub at HF_ENDPOINT. Asks it nothing yet."""
    return space_hosts(settings.hf_endpoint, settings.hf_token, SystemClock())


def open_create_space(settings: Settings) -> CreateSpace:
    """The use case of that name without a service. Asks the Hub nothing yet."""
    return CreateSpace(open_spaces(settings), open_secret_scanner(settings), SystemClock(), owner=settings.hf_owner)


def open_provision_spaces(settings: Settings) -> ProvisionSpaces:
    """The same for many. Asks the Hub nothing yet."""
    return ProvisionSpaces(open_spaces(settings), open_secret_scanner(settings), SystemClock(), owner=settings.hf_owner)


def open_secret_scanner(settings: Settings) -> SecretScanner:
    """Finds what must not be published."""
    return ConfiguredSecretScanner(settings.secrets())


@asynccontextmanager
async def open_jobs(settings: Settings) -> AsyncIterator[JobQueue]:
    """The jobs of this configuration without a worker: also beside a running service."""
    services = build(settings)
    services.database.migrate()
    services.engine.connect()
    try:
        yield services.jobs
    finally:
        services.engine.disconnect()
        services.database.close()


def _database(settings: Settings) -> Database:
    if settings.database_url:
        return Database(settings.database_url.get_secret_value())
    return Database.embedded(settings.generated_repos_dir)


@dataclass(frozen=True, slots=True)
class _Makers:
    """What a configuration builds apps with, and judges them with if it names a model for that."""

    generator: Generator
    judge: Judge | None = None


def _makers(settings: Settings, ledger: SqlLedger, clock: SystemClock) -> _Makers:
    """The scaffold without a model; with one, the model, and the scaffold after it where LLM_MODELS ends with it."""
    endpoint = settings.model_endpoint
    models = [name for name in settings.llm_models or endpoint.default_models if name != SCAFFOLD]
    if not models and (SCAFFOLD in settings.llm_models or not endpoint.base_url):
        return _Makers(ScaffoldGenerator())
    if not endpoint.base_url:
        raise Misconfigured("LLM_MODELS names models, but there is no LLM_BASE_URL, LLM_API_KEY or provider's token")
    caps = Caps(settings.job_max_calls, settings.job_max_tokens, settings.job_max_usd)
    chain = build_chain(endpoint.base_url, endpoint.api_key, models, ledger, caps)
    prompts = Prompts(settings.prompts)
    generator: Generator = ModelGenerator(chain, prompts, clock)
    if SCAFFOLD in settings.llm_models:
        generator = FallbackGenerator(generator, ScaffoldGenerator())
    if not settings.llm_judge_models:
        return _Makers(generator)
    judges = build_chain(endpoint.base_url, endpoint.api_key, settings.llm_judge_models, ledger, caps)
    return _Makers(generator, ModelJudge(judges, prompts))


def _browser(settings: Settings) -> SealedBrowser | None:
    executable = find_browser(settings.chromium)
    if executable is None:
        return None
    hosts = CDN_HOSTS if settings.cdn_origins is None else settings.cdn_origins
    cache = settings.generated_repos_dir.absolute() / ".pipeline" / "cdn"
    downloader = EgressClient(UrlRule(mirrors(hosts), setting="CDN_HOSTS"), per_host=MOST_AT_ONCE)
    return SealedBrowser(executable, CdnFiles(cache, downloader, hosts))


def _notifier(settings: Settings, deliveries: SqlDeliveries, clock: SystemClock) -> WebhookNotifier:
    signing_secret = settings.webhook_signing_secret
    return WebhookNotifier(
        deliveries,
        EgressClient(UrlRule(settings.evaluation_allowed_origins)),
        clock,
        signing_secret.get_secret_value() if signing_secret else None,
    )


def _publishers(
    settings: Settings, workspaces: GitWorkspaces, spaces: SpaceHosts, clock: SystemClock
) -> dict[Target, Publisher]:
    """Those that there is a token for, and the one that needs none."""
    publishers: list[Publisher] = [LocalPublisher(workspaces, settings.generated_repos_dir, settings.own_address)]
    if settings.github_token:
        publishers.append(
            GitHubPagesPublisher(
                workspaces,
                api_url=settings.github_api_url,
                token=settings.github_token.get_secret_value(),
                owner=settings.github_owner,
                clock=clock,
                patience_seconds=settings.job_deadline_seconds,
            )
        )
    if settings.hf_token:
        publishers.append(HfSpacePublisher(spaces(None), workspaces, clock, owner=settings.hf_owner))
    return {publisher.target: publisher for publisher in publishers}
