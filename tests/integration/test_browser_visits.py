"""Acceptance tests, played in the sealed browser."""

import pytest

from pipeline.domain.acceptance import AcceptanceTest, Action, Step
from pipeline.domain.brief import Check
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Outcome
from pipeline.verification.browser.sealed_browser import SealedBrowser
from pipeline.verification.combined import BrowserTester
from pipeline.verification.static import StaticVerifier
from tests.builders import make_brief, make_files
from tests.integration.browser_rig import ADDRESS, needs_browser

pytestmark = needs_browser

PAGE = """<!doctype html><title>People</title><input id="name" value="nobody">
<select id="kind"><option value="a">Guest<option value="b">Host</select>
<button id="add" onclick="if (confirm('Sure?')) setTimeout(() => {
  list.innerHTML += `<li>${document.querySelector('#name').value}, ${kind.selectedOptions[0].text}</li>`;
  localStorage.seen = 'yes' }, 300)">Add</button><button id="off" disabled>Off</button>
<ul id="list"></ul><p id="kept"></p><p id="hidden" hidden>secret</p>
<script>kept.textContent = `${localStorage.seen ?? "new"} ${location.search}`;
document.querySelector("#name").onkeydown = e => { if (e.key === "Enter") list.innerHTML = "by key" };</script>"""
ADDED = [("fill", "#name", "Ada"), ("fill", "#kind", "Host"), ("click", "role=button[name=/add/i]", "")]
SHOWS = [("expect", "#list", "ada, host")]


def written(*steps: tuple[str, str, str]) -> AcceptanceTest:
    return AcceptanceTest("a visit", tuple(Step(Action(action), on, value) for action, on, value in steps))


VISITS = [
    ([*ADDED, *SHOWS], "pass", "all its steps"),
    ([*ADDED, *SHOWS, ("open", "", ""), ("expect", "#kept", "yes"), ("gone", "#list li", "")], "pass", ""),
    ([("expect", "#kept", "new")], "pass", ""),  # nothing is left of earlier visits
    ([("open", "", "?a=1"), ("expect", "#kept", "?a=1")], "pass", ""),
    ([("press", "#name", "Enter"), ("wait", "", "0.1"), ("expect", "#list", "by key")], "pass", ""),
    ([("script", "", "document.title === 'People'"), ("expect", "#name", "nobody")], "pass", ""),
    ([("expect", "#hidden", "secret")], "fail", "step 1 (expect #hidden “secret”): nothing visible matches"),
    ([("expect", "#kept", "old")], "fail", "it shows “new”"),
    ([("gone", "#kept", "new")], "fail", "it is still there: new"),
    ([("click", "#nowhere", ""), *SHOWS], "fail", "matches #nowhere"),
    ([("click", "#off", ""), *SHOWS], "fail", "not enabled"),
    ([("expect", "##[", "x")], "not_verifiable", "cannot be played"),
    ([("press", "", "Nokey"), *SHOWS], "not_verifiable", "Unknown key"),
    ([("script", "", "1 +")], "not_verifiable", "SyntaxError"),
]


@pytest.mark.parametrize(("steps", "outcome", "evidence"), VISITS)
async def test_a_visit_tells_what_became_of_it(
    browser: SealedBrowser, steps: list[tuple[str, str, str]], outcome: str, evidence: str
) -> None:
    (trial,) = await browser.play(make_files({"index.html": PAGE}), ADDRESS, [written(*steps)])
    assert trial.outcome == outcome, trial.evidence
    assert evidence in trial.evidence


async def test_without_the_network_that_the_page_needs_nothing_is_told(browser: SealedBrowser) -> None:
    page = (
        "<p id=x></p><script>fetch('https://api.example/v1').then(r => r.json()).then(d => x.textContent = d)</script>"
    )
    (trial,) = await browser.play(make_files({"index.html": page}), ADDRESS, [written(("expect", "#x", "1"))])
    assert trial.outcome is Outcome.NOT_VERIFIABLE
    assert "api.example" in trial.evidence


async def test_programs_are_not_visited(browser: SealedBrowser) -> None:
    tester = BrowserTester(StaticVerifier(), browser)
    assert await tester.try_out(AppFiles({"app.py": b"x = 1"}), ADDRESS, [written(*SHOWS)]) == ()


@pytest.mark.parametrize(
    ("check", "is_open"),
    [
        ("Repo has MIT license", False),
        ('Page title is "Sales"', False),
        ("js: document.title", False),
        ("The page makes a friendly impression", True),
    ],
)
async def test_prose_of_a_known_form_is_not_open(browser: SealedBrowser, check: str, *, is_open: bool) -> None:
    brief = make_brief(checks=(Check.from_text(check),))
    assert await BrowserTester(StaticVerifier(), browser).left_open(brief) is is_open
