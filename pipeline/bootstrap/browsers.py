"""The browsers that apps are looked at with: before they are published, and where they run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipeline.bootstrap.first_use import VerifierOnFirstUse
from pipeline.domain.address import NeighbourRule, UrlRule
from pipeline.domain.publication import Target
from pipeline.notification.egress import EgressClient
from pipeline.ports import Tester, Verifier
from pipeline.settings import Settings
from pipeline.verification.browser.cdn import CDN_HOSTS, CdnFiles, mirrors
from pipeline.verification.browser.sealed_browser import SealedBrowser, find_browser
from pipeline.verification.combined import BrowserTester, BrowserVerifier


def _static_verifier() -> Verifier:
    from pipeline.verification.static import StaticVerifier

    return StaticVerifier()


def verifier_with(browser: SealedBrowser | None) -> Verifier:
    """What judges files, and with a ``browser`` their page."""
    return BrowserVerifier(VerifierOnFirstUse(_static_verifier), browser)


def tester_with(browser: SealedBrowser | None) -> Tester | None:
    """What plays acceptance tests: nothing without a ``browser``."""
    return BrowserTester(VerifierOnFirstUse(_static_verifier), browser) if browser else None


@asynccontextmanager
async def open_verifier(settings: Settings) -> AsyncIterator[Verifier]:
    """What apps are looked at with before they are published. Raises Misconfigured."""
    browser = browser_of(settings)
    try:
        yield verifier_with(browser)
    finally:
        if browser:
            await browser.close()


def browser_of(settings: Settings) -> SealedBrowser | None:
    """What apps are looked at with, if there is one. Raises Misconfigured."""
    executable = find_browser(settings.chromium)
    if executable is None:
        return None
    hosts = CDN_HOSTS if settings.cdn_origins is None else settings.cdn_origins
    cache = settings.generated_repos_dir.absolute() / ".pipeline" / "cdn"
    downloader = EgressClient(UrlRule(mirrors(hosts), setting="CDN_HOSTS"))
    return SealedBrowser(executable, CdnFiles(cache, downloader, hosts), sandbox=settings.chromium_sandbox)


def live_browser_of(settings: Settings) -> SealedBrowser | None:
    """What Spaces are looked at with where they run: their pages may ask what is public, or beside the Hub."""
    executable = find_browser(settings.chromium)
    if executable is None or Target.HF_SPACE not in settings.targets:
        return None
    rule = NeighbourRule(settings.hf_endpoint, setting="HF_ENDPOINT")
    return SealedBrowser(executable, sandbox=settings.chromium_sandbox, live=rule)
