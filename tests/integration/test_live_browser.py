"""Published pages in the browser: as visitors see them, but with no way into the network around."""

from pipeline.domain.address import NeighbourRule
from pipeline.domain.brief import Check
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Verification
from pipeline.verification.combined import BrowserVerifier
from pipeline.verification.static import StaticVerifier
from tests.builders import make_brief
from tests.fakes.http_server import Handler, LoopbackServer
from tests.integration.browser_rig import needs_browser, outcomes, own_browser, scripts

pytestmark = needs_browser

FILES = AppFiles({"index.html": b"<title>what the files say</title>"})
PAGE = b"""<!doctype html><title>here</title><link rel="stylesheet" href="moved.css"><p id="p">text</p><script>
const tell = name => e => document.body.dataset[name] = e.message ? "refused" : "read";
fetch("data.json", {method: "POST", body: "x", headers: {"X-Own": "1"}}).then(r => r.text()).then(t => p.title = t);
fetch("http://192.168.7.7/").then(tell("inside"), tell("inside"));
</script>"""


class Site(LoopbackServer):
    """A page with what it loads; ``asked`` are the requests, as method and path."""

    def __init__(self) -> None:
        super().__init__(_Answers)
        self.asked: list[str] = []


class _Answers(Handler):
    fake: Site

    def answer(self) -> None:
        self.fake.asked.append(f"{self.command} {self.path}")
        body = self.body()
        kind, status, content, more = "text/html", 200, PAGE, {}
        if self.path == "/moved.css":
            status, content, more = 302, b"", {"Location": "/style.css"}
        elif self.path == "/style.css":
            kind, content = "text/css", b"#p { color: rgb(1, 2, 3) }"
        elif self.path == "/data.json":
            kind, content = "application/json", body + self.headers["X-Own"].encode()
        elif self.path == "/health":
            status, content = 204, b""
        elif self.path != "/":
            status, content = 404, b"no"
        self.send_head(status, {"Content-Type": kind, "Content-Length": str(len(content)), **more})
        self.wfile.write(content)


async def looked(address: str, endpoint: str, *checks: str) -> Verification:
    rule = NeighbourRule(endpoint, setting="endpoint")
    async with own_browser(live=rule) as browser:
        assert browser.is_live
        return await browser.look(
            AppFiles({"index.html": b"<title>what the files say</title>"}), scripts(*checks), address
        )


async def test_the_page_that_is_served_is_judged_with_what_it_loads() -> None:
    with Site() as site:
        seen = await looked(
            f"{site.origin}/",
            site.origin,
            "document.title === 'here'",
            "getComputedStyle(p).color === 'rgb(1, 2, 3)'",
            "p.title === 'x1'",
            "document.body.dataset.inside === 'refused'",
            "document.title === 'what the files say'",
        )
    assert outcomes(seen) == ["pass", "pass", "pass", "pass", "fail"]
    assert seen.picture
    assert {"GET /", "GET /style.css", "POST /data.json"} <= set(site.asked)


async def test_a_public_services_page_reaches_nothing_on_this_machine() -> None:
    with Site() as site:
        seen = await looked(f"{site.origin}/", "https://service.example.com", "document.title === 'here'")
    assert outcomes(seen) == ["fail"]
    assert site.asked == []


async def test_a_program_is_asked_what_it_answers_where_it_runs() -> None:
    checks = [Check.from_text(f"GET /health returns HTTP status code {status}") for status in (204, 200)]
    files = AppFiles({"Dockerfile": b"FROM x"})
    with Site() as site:
        async with own_browser(live=NeighbourRule(site.origin, setting="endpoint")) as browser:
            verifier = BrowserVerifier(StaticVerifier(), browser)
            seen = await verifier.verify(files, make_brief(checks=tuple(checks)), f"{site.origin}/")
    assert outcomes(seen) == ["pass", "fail"]
