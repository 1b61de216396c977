"""Every check of the sample briefs, judged on pages that are right and on pages that are wrong in what it asks for."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from mimetypes import guess_type
from pathlib import Path

import pytest

from pipeline.domain.verdict import Outcome, Verdict, Verification
from pipeline.verification.browser import checks as page_checks
from pipeline.verification.browser.sealed_browser import SealedBrowser
from pipeline.verification.combined import BrowserVerifier
from pipeline.verification.static import StaticVerifier
from tests.fakes.cdn import CdnStandIn, cdn_files
from tests.integration.brief_samples import HOSTS, NAMES, Look, sample
from tests.integration.browser_rig import ADDRESS, BROWSER, needs_browser

AT_ONCE = 4
WRONG_SECONDS = 2.0
NO_ANSWER = "it gave no answer in time"
STUCK_SECONDS = 300


def checks_of(look: Look) -> range:
    return range(1, len(sample(look.sample).rounds[look.round].checks) + 1)


def right_looks() -> list[Look]:
    return [Look(name, label) for name in NAMES for label in sample(name).rounds]


def wrong_looks() -> list[Look]:
    return [Look(name, change.round, change) for name in NAMES for change in sample(name).changes]


def away_looks() -> list[Look]:
    return [Look(name, label, is_away=True) for name in NAMES for label in sample(name).away]


def wrong_away_looks() -> list[Look]:
    """One wrong app for every round that may depend on foreign hosts."""
    return [
        Look(name, label, next(change for change in sample(name).changes if change.round == label), is_away=True)
        for name in NAMES
        for label in sample(name).away
    ]


Verified = Mapping[Look, Future[Verification]]


@pytest.fixture(scope="module")
def verified(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verified]:
    """What is seen in every look that the chosen tests need: several at once, because wrong pages take their time."""
    assert BROWSER
    chosen = [item.callspec.params.get("look") for item in request.session.items if hasattr(item, "callspec")]
    looks = dict.fromkeys(look for look in chosen if isinstance(look, Look))
    with CdnStandIn() as stand_in, CdnStandIn() as gone:
        origins = {folder.name: stand_in.url for folder in HOSTS.iterdir()}
        away = dict.fromkeys(origins, gone.url)
        for path in filter(Path.is_file, HOSTS.rglob("*")):
            address = "/" + "/".join(path.relative_to(HOSTS).parts[1:])
            stand_in.files[address] = (guess_type(path)[0] or "application/json", path.read_bytes())
            gone.statuses[address] = 503
        folder = tmp_path_factory.mktemp("cdn")
        browsers = {
            is_away: SealedBrowser(BROWSER, cdn_files(folder / str(is_away), hosts), apps_at_once=AT_ONCE)
            for is_away, hosts in ((False, origins), (True, away))
        }
        with ThreadPoolExecutor(AT_ONCE) as threads, pytest.MonkeyPatch.context() as patch:

            def begin(wanted: Iterable[Look]) -> dict[Look, Future[Verification]]:
                return {look: threads.submit(verify, browsers[look.is_away], look) for look in wanted}

            seen = begin(look for look in looks if not look.change)
            wait(seen.values(), STUCK_SECONDS)
            # Time makes no wrong page right, and there are many of them.
            patch.setattr(page_checks, "USUAL_SECONDS", WRONG_SECONDS)
            seen |= begin(look for look in looks if look.change)
            wait(seen.values(), STUCK_SECONDS)
            # A busy machine is no verdict: what had no time to answer is asked again, and gets more of it.
            patch.setattr(page_checks, "USUAL_SECONDS", page_checks.MOST_SECONDS)
            yield seen | begin(look for look in looks if had_no_time(seen[look].result(STUCK_SECONDS)))
            threads.shutdown(cancel_futures=True)
        for browser in browsers.values():
            asyncio.run(browser.close())


def had_no_time(seen: Verification) -> bool:
    return any(verdict.evidence in {page_checks.NO_TURN.evidence, NO_ANSWER} for verdict in seen.verdicts)


def verify(browser: SealedBrowser, look: Look) -> Verification:
    chosen = sample(look.sample)
    files = look.change.applied_to(chosen.right) if look.change else chosen.right
    return asyncio.run(BrowserVerifier(StaticVerifier(), browser).verify(files, chosen.rounds[look.round], ADDRESS))


def seen_in(verified: Verified, look: Look) -> list[Verdict]:
    return list(verified[look].result(STUCK_SECONDS).verdicts)


@needs_browser
@pytest.mark.parametrize(
    ("look", "number"), [(look, number) for look in right_looks() for number in checks_of(look)], ids=str
)
def test_a_right_page_passes(verified: Verified, look: Look, number: int) -> None:
    verdict = seen_in(verified, look)[number - 1]
    is_undecided = number in sample(look.sample).undecided.get(look.round, [])
    assert verdict.outcome is (Outcome.NOT_VERIFIABLE if is_undecided else Outcome.PASS), verdict
    assert verdict.evidence


@needs_browser
@pytest.mark.parametrize(
    ("look", "number"), [(look, number) for look in wrong_looks() for number in look.broken], ids=str
)
def test_a_wrong_page_fails_with_evidence(verified: Verified, look: Look, number: int) -> None:
    verdict = seen_in(verified, look)[number - 1]
    assert verdict.outcome is Outcome.FAIL, verdict
    if verdict.check.script is not None:
        assert re.match(r"its value is \S|it threw \S", verdict.evidence), verdict
    assert verdict.evidence


@needs_browser
@pytest.mark.parametrize("look", wrong_looks(), ids=str)
def test_what_is_right_on_a_wrong_page_is_not_blamed(verified: Verified, look: Look) -> None:
    undecided = sample(look.sample).undecided.get(look.round, [])
    blamed = {
        verdict.check.text: verdict.evidence
        for number, verdict in enumerate(seen_in(verified, look), start=1)
        if number not in look.broken
        and verdict.outcome is not (Outcome.NOT_VERIFIABLE if number in undecided else Outcome.PASS)
    }
    assert blamed == {}


@needs_browser
@pytest.mark.parametrize("look", away_looks(), ids=str)
def test_with_foreign_hosts_out_of_reach_what_depends_on_them_is_not_verifiable(verified: Verified, look: Look) -> None:
    chosen = sample(look.sample)
    still_open = {*chosen.away[look.round], *chosen.undecided.get(look.round, [])}
    outcomes = [verdict.outcome for verdict in seen_in(verified, look)]
    assert outcomes == [
        Outcome.NOT_VERIFIABLE if number in still_open else Outcome.PASS for number in range(1, len(outcomes) + 1)
    ]


@needs_browser
@pytest.mark.parametrize("look", wrong_away_looks(), ids=str)
def test_with_foreign_hosts_out_of_reach_a_wrong_page_fails_where_they_cannot_matter(
    verified: Verified, look: Look
) -> None:
    verdicts = seen_in(verified, look)
    for number in look.broken:
        verdict = verdicts[number - 1]
        assert verdict.outcome in {Outcome.FAIL, Outcome.NOT_VERIFIABLE}, verdict
        assert (verdict.outcome is Outcome.FAIL) == ("out of reach" not in verdict.evidence)


@pytest.mark.parametrize("name", NAMES)
def test_every_check_that_can_be_decided_has_a_wrong_page(name: str) -> None:
    chosen = sample(name)
    broken = {(change.round, number) for change in chosen.changes for number in change.checks}
    lacking = [
        (label, number)
        for label, brief in chosen.rounds.items()
        for number in range(1, len(brief.checks) + 1)
        if (label, number) not in broken and number not in chosen.undecided.get(label, [])
    ]
    assert lacking == []
    assert not [
        check
        for label in chosen.undecided
        for check in chosen.undecided[label]
        if chosen.rounds[label].checks[check - 1].script
    ]


@pytest.mark.parametrize("look", wrong_looks(), ids=str)
def test_a_wrong_page_differs_from_the_right_one_in_one_place(look: Look) -> None:
    assert look.change
    right = sample(look.sample).right
    wrong = look.change.applied_to(right)
    assert {path for path in right if wrong.get(path) != right[path]} == {look.change.path}
    assert set(look.broken) <= set(checks_of(look))
