"""The evaluator's side, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipeline.clock import SystemClock
from pipeline.domain.address import NeighbourRule
from pipeline.evaluation.published import Visitor
from pipeline.evaluation.receiver import Receiver
from pipeline.evaluation.rounds import Evaluator, OnStep, Options
from pipeline.notification.egress import EgressClient
from pipeline.publishing.served import is_served_as
from pipeline.settings import Settings
from pipeline.verification.browser.sealed_browser import SealedBrowser, find_browser
from pipeline.verification.combined import BrowserVerifier
from pipeline.verification.secrets import ConfiguredSecretScanner
from pipeline.verification.static import StaticVerifier
from pipeline.workspace.published import PublishedRepositories


@asynccontextmanager
async def open_evaluator(
    settings: Settings, options: Options, receiver: Receiver, on_step: OnStep
) -> AsyncIterator[Evaluator]:
    """One for the service at the endpoint of ``options``.

    Raises:
        Misconfigured: CHROMIUM, or an endpoint that is no http address.
    """
    rule = NeighbourRule(options.endpoint, setting="--endpoint")
    client = EgressClient(rule)
    executable = find_browser(settings.chromium)
    browser = SealedBrowser(executable, live=rule) if executable else None
    reading = StaticVerifier()
    scanner = ConfiguredSecretScanner((options.secret, *settings.secrets()))
    visitor = Visitor(
        rule=rule,
        repositories=PublishedRepositories(scanner.first_secret),
        downloader=client,
        reading=reading,
        looking=BrowserVerifier(reading, browser),
        is_served_as=is_served_as,
        clock=SystemClock(),
    )
    try:
        yield Evaluator(options, receiver, client, visitor, on_step)
    finally:
        if browser:
            await browser.close()
