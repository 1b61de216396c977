"""What is found on pages that no check asks about, and what excuses a check."""

from typing import Any

import pytest

from pipeline.domain.verdict import Severity, Verification
from pipeline.verification.browser import checks as page_checks
from pipeline.verification.browser.sealed_browser import SealedBrowser
from tests.builders import make_files
from tests.cases import cases
from tests.integration.browser_rig import ADDRESS, look, needs_browser, outcomes, scripts, sound

pytestmark = needs_browser

CASES = cases("page-findings")
AWAY = {
    "style": "<link rel=stylesheet href=https://styles.example/x.css>",
    "picture": "<img alt='' width=9 height=9 src=https://pictures.example/x.png>",
    "font": "<style>@font-face {font-family: f; src: url(https://fonts.example/x.woff2)} p {font-family: f}</style>",
    "script": "<script src=https://scripts.example/x.js></script>",
    "data": "<script>fetch('https://data.example/x').catch(() => 0)</script>",
}


@pytest.fixture(autouse=True)
def _time_makes_no_wrong_page_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_checks, "USUAL_SECONDS", 1.0)


def errors(seen: Verification) -> list[str]:
    return [finding.rule for finding in seen.errors]


@pytest.mark.parametrize("page", CASES["findings"], ids=lambda page: str(page["name"]))
async def test_what_is_wrong_with_a_page_is_an_error_whatever_the_checks_say(
    browser: SealedBrowser, page: dict[str, Any]
) -> None:
    files = {"index.html": sound(page["body"]), **page.get("files", {})}
    seen = await browser.look(make_files(files), scripts(*page.get("checks", [])), ADDRESS)
    assert errors(seen) == page["rules"], seen.findings


@pytest.mark.parametrize("page", CASES["sound"], ids=lambda page: str(page["name"]))
async def test_nothing_is_said_of_pages_that_only_look_alike(browser: SealedBrowser, page: dict[str, Any]) -> None:
    files = {"index.html": sound(page["body"]), **page.get("files", {})}
    seen = await browser.look(make_files(files), scripts(*page.get("checks", [])), ADDRESS)
    assert errors(seen) == [], seen.findings


async def test_a_page_without_a_language_a_title_and_names_is_told_so(browser: SealedBrowser) -> None:
    seen = await look(browser, "<!doctype html><p>x</p><button></button>")
    assert set(errors(seen)) == {"axe-button-name", "axe-document-title", "axe-html-has-lang"}
    assert all(finding.message for finding in seen.findings)


async def test_what_may_be_wrong_only_for_want_of_a_library_is_no_error(browser: SealedBrowser) -> None:
    page = AWAY["script"] + "<div id=app></div><script>start()</script>"
    seen = await look(browser, sound(page))
    assert errors(seen) == []
    assert {"blank-page", "page-error"} <= {finding.rule for finding in seen.findings}
    assert {finding.severity for finding in seen.findings} == {Severity.WARNING}


@pytest.mark.parametrize(("lacking", "script", "outcome"), CASES["excuses"])
async def test_only_what_a_check_can_depend_on_excuses_it(
    browser: SealedBrowser, lacking: str, script: str, outcome: str
) -> None:
    seen = await look(browser, sound(f"<p id=shown>shown</p>{AWAY.get(lacking, '')}"), script)
    assert outcomes(seen) == [outcome], seen.verdicts
