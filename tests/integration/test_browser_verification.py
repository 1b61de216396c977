"""What is seen of an app in the sealed browser."""

from io import BytesIO
from pathlib import Path

import imagesize

from pipeline.domain.brief import Check
from pipeline.domain.media_types import picture_type
from pipeline.domain.verdict import Outcome, Severity
from pipeline.verification.browser.look import MAX_SCREENSHOT
from pipeline.verification.browser.sealed_browser import SealedBrowser
from tests.builders import make_files
from tests.cases import cases
from tests.fakes.cdn import CdnStandIn, cdn_files
from tests.integration.browser_rig import ADDRESS, RIGHT, look, needs_browser, outcomes, own_browser, sound

pytestmark = needs_browser

PNG = b"\x89PNG\r\n\x1a\n"
BOOTSTRAP = "https://cdn.jsdelivr.net/npm/bootstrap@5.3.3/dist/css/bootstrap.min.css"


WRONG = "<!doctype html><title>Something else</title><p>nothing</p>"
CHECKS = cases("kinds-of-scripts")["scripts"]


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


async def test_pictures_are_taken_of_canvas_svg_and_element_once_they_rest(browser: SealedBrowser) -> None:
    page = """<!doctype html><canvas id=c width=30 height=20></canvas><svg id=s width=40 height=10></svg><p id=p>x</p>
    <script>
    const pen = c.getContext("2d");
    let width = 0;
    const draw = () => { pen.fillRect(0, 0, width++, 20); if (width <= 30) setTimeout(draw, 30); };
    fetch("d.json").then(() => draw());
    </script>"""
    wanted = {"c.png": "#c", "s.PNG": "svg", "p.jpg": "body > p", "none.png": "#none", "odd.png": "]["}
    files = make_files({"index.html": page, "d.json": "1"})
    taken = await browser.take(files, ADDRESS, wanted)
    assert {path: picture_type(content) for path, content in taken.items()} == {
        "c.png": "image/png",
        "s.PNG": "image/png",
        "p.jpg": "image/jpeg",
    }
    assert imagesize.get(BytesIO(taken["c.png"])) == (30, 20)
    full = files.with_files({"index.html": page.replace("width = 0", "width = 30").encode()})
    assert taken["c.png"] == (await browser.take(full, ADDRESS, {"c.png": "#c"}))["c.png"]


async def test_a_slow_check_does_not_use_up_the_time_of_a_right_one(browser: SealedBrowser) -> None:
    seen = await look(browser, RIGHT, "new Promise(() => 0)", "false", "document.querySelector('#late').textContent")
    assert outcomes(seen) == ["fail", "fail", "pass"]


async def test_what_a_script_said_stays_its_evidence_when_time_ends_during_its_next_run(browser: SealedBrowser) -> None:
    says_no_then_nothing = "window.asked ? new Promise(() => 0) : ((window.asked = true), false)"
    (verdict,) = (await look(browser, "<title>x</title>", says_no_then_nothing)).verdicts
    assert verdict.outcome is Outcome.FAIL
    assert verdict.evidence == "its value is false"


COUNTED = """<title>x</title><p id="count"></p><button>Reset</button><script>
const count = document.querySelector("#count");
document.querySelector("button").onclick = () => count.textContent = "0";
</script>"""


async def test_what_holds_only_after_a_later_check_has_clicked_fails(browser: SealedBrowser) -> None:
    clicks = "(() => { document.querySelector('button').click(); return true; })()"
    seen = await look(browser, COUNTED, "document.querySelector('#count').textContent === '0'", clicks)
    assert outcomes(seen) == ["fail", "pass"]


async def test_what_holds_before_a_later_check_clicks_passes_also_when_the_page_is_slow(browser: SealedBrowser) -> None:
    slow = COUNTED.replace("</script>", "setTimeout(() => count.textContent = '3', 300);</script>")
    waits_and_clicks = """(async () => {
      while (!document.querySelector('#count').textContent) await new Promise((done) => setTimeout(done, 10));
      document.querySelector('button').click();
      return document.querySelector('#count').textContent === '0';
    })()"""
    checks = ("document.querySelector('#count').textContent === '3'", waits_and_clicks)
    assert outcomes(await look(browser, slow, *checks)) == ["pass", "pass"]


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
    assert seen.picture
    assert seen.picture.startswith(PNG)
    assert "41" in seen.text


async def test_the_picture_has_a_bounded_size(browser: SealedBrowser) -> None:
    noise = """<style>body {margin: 0}</style><canvas id="c" width="1280" height="800"></canvas><script>
    const g = c.getContext("2d"), d = g.createImageData(1280, 800);
    for (let i = 0; i < d.data.length; i++) d.data[i] = i % 4 == 3 ? 255 : Math.random() * 256;
    g.putImageData(d, 0, 0);</script>"""
    seen = await look(browser, noise)
    assert seen.picture
    assert len(seen.picture) <= MAX_SCREENSHOT


async def test_a_page_that_is_too_wide_for_phones_is_found(browser: SealedBrowser) -> None:
    seen = await look(browser, sound("<div id='wide' style='width: 900px'>x</div>"))
    assert [(finding.rule, finding.severity) for finding in seen.findings] == [("too-wide-for-phones", Severity.ERROR)]
    assert "div#wide" in seen.findings[0].message


PAGE_WITH_BOOTSTRAP = sound(f"<link rel='stylesheet' href='{BOOTSTRAP}'><p class='card'>x</p>")
NEEDS_BOOTSTRAP = "getComputedStyle(document.querySelector('.card')).display === 'flex'"


async def test_a_page_with_a_library_is_verified_when_its_host_answers(tmp_path: Path) -> None:
    with CdnStandIn() as stand_in:
        stand_in.files["/npm/bootstrap@5.3.3/dist/css/bootstrap.min.css"] = ("text/css", b".card {display: flex}")
        async with own_browser(cdn_files(tmp_path, {"cdn.jsdelivr.net": stand_in.url})) as browser:
            right = await look(browser, PAGE_WITH_BOOTSTRAP, NEEDS_BOOTSTRAP, "document.title === 'x'")
            wrong = await look(browser, PAGE_WITH_BOOTSTRAP.replace("card", "cart"), NEEDS_BOOTSTRAP)
            missing = await look(browser, PAGE_WITH_BOOTSTRAP.replace("min.css", "none.css"), NEEDS_BOOTSTRAP)
    assert outcomes(right) == ["pass", "pass"]
    assert outcomes(wrong) == ["fail"]
    assert outcomes(missing) == ["fail"]
    assert "its host has no such file" in missing.findings[0].message


async def test_without_the_librarys_host_only_checks_that_hold_are_decided(tmp_path: Path) -> None:
    with CdnStandIn() as stand_in:
        down = stand_in.url
    async with own_browser(cdn_files(tmp_path, {"cdn.jsdelivr.net": down})) as browser:
        seen = await look(browser, PAGE_WITH_BOOTSTRAP, NEEDS_BOOTSTRAP, "document.title === 'x'")
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
