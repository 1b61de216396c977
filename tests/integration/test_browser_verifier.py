"""Reading and looking together: what the verifier with a browser says of a candidate."""

from pathlib import Path

from pipeline.domain.brief import Check
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import NO_BROWSER, Outcome, Verification
from pipeline.verification.browser.sealed_browser import SealedBrowser
from pipeline.verification.combined import NEEDS_SERVER, BrowserVerifier
from pipeline.verification.static import StaticVerifier
from tests.builders import make_brief, make_files
from tests.integration.browser_rig import ADDRESS, RIGHT, needs_browser, outcomes, scripts

pytestmark = needs_browser


PROSE = (
    'The page title is "Shop"',
    'The page displays "Hello there"',
    "There is a button with id `go`",
    "Page displays captcha URL passed at ?url=...",
    "All internal links work",
)
SHOP = """<script>document.title = "Shop";
addEventListener("DOMContentLoaded", () => document.body.innerHTML = "<h1>Hello  there</h1><button id=go>Go</button>" +
  "<p id=url></p><a href=about.html>about</a>" );
setTimeout(() => url.textContent = new URLSearchParams(location.search).get("url"), 300)</script>"""


async def verify(browser: SealedBrowser | None, files: AppFiles, *checks: Check) -> Verification:
    return await BrowserVerifier(StaticVerifier(), browser).verify(files, make_brief(checks=checks), ADDRESS)


async def test_prose_that_only_a_browser_can_decide_is_decided(browser: SealedBrowser) -> None:
    checks = [Check.from_text(text) for text in PROSE]
    right = await verify(browser, make_files({"index.html": SHOP, "about.html": "x"}), *checks)
    wrong = await verify(
        browser,
        make_files(
            {"index.html": SHOP.replace("Shop", "").replace("H", "B").replace("get(", "has(").replace("id=go", "")}
        ),
        *checks,
    )
    assert outcomes(right) == ["pass"] * 5, [v.evidence for v in right.verdicts]
    assert outcomes(wrong) == ["fail"] * 5, [v.evidence for v in wrong.verdicts]


async def test_prose_is_excused_by_what_is_out_of_reach_as_page_scripts_are(browser: SealedBrowser) -> None:
    checks = [Check.from_text(t) for t in ("#shown shows 'other'", "#gone shows 'other'", "No console errors")]
    page = "<!doctype html><title>x</title><p id=shown>shown</p>{}<script>console.error('x')</script>"
    away = "<script>fetch('https://data.example/x').catch(() => 0)</script>", "<img src=https://pictures.example/x.png>"
    seen = [await verify(browser, make_files({"index.html": page.format(what)}), *checks) for what in away]
    assert [outcomes(one) for one in seen] == [["not_verifiable", "fail", "not_verifiable"], ["fail"] * 3]


async def test_prose_that_code_cannot_judge_stays_undecided(browser: SealedBrowser) -> None:
    seen = await verify(browser, make_files(), Check.from_text("The design is beautiful"))
    assert outcomes(seen) == ["not_verifiable"]


async def test_reading_and_looking_are_told_together(browser: SealedBrowser) -> None:
    page = "<title>x</title><p id=a></p><p id=a></p><script>throw new Error('x')</script>"
    checks = (*scripts("document.title === 'x'"), Check.from_text("LICENSE exists"))
    seen = await verify(browser, make_files({"index.html": page}), *checks)
    assert outcomes(seen) == ["pass", "fail"]
    assert [verdict.method for verdict in seen.verdicts] == ["browser", "static"]
    assert {"missing-file", "page-error"} <= {finding.rule for finding in seen.findings}


async def test_without_a_browser_the_verdicts_say_so() -> None:
    seen = await verify(None, make_files({"index.html": RIGHT}), *scripts("document.title === 'x'"))
    assert seen.verdicts[0].outcome is Outcome.NOT_VERIFIABLE
    assert seen.verdicts[0].evidence == NO_BROWSER


async def test_apps_that_are_programs_are_not_opened(browser: SealedBrowser) -> None:
    for files in (
        {"app.py": "import gradio", "README.md": "x"},
        {"index.html": RIGHT, "Dockerfile": "FROM x", "README.md": "---\ntitle: x\nsdk: docker\n---\n"},
    ):
        seen = await verify(browser, make_files(files), *scripts("true"))
        assert seen.verdicts[0].evidence == NEEDS_SERVER


async def test_a_browser_that_fails_leaves_the_verdicts_of_reading(tmp_path: Path) -> None:
    browser = SealedBrowser(tmp_path / "none")
    seen = await verify(browser, make_files({"index.html": RIGHT}), *scripts("true"))
    await browser.close()
    assert seen.verdicts[0].outcome is Outcome.NOT_VERIFIABLE
    assert seen.verdicts[0].evidence.startswith("the browser failed")


REMEMBERS = """<title>x</title><button>more</button><p>0</p><script>
const count = document.querySelector("p");
count.textContent = localStorage.getItem("count") ?? "0";
document.querySelector("button").onclick = () => localStorage.setItem("count", count.textContent = "1");
</script>"""
CLICKS = "(() => { document.querySelector('button').click(); return true; })()"
FRESH = "document.querySelector('p').textContent === '0'"


async def test_checks_of_earlier_rounds_are_judged_apart_from_what_those_of_this_one_do(browser: SealedBrowser) -> None:
    brief = make_brief(checks=scripts(CLICKS, "localStorage.getItem('count') === '1'"))
    earlier = [*scripts(FRESH, CLICKS, "false"), Check.from_text("gone.txt exists")]
    files = make_files({"index.html": REMEMBERS})
    seen = await BrowserVerifier(StaticVerifier(), browser).verify(files, brief, ADDRESS, earlier)
    assert outcomes(seen) == ["pass", "pass"]
    assert [verdict.check for verdict in seen.earlier] == earlier
    assert [verdict.outcome.value for verdict in seen.earlier] == ["pass", "pass", "fail", "fail"]


async def test_on_a_page_that_dies_checks_of_earlier_rounds_fail_as_well(browser: SealedBrowser) -> None:
    files = make_files({"index.html": "<script>for (;;);</script>"})
    seen = await BrowserVerifier(StaticVerifier(), browser).verify(files, make_brief(checks=()), ADDRESS, scripts("1"))
    (verdict,) = seen.earlier
    assert verdict.outcome is Outcome.FAIL
    assert "hangs" in verdict.evidence
