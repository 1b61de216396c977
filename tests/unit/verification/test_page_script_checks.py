"""Page scripts without a browser: they may be seen to fail, and never to pass."""

import pytest

from pipeline.domain.brief import Check
from pipeline.domain.verdict import Outcome
from pipeline.verification.static import StaticVerifier
from tests.builders import make_brief, make_files
from tests.cases import cases

CASES = cases("page-scripts")
STILL = "<!doctype html><title>x</title><form id=search><p class=a>x</p></form>"
ALIVE = f"{STILL}<script></script>"


async def outcome(script: str, html: str | None) -> tuple[Outcome, str]:
    files = make_files({"LICENSE": "x"} if html is None else {"index.html": html})
    brief = make_brief(checks=(Check.from_script(script),))
    (verdict,) = (await StaticVerifier().verify(files, brief, "https://o.github.io/r/")).verdicts
    return verdict.outcome, verdict.evidence


FAILING = CASES["failing"]


@pytest.mark.parametrize("script", FAILING[:-1])
async def test_a_script_that_needs_what_a_still_page_lacks_fails(script: str) -> None:
    result, evidence = await outcome(script, STILL)
    assert result is Outcome.FAIL
    assert "index.html has no " in evidence
    assert "total" in evidence or "<script>" in evidence


@pytest.mark.parametrize("script", FAILING)
async def test_the_same_script_is_undecided_when_the_page_is_alive_or_not_there(script: str) -> None:
    for html in (ALIVE, None):
        result, evidence = await outcome(script, html)
        assert result is Outcome.NOT_VERIFIABLE
        assert "needs a browser" in evidence


@pytest.mark.parametrize("script", CASES["undecided"])
async def test_whatever_is_not_sure_to_fail_is_undecided_and_nothing_passes(script: str) -> None:
    assert (await outcome(script, STILL))[0] is Outcome.NOT_VERIFIABLE
