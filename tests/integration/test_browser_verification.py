import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.domain.brief import Check
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Outcome, Severity, Verification
from pipeline.verification.browser import process as browser_process
from pipeline.verification.browser.look import MAX_SCREENSHOT
from pipeline.verification.browser.process import ChromiumProcess
from pipeline.verification.browser.record import PageLook
from pipeline.verification.browser.sealed_browser import BrowserFailed, SealedBrowser, find_browser
from pipeline.verification.combined import NEEDS_SERVER, NO_BROWSER, BrowserVerifier
from pipeline.verification.static import StaticVerifier
from tests.builders import make_brief, make_files
from tests.fakes.cdn import CdnStandIn, cdn_files

BROWSER = find_browser(None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no browser on this machine")

ADDRESS = "https://octo.github.io/app/"
PNG = b"\x89PNG\r\n\x1a\n"
BOOTSTRAP = "https://cdn.jsdelivr.net/npm/bootstrap@5.3.3/dist/css/bootstrap.min.css"


@pytest.fixture(scope="module")
def browser() -> Iterator[SealedBrowser]:
    assert BROWSER
    shared = SealedBrowser(BROWSER)
    yield shared
    asyncio.run(shared.close())


def scripts(*texts: str) -> list[Check]:
    return [Check.from_script(text) for text in texts]


async def look(browser: SealedBrowser, html: str, *checks: str, **files: str) -> PageLook:
    return await browser.look(make_files({"index.html": html, **files}), scripts(*checks), ADDRESS)


def outcomes(seen: PageLook | Verification) -> list[str]:
    return [verdict.outcome.value for verdict in seen.verdicts]


def running_process(browser: SealedBrowser) -> ChromiumProcess:
    """The browser's process, which is nobody's business but that of tests that do what the system may do to it."""
    looks = browser._looks  # noqa: SLF001
    assert looks
    assert looks._pool  # noqa: SLF001
    assert looks._pool._current  # noqa: SLF001
    return looks._pool._current  # noqa: SLF001


def read_environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").exists()


RIGHT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sales ünï</title>
<link rel="stylesheet" href="style.css"></head><body>
<form id="form"><select id="region"><option>all</option></select><button id="more" type="button">more</button></form>
<p id="total">41</p><p id="late"></p>
<script>
document.querySelector("#more").onclick = () => total.textContent = Number(total.textContent) + 1;
setTimeout(() => late.textContent = "here", 500);
fetch("data.csv").then(r => r.text()).then(text => document.body.dataset.rows = text.trim().split("\\n").length);
</script></body></html>"""
WRONG = "<!doctype html><title>Something else</title><p>nothing</p>"
CHECKS = (
    "document.title === 'Sales ünï'",  # an expression
    "document.title === `Sales ünï`; // with a comment",
    "const form = document.querySelector('#form'); return form.tagName === 'FORM'",  # a body
    "const select = document.querySelector('#region'); select.tagName === 'SELECT'",  # statements: the last value
    "() => document.querySelector('#total').textContent === '41'",  # a function
    "new Promise(done => setTimeout(() => done(document.querySelector('#region')), 50))",  # a promise
    "(await fetch('data.csv')).ok",
    "document.querySelector('#late').textContent === 'here'",  # after a while
    "document.body.dataset.rows === '3'",
    "getComputedStyle(document.body).color === 'rgb(1, 2, 3)'",
    "(() => { document.querySelector('#more').click(); return true; })()",  # changes the page
    "document.querySelector('#total').textContent === '42'",  # sees the change, made once
)


async def test_a_right_page_passes_every_kind_of_script(browser: SealedBrowser) -> None:
    seen = await look(browser, RIGHT, *CHECKS, **{"style.css": "body {color: rgb(1, 2, 3)}", "data.csv": "a\nb\nc\n"})
    assert outcomes(seen) == ["pass"] * len(CHECKS), [v.evidence for v in seen.verdicts]
    assert {verdict.method for verdict in seen.verdicts} == {"browser"}
    assert seen.findings == ()


async def test_a_wrong_page_fails_every_kind_of_script(browser: SealedBrowser) -> None:
    seen = await look(browser, WRONG, *CHECKS)
    assert outcomes(seen) == ["fail"] * len(CHECKS)


async def test_the_value_or_the_exception_is_the_evidence(browser: SealedBrowser) -> None:
    seen = await look(
        browser,
        RIGHT,
        "document.querySelector('#total').textContent.length",
        "document.querySelector('#none').textContent",
        "Promise.reject(new Error('no luck'))",
        "document.querySelector('#form')",
        "0",
        "this is no script",
        "while (true) {}",
    )
    evidence = [verdict.evidence for verdict in seen.verdicts]
    assert outcomes(seen) == ["pass", "fail", "fail", "pass", "fail", "fail", "fail"]
    assert evidence[0] == "its value is 2"
    assert evidence[1].startswith("it threw TypeError: Cannot read properties of null")
    assert evidence[2] == "it threw Error: no luck"
    assert evidence[3] == "its value is <form>"
    assert evidence[4] == "its value is 0"
    assert "SyntaxError" in evidence[5]


async def test_a_slow_check_does_not_use_up_the_time_of_a_right_one(browser: SealedBrowser) -> None:
    seen = await look(browser, RIGHT, "new Promise(() => 0)", "false", "document.querySelector('#late').textContent")
    assert outcomes(seen) == ["fail", "fail", "pass"]


async def test_within_n_seconds_gives_the_page_more_time(browser: SealedBrowser) -> None:
    page = "<script>setTimeout(() => document.title = 'solved', 6000)</script>"
    checks = [Check.from_text("js: document.title === 'solved' // within 9 seconds")]
    seen = await browser.look(make_files({"index.html": page}), checks, ADDRESS)
    assert outcomes(seen) == ["pass"]


async def test_the_page_is_served_as_by_a_host_of_static_files(browser: SealedBrowser) -> None:
    seen = await look(
        browser,
        "<title>x</title>",
        f"location.href === '{ADDRESS}' && isSecureContext",
        "(await fetch('about/')).ok",
        "(await fetch('ü.txt?v=2')).headers.get('content-type') === 'text/plain; charset=utf-8'",
        "(await (await fetch('ü.txt')).text()) === 'grüße'",
        "(await fetch('none.txt')).status === 404",
        "(await fetch('index.html', {method: 'POST'})).status === 405",
        "(await fetch('/style.css')).status === 404",
        **{"about/index.html": "about", "ü.txt": "grüße"},
    )
    assert outcomes(seen) == ["pass"] * 7, [v.evidence for v in seen.verdicts]


async def test_what_goes_wrong_on_the_page_is_found(browser: SealedBrowser) -> None:
    page = """<title>x</title><img src="no.png"><script src="http://localhost:3000/app.js"></script>
    <script>console.log("plain"); console.error("bad news");
throw new TypeError("oh dear");</script><script src="app.js"></script>"""
    seen = await look(browser, page, **{"app.js": "\n\nundefinedFunction();"})
    found = {(finding.rule, finding.path, finding.line) for finding in seen.findings}
    assert ("console-error", "index.html", 2) in found
    assert ("page-error", "index.html", 3) in found
    assert ("page-error", "app.js", 3) in found
    messages = [finding.message for finding in seen.findings]
    assert any("no.png" in message and "is not in the app" in message for message in messages)
    assert any("localhost:3000" in message and "own machine" in message for message in messages)
    assert seen.console == (
        "log: plain",
        "error: bad news",
        "uncaught: TypeError: oh dear",
        "uncaught: ReferenceError: undefinedFunction is not defined",
    )
    assert all(finding.severity is Severity.ERROR for finding in seen.findings if finding.rule != "console-error")


async def test_only_the_first_of_many_complaints_are_kept_and_they_are_short(browser: SealedBrowser) -> None:
    page = "<script>for (let i = 0; i < 500; i++) console.error(i + 'x'.repeat(1e5))</script>"
    seen = await look(browser, page)
    errors = [finding for finding in seen.findings if finding.rule == "console-error"]
    assert len(errors) == 10
    assert max(len(finding.message) for finding in errors) <= 301
    assert len(seen.console) <= 50


async def test_a_picture_and_the_text_of_the_page_are_kept(browser: SealedBrowser) -> None:
    seen = await look(browser, RIGHT)
    assert seen.screenshot
    assert seen.screenshot.startswith(PNG)
    assert "41" in seen.text


async def test_the_picture_has_a_bounded_size(browser: SealedBrowser) -> None:
    noise = """<style>body {margin: 0}</style><canvas id="c" width="1280" height="800"></canvas><script>
    const g = c.getContext("2d"), d = g.createImageData(1280, 800);
    for (let i = 0; i < d.data.length; i++) d.data[i] = i % 4 == 3 ? 255 : Math.random() * 256;
    g.putImageData(d, 0, 0);</script>"""
    seen = await look(browser, noise)
    assert seen.screenshot
    assert len(seen.screenshot) <= MAX_SCREENSHOT


async def test_a_page_that_is_too_wide_for_phones_is_found(browser: SealedBrowser) -> None:
    seen = await look(browser, "<div id='wide' style='width: 900px'>x</div>")
    assert [finding.rule for finding in seen.findings] == ["too-wide-for-phones"]
    assert "div#wide" in seen.findings[0].message


LOOP = "<title>x</title><script>for (;;);</script>"
HOSTILE = {
    "endless loop": LOOP,
    "endless loop later": "<script>setTimeout(() => { for (;;); }, 300)</script>",
    "heap bomb": "<script>const a = []; for (;;) a.push(new Array(1e5).fill(Math.random()))</script>",
    "buffer bomb": "<script>const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))</script>",
    "alert storm": "<script>for (;;) alert(1)</script>",
    "popup storm": "<script>for (;;) window.open('about:blank')</script>",
    "reload storm": "<script>setInterval(() => location.reload(), 1)</script>",
    "endless navigation": "<script>location.href = '?' + Math.random()</script>",
}


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_page_frees_its_place_and_harms_nobody(html: str) -> None:
    assert BROWSER
    browser = SealedBrowser(BROWSER, apps_at_once=1)
    try:
        hostile = asyncio.create_task(look(browser, html, "document.title === 'never'"))
        after = await asyncio.wait_for(look(browser, RIGHT, "document.title === 'Sales ünï'"), 30)
        seen = await hostile
    finally:
        await browser.close()
    assert outcomes(seen) == ["fail"]
    assert "page-dies" in {finding.rule for finding in seen.findings}
    assert outcomes(after) == ["pass"]


async def test_an_app_beside_a_hostile_one_is_unharmed(browser: SealedBrowser) -> None:
    hostile = asyncio.create_task(look(browser, HOSTILE["buffer bomb"]))
    beside = await look(browser, RIGHT, "document.querySelector('#late').textContent === 'here'")
    assert outcomes(beside) == ["pass"], beside.verdicts
    await hostile


@pytest.mark.parametrize(
    "html",
    [
        "<script>location.href = 'https://elsewhere.example/'</script>",
        "<a id='a' download='x' href='data:text/plain,x'>x</a><script>a.click()</script>",
        "<script>for (let i = 0; i < 20; i++) confirm('x')</script>",
        "<script>close()</script>",
        "<script>setInterval(() => { throw new Error(Math.random()) }, 0)</script>",
    ],
)
async def test_other_bad_manners_end_in_a_verdict(browser: SealedBrowser, html: str) -> None:
    seen = await look(browser, html, "document.title === 'never'")
    assert outcomes(seen)[0] != "pass"


async def test_a_browser_that_was_killed_is_replaced_and_the_app_looked_at_again(browser: SealedBrowser) -> None:
    slow = "<title>x</title><script>setTimeout(() => document.title = 'done', 2500)</script>"
    looking = asyncio.create_task(look(browser, slow, "document.title === 'done'"))
    await asyncio.sleep(1)
    running_process(browser).kill()
    assert outcomes(await looking) == ["pass"]


async def test_the_browser_is_replaced_after_some_apps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert BROWSER
    monkeypatch.setattr(browser_process, "RECYCLE_AFTER", 2)
    browser = SealedBrowser(BROWSER)
    used = set()
    for _ in range(3):
        await look(browser, "<title>x</title>", "true")
        used.add(running_process(browser).pid)
    await browser.close()
    assert len(used) == 2


def test_looks_from_several_event_loops_share_one_browser(browser: SealedBrowser) -> None:
    for _ in range(2):
        assert outcomes(asyncio.run(look(browser, RIGHT, "true"))) == ["pass"]


def descendants() -> set[int]:
    """Processes that this one started, directly or not."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent, state in map(str.split, listed.splitlines()) if state[0] != "Z"}
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


@pytest.mark.parametrize("html", ["<title>x</title>", LOOP])
async def test_closing_leaves_no_process_behind(html: str) -> None:
    assert BROWSER
    before = descendants()
    browser = SealedBrowser(BROWSER)
    looking = asyncio.create_task(look(browser, html, "true"))
    await (asyncio.sleep(2) if html == LOOP else looking)
    started = descendants() - before
    assert len(started) >= 3
    await browser.close()
    if html == LOOP:
        with pytest.raises(asyncio.CancelledError):
            await looking
    ends = time.monotonic() + 5
    while any(map(is_alive, started)) and time.monotonic() < ends:
        await asyncio.sleep(0.1)
    assert [pid for pid in started if is_alive(pid)] == []


async def test_the_browser_gets_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert BROWSER
    monkeypatch.setenv("LLM_API_KEY", "sk-canary-0123456789")
    browser = SealedBrowser(BROWSER)
    try:
        await look(browser, "<title>x</title>")
        environment = read_environment(running_process(browser).pid)
    finally:
        await browser.close()
    assert b"sk-canary" not in environment
    assert b"HOME=" in environment


async def test_a_browser_that_does_not_start_says_so(tmp_path: Path) -> None:
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    browser = SealedBrowser(program)
    with pytest.raises(BrowserFailed, match="did not start"):
        await look(browser, RIGHT)
    await browser.close()


PAGE_WITH_BOOTSTRAP = f"<title>x</title><link rel='stylesheet' href='{BOOTSTRAP}'><p class='card'>x</p>"
NEEDS_BOOTSTRAP = "getComputedStyle(document.querySelector('.card')).display === 'flex'"


async def test_a_page_with_a_library_is_verified_when_its_host_answers(tmp_path: Path) -> None:
    assert BROWSER
    with CdnStandIn() as stand_in:
        stand_in.files["/npm/bootstrap@5.3.3/dist/css/bootstrap.min.css"] = ("text/css", b".card {display: flex}")
        browser = SealedBrowser(BROWSER, cdn_files(tmp_path, {"cdn.jsdelivr.net": stand_in.url}))
        right = await look(browser, PAGE_WITH_BOOTSTRAP, NEEDS_BOOTSTRAP, "document.title === 'x'")
        wrong = await look(browser, PAGE_WITH_BOOTSTRAP.replace("card", "cart"), NEEDS_BOOTSTRAP)
        missing = await look(browser, PAGE_WITH_BOOTSTRAP.replace("min.css", "none.css"), NEEDS_BOOTSTRAP)
        await browser.close()
    assert outcomes(right) == ["pass", "pass"]
    assert outcomes(wrong) == ["fail"]
    assert outcomes(missing) == ["fail"]
    assert "its host has no such file" in missing.findings[0].message


async def test_without_the_librarys_host_only_checks_that_hold_are_decided(tmp_path: Path) -> None:
    assert BROWSER
    with CdnStandIn() as stand_in:
        down = stand_in.url
    browser = SealedBrowser(BROWSER, cdn_files(tmp_path, {"cdn.jsdelivr.net": down}))
    seen = await look(browser, PAGE_WITH_BOOTSTRAP, NEEDS_BOOTSTRAP, "document.title === 'x'")
    await browser.close()
    assert outcomes(seen) == ["not_verifiable", "pass"]
    assert "cdn.jsdelivr.net" in seen.verdicts[0].evidence
    assert [finding.severity for finding in seen.findings] == [Severity.WARNING]


async def test_a_check_that_fails_without_a_foreign_service_is_not_verifiable(browser: SealedBrowser) -> None:
    page = """<script>fetch("https://api.github.com/users/x").then(r => r.json()).then(u => document.title = u.name)
    </script>"""
    seen = await look(browser, page, "document.title.length > 0")
    assert outcomes(seen) == ["not_verifiable"]
    assert "api.github.com" in seen.verdicts[0].evidence


async def test_a_page_that_asks_the_visitors_own_machine_has_no_excuse(browser: SealedBrowser) -> None:
    seen = await look(browser, "<script>fetch('http://localhost:3000/x')</script>", "document.title === 'x'")
    assert outcomes(seen) == ["fail"]


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
