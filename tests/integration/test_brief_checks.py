"""Every check of the sample briefs, judged on pages that are right and on pages that are wrong in what it asks for.

``tests/data/pages`` holds a folder for each brief: the right page, which fulfils every round, and ``wrong.toml``:

- ``[[wrong]]``: what is changed in the right app (``search`` and ``replace`` in ``path``, or without them ``path`` is
  taken away), and the numbers of the checks that this breaks; all others must hold as before;
- ``[undecided]``: round -> checks in prose that no rule decides;
- ``[away]``: round -> checks that cannot be verified while foreign hosts are out of reach.

``hosts`` holds what foreign hosts serve.
"""

import asyncio
import json
import re
import tomllib
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cache
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from pipeline.assembly import assemble
from pipeline.domain.brief import Attachment, Brief, Check
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Outcome, Verdict, Verification
from pipeline.verification.browser import checks as page_checks
from pipeline.verification.browser.sealed_browser import SealedBrowser, find_browser
from pipeline.verification.combined import BrowserVerifier
from pipeline.verification.static import StaticVerifier
from tests.builders import make_brief, make_files, make_generation
from tests.fakes.cdn import CdnStandIn, cdn_files

BROWSER = find_browser(None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="there is no browser on this machine")

DATA = Path(__file__).parents[1] / "data"
PAGES = DATA / "pages"
HOSTS = PAGES / "hosts"
ADDRESS = "https://octo.github.io/app/"
AT_ONCE = 8
WRONG_SECONDS = 2.0
STUCK_SECONDS = 300
INDEX = "index.html"


@dataclass(frozen=True)
class Change:
    """How a wrong app differs from the right one.

    Attributes:
        round: label of the round whose checks it breaks.
        checks: their numbers, from 1.
        name: what is wrong.
        path: of the file that is changed.
        search: occurs once in it; None = the file is taken away.
        replace: takes its place.
    """

    round: str
    checks: tuple[int, ...]
    name: str
    path: str = INDEX
    search: str | None = None
    replace: str = ""

    def applied_to(self, files: AppFiles) -> AppFiles:
        if self.search is None:
            assert self.path in files
            return AppFiles({path: content for path, content in files.items() if path != self.path})
        text = files.text(self.path)
        assert text is not None
        assert text.count(self.search) == 1, f"{self.path} holds it {text.count(self.search)} times: {self.search}"
        return AppFiles({**files, self.path: text.replace(self.search, self.replace).encode()})


@dataclass(frozen=True)
class Sample:
    """A brief with its right app and what can be wrong with that.

    Attributes:
        rounds: label (``1``, ``2``, or ``2a`` and ``2b`` where a brief has two second rounds) -> brief.
        right: the app that fulfils them all.
        changes: ways of being wrong.
        undecided: round -> numbers of its checks in prose that stay open.
        away: round -> numbers of its checks that stay open while foreign hosts are out of reach.
    """

    rounds: Mapping[str, Brief]
    right: AppFiles
    changes: tuple[Change, ...]
    undecided: Mapping[str, list[int]] = field(default_factory=dict)
    away: Mapping[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """One verification: of which app, by which round's checks, and whether foreign hosts answer."""

    sample: str
    round: str
    change: Change | None = None
    is_away: bool = False

    def __str__(self) -> str:
        name = f"-{self.change.name.replace(' ', '-')}" if self.change else ""
        return f"{self.sample}-round-{self.round}{name}"


@cache
def sample(name: str) -> Sample:
    """The brief of that name and its pages."""
    document = json.loads((DATA / "briefs" / f"{name}.json").read_text("utf-8"))
    later = [entry["request"] for entry in document.get("round2", [])] + document.get("later", [])
    rounds = labelled([document.get("round1", document), *later])
    described = tomllib.loads((PAGES / name / "wrong.toml").read_text("utf-8"))
    changes = (Change(**{**entry, "checks": tuple(entry["checks"])}) for entry in described.pop("wrong"))
    return Sample(rounds, right_app(PAGES / name, rounds), tuple(changes), **described)


def labelled(requests: list[dict[str, Any]]) -> dict[str, Brief]:
    numbers = [str(request["round"]) for request in requests]
    return {
        number if numbers.count(number) == 1 else f"{number}{'abc'[numbers[:index].count(number)]}": brief_of(request)
        for index, (number, request) in enumerate(zip(numbers, requests, strict=True))
    }


def brief_of(request: Mapping[str, Any]) -> Brief:
    return make_brief(
        task=request["task"],
        round=request["round"],
        nonce=request["nonce"],
        text=request["brief"],
        checks=tuple(
            Check.from_script(item["js"]) if isinstance(item, dict) else Check.from_text(item)
            for item in request["checks"]
        ),
        attachments=tuple(attachment_of(item) for item in request["attachments"]),
    )


def attachment_of(item: Mapping[str, str]) -> Attachment:
    kind, _, data = item["url"].removeprefix("data:").partition(",")
    content = b64decode(data) if kind.endswith(";base64") else unquote_to_bytes(data)
    return Attachment(item["name"], kind.partition(";")[0], content)


def right_app(folder: Path, rounds: Mapping[str, Brief]) -> AppFiles:
    """What stands in ``folder``, with the attachments of all rounds and the files that are code's work."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "wrong.toml"
    }
    for brief in rounds.values():
        app = assemble(make_generation(files=make_files(files)), brief, Target.LOCAL, year=2026)
        files = dict(app.items())
    return make_files(files)


NAMES = sorted(path.stem for path in (DATA / "briefs").glob("*.json"))


def right_cases() -> Iterator[Any]:
    for name in NAMES:
        for label, brief in sample(name).rounds.items():
            for number in range(1, len(brief.checks) + 1):
                yield pytest.param(Look(name, label), number, id=f"{name}-round-{label}-check-{number}")


def wrong_cases() -> Iterator[Any]:
    for name in NAMES:
        for change in sample(name).changes:
            for number in change.checks:
                look = Look(name, change.round, change)
                shown = change.name.replace(" ", "-")
                yield pytest.param(
                    look,
                    number,
                    id=f"{name}-round-{change.round}-check-{number}-{shown}",
                )


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
            yield {**seen, **begin(look for look in looks if look.change)}
            threads.shutdown(cancel_futures=True)
        for browser in browsers.values():
            asyncio.run(browser.close())


def verify(browser: SealedBrowser, look: Look) -> Verification:
    chosen = sample(look.sample)
    files = look.change.applied_to(chosen.right) if look.change else chosen.right
    return asyncio.run(BrowserVerifier(StaticVerifier(), browser).verify(files, chosen.rounds[look.round], ADDRESS))


def seen_in(verified: Verified, look: Look) -> list[Verdict]:
    return list(verified[look].result(STUCK_SECONDS).verdicts)


@needs_browser
@pytest.mark.parametrize(("look", "number"), list(right_cases()))
def test_a_right_page_passes(verified: Verified, look: Look, number: int) -> None:
    verdict = seen_in(verified, look)[number - 1]
    is_undecided = number in sample(look.sample).undecided.get(look.round, [])
    assert verdict.outcome is (Outcome.NOT_VERIFIABLE if is_undecided else Outcome.PASS), verdict
    assert verdict.evidence


@needs_browser
@pytest.mark.parametrize(("look", "number"), list(wrong_cases()))
def test_a_wrong_page_fails_with_evidence(verified: Verified, look: Look, number: int) -> None:
    verdict = seen_in(verified, look)[number - 1]
    assert verdict.outcome is Outcome.FAIL, verdict
    if verdict.check.script is not None:
        assert re.match(r"its value is \S|it threw \S", verdict.evidence), verdict
    assert verdict.evidence


@needs_browser
@pytest.mark.parametrize("look", wrong_looks(), ids=str)
def test_what_is_right_on_a_wrong_page_is_not_blamed(verified: Verified, look: Look) -> None:
    assert look.change
    undecided = sample(look.sample).undecided.get(look.round, [])
    blamed = {
        verdict.check.text: verdict.evidence
        for number, verdict in enumerate(seen_in(verified, look), start=1)
        if number not in look.change.checks
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
def test_with_foreign_hosts_out_of_reach_a_wrong_page_is_not_verifiable_either(verified: Verified, look: Look) -> None:
    assert look.change
    verdicts = seen_in(verified, look)
    for number in look.change.checks:
        assert verdicts[number - 1].outcome is Outcome.NOT_VERIFIABLE, verdicts[number - 1]
        assert "out of reach" in verdicts[number - 1].evidence


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
    assert set(look.change.checks) <= set(range(1, len(sample(look.sample).rounds[look.round].checks) + 1))


@pytest.fixture(scope="module")
def browser() -> Iterator[SealedBrowser]:
    assert BROWSER
    shared = SealedBrowser(BROWSER)
    yield shared
    asyncio.run(shared.close())


async def verdicts_on(browser: SealedBrowser, html: str, *checks: str) -> list[Verdict]:
    files = make_files({INDEX: html})
    return list((await browser.look(files, [Check.from_script(text) for text in checks], ADDRESS)).verdicts)


@needs_browser
async def test_what_a_script_said_stays_its_evidence_when_time_ends_during_its_next_run(browser: SealedBrowser) -> None:
    says_no_then_nothing = "window.asked ? new Promise(() => 0) : ((window.asked = true), false)"
    (verdict,) = await verdicts_on(browser, "<title>x</title>", says_no_then_nothing)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.evidence == "its value is false"


COUNTED = """<title>x</title><p id="count"></p><button>Reset</button><script>
const count = document.querySelector("#count");
document.querySelector("button").onclick = () => count.textContent = "0";
</script>"""


@needs_browser
async def test_what_holds_only_after_a_later_check_has_clicked_fails(browser: SealedBrowser) -> None:
    clicks = "(() => { document.querySelector('button').click(); return true; })()"
    shown_at_once, _ = await verdicts_on(
        browser, COUNTED, "document.querySelector('#count').textContent === '0'", clicks
    )
    assert shown_at_once.outcome is Outcome.FAIL


@needs_browser
async def test_what_holds_before_a_later_check_clicks_passes_also_when_the_page_is_slow(browser: SealedBrowser) -> None:
    slow = COUNTED.replace("</script>", "setTimeout(() => count.textContent = '3', 300);</script>")
    waits_and_clicks = """(async () => {
      while (!document.querySelector('#count').textContent) await new Promise((done) => setTimeout(done, 10));
      document.querySelector('button').click();
      return document.querySelector('#count').textContent === '0';
    })()"""
    checks = ("document.querySelector('#count').textContent === '3'", waits_and_clicks)
    assert [verdict.outcome for verdict in await verdicts_on(browser, slow, *checks)] == [Outcome.PASS] * 2
