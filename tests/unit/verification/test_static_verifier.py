"""What static verification finds in a candidate, and that it judges every check."""

from typing import Any

import pytest

from pipeline.domain.brief import Check
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Finding, Outcome, Severity, Verification
from pipeline.verification.static import MOST_FINDINGS, StaticVerifier
from tests.builders import INDEX_HTML, make_attachment, make_brief, make_files
from tests.cases import cases

CASES = cases("static")
ADDRESS = "https://octo.github.io/repo/"
WHOLE: dict[str, bytes | str] = {"index.html": INDEX_HTML, "LICENSE": "x", "README.md": "# x"}


async def verified(files: dict[str, bytes | str], address: str = ADDRESS, **brief: Any) -> Verification:
    whole: AppFiles = make_files({**WHOLE, **files})
    return await StaticVerifier().verify(whole, make_brief(**brief), address)


async def found(files: dict[str, bytes | str], **brief: Any) -> list[tuple[str, str | None, int | None]]:
    """Rule, path and line of each finding."""
    findings = (await verified(files, **brief)).findings
    return [(finding.rule, finding.path, finding.line) for finding in findings]


def page(body: str) -> str:
    return f"<!doctype html><meta name=viewport>\n<title>x</title>\n{body}\n"


async def test_a_file_that_is_not_the_picture_of_its_name_is_an_error_unless_it_came_so() -> None:
    files: dict[str, bytes | str] = {
        "a.png": b"\x89PNG\r\n\x1a\n",
        "b.jpg": "a drawing",
        "c.webp": b"\x89PNG\r\n\x1a\n",
    }
    assert await found(files) == [("not-a-picture", "b.jpg", None), ("not-a-picture", "c.webp", None)]
    sent = (make_attachment(name="b.jpg", content=b"a drawing"),)
    assert await found(files, attachments=sent) == [("not-a-picture", "c.webp", None)]


async def test_a_sound_app_has_no_findings() -> None:
    files: dict[str, bytes | str] = {
        "index.html": page(
            "<link rel=stylesheet href=style.css>\n<a href='docs/'>x</a><img src='data:image/png;base64,xx'>\n"
            "<script src=app.js></script>\n<script type=module>import './m.js'; await 1;</script>\n"
            "<script type=application/json>{}</script>\n<script type=text/template><b>{{x}}</script>"
        ),
        "docs/index.html": page("<a href='../index.html#x'>x</a>"),
        "style.css": "a { background: url('img/a.svg') }",
        "img/a.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
        "app.js": "fetch('data.json')",
        "m.js": "export const a = await 1",
        "data.json": "{}",
        "a.yml": "a: 1",
        "a.py": "x = 1",
    }
    assert await found(files) == []


async def test_an_app_without_a_page_a_licence_and_a_readme_is_told_so() -> None:
    verification = await StaticVerifier().verify(make_files({"a.txt": "x"}), make_brief(), ADDRESS)
    assert [(finding.rule, finding.path) for finding in verification.errors] == [
        ("no-entry", None),
        ("missing-file", "LICENSE"),
        ("missing-file", "README.md"),
    ]


async def test_an_app_that_becomes_a_space_and_has_no_card_is_told_that_nothing_starts_it() -> None:
    space = "https://octo-app.hf.space/"
    assert [(finding.rule, finding.path) for finding in (await verified({}, space)).errors] == [("no-entry", None)]
    assert (await verified({"README.md": "---\nsdk: static\n---\n# x"}, space)).findings == ()


@pytest.mark.parametrize(("entry", "content"), [("app.py", ""), ("Dockerfile", "FROM example/server")])
async def test_an_app_with_a_server_needs_no_page(entry: str, content: str) -> None:
    files = make_files({entry: content, "LICENSE": "x", "README.md": "x"})
    assert (await StaticVerifier().verify(files, make_brief(), ADDRESS)).findings == ()


async def test_a_duplicate_id_is_an_error_when_the_brief_or_a_check_names_it() -> None:
    files: dict[str, bytes | str] = {"index.html": page("<p id=total>\n<p id=total>")}
    checks = (Check.from_text("#total exists"),)
    for brief, severity in (
        ({"checks": checks}, Severity.ERROR),
        ({"text": "Put it into #total.", "checks": ()}, Severity.ERROR),
        ({"text": "#total-sales", "checks": ()}, Severity.WARNING),
    ):
        (finding, *_) = (await verified(files, **brief)).findings
        assert (finding.rule, finding.line, finding.severity) == ("duplicate-id", 4, severity)


@pytest.mark.parametrize("tag", CASES["references"])
async def test_a_reference_to_a_file_that_is_not_there_is_found(tag: str) -> None:
    assert await found({"index.html": page(tag)}) == [("broken-link", "index.html", 3)]


async def test_addresses_in_style_sheets_are_resolved_from_the_style_sheet() -> None:
    css = "a {\n background: url(a.ico) }"
    assert await found({"css/x.css": css, "a.ico": ""}) == [("broken-link", "css/x.css", 2)]
    assert await found({"css/x.css": css, "css/a.ico": ""}) == []


async def test_addresses_from_the_root_and_of_the_own_machine_are_found() -> None:
    body = "<link rel=stylesheet href=/style.css>\n<a href='file:///c/x.html'></a>\n<img src='http://localhost:8000/x.png'>"
    assert await found({"index.html": page(body), "style.css": ""}) == [
        ("root-absolute-url", "index.html", 3),
        ("local-address", "index.html", 4),
        ("local-address", "index.html", 5),
    ]


async def test_a_fetched_or_imported_file_that_is_not_there_is_a_warning_at_its_line() -> None:
    files: dict[str, bytes | str] = {
        "index.html": page("<script type=module src=js/app.js></script>\n<script>\nfetch('b.csv')</script>"),
        "js/app.js": "fetch('a.csv');\nimport './other.js';\nfetch('/api')",
        "js/a.csv": "",
    }
    verification = await verified(files)
    assert [(f.rule, f.path, f.line, f.severity) for f in verification.findings] == [
        ("broken-link", "index.html", 5, Severity.WARNING),
        ("broken-link", "js/app.js", 1, Severity.WARNING),
        ("root-absolute-url", "js/app.js", 3, Severity.ERROR),
        ("broken-link", "js/app.js", 2, Severity.WARNING),
    ]


async def test_broken_inline_code_is_found_with_its_line_in_the_page() -> None:
    body = "<script>\nlet a = 1;\nlet a = 2;</script>\n<script type=module>\nlet =</script>\n"
    body += "<script type='application/json'>\n{a}</script>\n<style>\na {} }</style>"
    assert await found({"index.html": page(body)}) == [
        ("js-syntax", "index.html", 5),
        ("js-syntax", "index.html", 7),
        ("json-syntax", "index.html", 9),
        ("css-syntax", "index.html", 11),
    ]


async def test_broken_files_are_found_with_their_line() -> None:
    files: dict[str, bytes | str] = {
        "a.css": "a {\n b: c",
        "a.js": "\nfoo(",
        "a.json": "\n{",
        "a.py": "\nif",
        "a.svg": "\n<svg>",
        "a.yml": "\na: [",
    }
    assert sorted(await found(files)) == [
        ("css-syntax", "a.css", 2),
        ("js-syntax", "a.js", 2),
        ("json-syntax", "a.json", 2),
        ("python-syntax", "a.py", 2),
        ("svg-syntax", "a.svg", 2),
        ("yaml-syntax", "a.yml", 2),
    ]


@pytest.mark.parametrize(("tag", "name", "broken"), CASES["script-files"])
async def test_a_script_file_is_parsed_as_what_its_page_loads_it_as(tag: str, name: str, *, broken: bool) -> None:
    rules = [rule for rule, *_ in await found({"index.html": page(tag), name: "export const a = 1"})]
    assert rules == (["js-syntax"] if broken else [])


async def test_a_script_in_syntax_that_only_browsers_know_is_a_warning() -> None:
    verification = await verified({"a.js": "@dec class A {}"})
    assert [(f.rule, f.severity) for f in verification.findings] == [("js-syntax", Severity.WARNING)]


async def test_an_attachment_as_it_came_is_nobodys_to_repair() -> None:
    attachment = make_attachment(name="data.json", content=b"{broken")
    assert await found({"data.json": b"{broken"}, attachments=(attachment,)) == []
    assert await found({"data.json": b"{changed"}, attachments=(attachment,)) == [("json-syntax", "data.json", 1)]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("big.js", b"(" * (2 * 1024 * 1024 + 1), "too large"),
        ("big.html", b" " * (2 * 1024 * 1024 + 1), "too large"),
        ("latin.js", "var größe".encode("latin-1"), "not UTF-8"),
        ("deep.html", b"<div>" * 20_000, "nests"),
    ],
)
async def test_what_is_not_parsed_is_told(name: str, content: bytes, why: str) -> None:
    (finding,) = (await verified({name: content})).findings
    assert (finding.rule, finding.path, finding.severity) == ("not-parsed", name, Severity.WARNING)
    assert why in finding.message


async def test_findings_have_a_limit() -> None:
    files: dict[str, bytes | str] = {f"p{i:03}.html": page("<a href=gone>" * 100) for i in range(50)}
    findings = (await verified(files)).findings
    assert len(findings) == MOST_FINDINGS
    assert {sum(f.path == path for f in findings) for path in ("p000.html", "p001.html")} == {20}


async def test_every_check_gets_one_verdict_in_its_order() -> None:
    checks = tuple(map(Check.from_text, ["README.md exists", "js: true", "It is pretty", "README.md exists"]))
    verdicts = (await verified({}, checks=checks)).verdicts
    assert [verdict.check for verdict in verdicts] == list(checks)
    assert [verdict.outcome for verdict in verdicts] == [
        *(Outcome.PASS, Outcome.NOT_VERIFIABLE, Outcome.NOT_VERIFIABLE, Outcome.PASS)
    ]
    assert {verdict.method for verdict in verdicts} == {"static"}
    assert all(verdict.evidence for verdict in verdicts)


async def test_findings_are_the_same_each_time() -> None:
    files: dict[str, bytes | str] = {"index.html": page("<a href=x><p id=a><p id=a>"), "a.css": "}", "b.js": "("}
    first: tuple[Finding, ...] = (await verified(files)).findings
    assert (await verified(files)).findings == first
