"""The whole service: its jobs, with everything that works on them, and what else its edges need."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pipeline import __version__
from pipeline.bootstrap.browsers import browser_of, live_browser_of, tester_with, verifier_with
from pipeline.bootstrap.first_use import PublishersOnFirstUse
from pipeline.bootstrap.jobs import JobParts, build_jobs
from pipeline.bootstrap.models import makers_of, models_of
from pipeline.bootstrap.spaces import open_secret_scanner, open_spaces
from pipeline.clock import SystemClock
from pipeline.deploy.deploy import Deploy
from pipeline.deploy.records import Ports
from pipeline.domain.address import UrlRule
from pipeline.domain.publication import Target
from pipeline.jobs.batches.feeder import Feeder
from pipeline.jobs.batches.store import SqlBatches
from pipeline.jobs.call_events import SqlCallEvents
from pipeline.jobs.database import Database
from pipeline.jobs.engine import Engine
from pipeline.jobs.late_looks import LateLooks
from pipeline.jobs.ledger import SqlLedger
from pipeline.jobs.queue import JobQueue
from pipeline.manage_spaces.creation import CreateSpace
from pipeline.manage_spaces.provisioning import ProvisionSpaces
from pipeline.metrics import Metrics
from pipeline.notification.egress import EgressClient
from pipeline.ports import CallEvents, Publisher, SecretScanner, Sites, SpaceHosts
from pipeline.publishing.local import LocalPublisher
from pipeline.settings import Settings
from pipeline.settings.providers import ModelEndpoint
from pipeline.verification.browser.sealed_browser import SealedBrowser
from pipeline.workspace import GitWorkspaces

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What the edges work with."""

    settings: Settings  # as read at the start
    models: tuple[ModelEndpoint, ...]  # that are asked, in order; none where apps are built by general rules
    jobs: JobQueue  # accept, show, watch, cancel, retry, redeliver
    batches: SqlBatches  # many briefs at once
    workspaces: GitWorkspaces  # for previews
    sites: Sites  # which of them are published
    callbacks: EgressClient  # to addresses that briefs name
    secrets: SecretScanner  # looks for configured secrets in what is to be published
    spaces: SpaceHosts  # the Hub, as a token sees it
    create_space: CreateSpace  # the use case of that name
    provision_spaces: ProvisionSpaces  # the use case of that name
    call_events: CallEvents  # of the Gradio-compatible routes
    deploy: Deploy  # the use case of a brief
    engine: Engine  # works on the jobs between ``start`` and ``stop``
    database: Database  # of the engine and of our records
    browser: SealedBrowser | None  # that apps are looked at with, or None
    live: SealedBrowser | None  # the same for Spaces that run
    metrics: Metrics  # counted from the log between ``start`` and ``stop``
    traces: logging.Handler | None  # the same for traces; None = nobody is told

    async def start(self) -> None:
        """Take the lock, migrate the database, resume what was under way, and begin to work.

        Raises:
            Misconfigured: the database cannot be opened, or another process works on it.
        """
        for listener in self._listeners:
            logging.getLogger().addHandler(listener)
        await self.engine.start(self.deploy)

    @property
    def _listeners(self) -> list[logging.Handler]:
        return [listener for listener in (self.metrics, self.traces) if listener]

    async def stop(self, drain_seconds: float | None = None) -> None:
        """Take no more, let running jobs go on for DRAIN_SECONDS; what is left is resumed by the next start."""
        self.jobs.is_draining = True
        self.batches.is_draining = True
        self.provision_spaces.is_draining = True
        browsers = [browser for browser in (self.browser, self.live) if browser]
        for browser in browsers:
            browser.is_draining = True
        await self.engine.stop(self.settings.drain_seconds if drain_seconds is None else drain_seconds)
        for browser in browsers:
            await browser.close()
        self.database.close()
        for listener in self._listeners:
            logging.getLogger().removeHandler(listener)
            await asyncio.to_thread(listener.close)


def build(settings: Settings) -> Services:
    """Wire everything. Touches no network and starts nothing.

    Raises:
        Misconfigured: a setting cannot work.
    """
    models = models_of(settings)
    names = tuple(dict.fromkeys(name for endpoint in models for name in endpoint.models))
    rules = {"default_target": settings.target, "targets": settings.targets}
    jobs = build_jobs(settings, **rules, models=names, max_usd=settings.job_max_usd)
    workspaces = GitWorkspaces(settings.generated_repos_dir)
    secrets, spaces = open_secret_scanner(settings), open_spaces(settings)
    browser, live = browser_of(settings), live_browser_of(settings)
    deploy = _deploy(settings, jobs, workspaces, spaces, browser, live=live, models=models)
    batches = SqlBatches(jobs.database, jobs.blobs, jobs.feed, jobs.clock)
    at_once = max(1, min(settings.job_concurrency, settings.queue_limit) // 2)
    feeder = Feeder(jobs.database, jobs.queue, jobs.blobs, jobs.feed, jobs.clock, at_once=at_once)
    looks = LateLooks(jobs.database, jobs.records, jobs.feed, jobs.clock, deploy.is_served)
    return Services(
        settings=settings,
        models=models,
        jobs=jobs.queue,
        batches=batches,
        workspaces=workspaces,
        sites=jobs.sites,
        callbacks=EgressClient(UrlRule(settings.evaluation_allowed_origins)),
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
            timers=(jobs.outbox.timer(), looks.timer(), feeder),
            concurrency=settings.job_concurrency,
            retention=timedelta(days=settings.retention_days),
            failpoint=jobs.failpoint,
        ),
        database=jobs.database,
        browser=browser,
        live=live,
        metrics=Metrics(),
        traces=_traces(settings),
    )


def _traces(settings: Settings) -> logging.Handler | None:
    if not settings.otel_exporter_otlp_endpoint:
        return None
    try:
        from pipeline.tracing import Traces
    except ImportError:
        _log.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but no traces are sent: their packages are not installed. "
            "Install this package with its extra `tracing`.",
            extra={"action": "traces.missing"},
        )
        return None
    return Traces(settings.otel_exporter_otlp_endpoint, __version__)


def _deploy(
    settings: Settings,
    jobs: JobParts,
    workspaces: GitWorkspaces,
    spaces: SpaceHosts,
    browser: SealedBrowser | None,
    *,
    live: SealedBrowser | None,
    models: tuple[ModelEndpoint, ...],
) -> Deploy:
    makers = makers_of(settings, models, SqlLedger(jobs.database, jobs.clock), jobs.clock)
    return Deploy(
        Ports(
            generator=makers.generator,
            camera=browser,
            judge=makers.judge,
            verifier=verifier_with(browser),
            tester=tester_with(browser),
            writer=makers.writer,
            live=verifier_with(live) if live else None,
            secrets=open_secret_scanner(settings),
            workspaces=workspaces,
            publishers=_publishers(settings, workspaces, spaces, jobs.clock),
            sites=jobs.sites,
            blobs=jobs.blobs,
            clock=jobs.clock,
        ),
        notify_unconfirmed=settings.notify_unconfirmed,
    )


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
        return LocalPublisher(workspaces, settings.generated_repos_dir, settings.preview_address)

    makers = {Target.GITHUB_PAGES: github_pages, Target.HF_SPACE: hf_space, Target.LOCAL: local}
    return PublishersOnFirstUse({target: makers[target] for target in settings.targets})
