"""What is wrong with an app's pages and the scripts they load."""

import re
from collections.abc import Iterator
from itertools import islice

from pipeline.domain.brief import Brief
from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.addresses import ServedApp, addresses_in_code
from pipeline.verification.files.findings import MOST_OF_A_KIND, stylesheet_findings, syntax_finding
from pipeline.verification.files.pages import Page
from pipeline.verification.files.scripts import script_problem
from pipeline.verification.files.sources import Sources, suffix_of
from pipeline.verification.files.stylesheets import read_stylesheet
from pipeline.verification.files.syntax import json_problem
from pipeline.verification.problems import Problem

NO_VIEWPORT = (
    "phones show the page shrunk, as it would be on a wide screen: put "
    '<meta name="viewport" content="width=device-width, initial-scale=1"> into its head'
)
_IS_DOCUMENT = re.compile(r"<(?:!doctype|html|head)\b", re.IGNORECASE)  # no part of a page, as templates have them


def page_findings(sources: Sources, app: ServedApp, brief: Brief) -> Iterator[Finding]:
    """Pages without a viewport, duplicate ids, addresses that lead nowhere, broken scripts and styles; page by page."""
    asked = " ".join([brief.text, *(check.text for check in brief.checks)])
    for page in sources.pages.values():
        if page.path in sources.attached:
            continue
        if _IS_DOCUMENT.search(page.source) and not page.tree.css_matches('meta[name="viewport" i]'):
            yield Finding(Severity.ERROR, "no-viewport", NO_VIEWPORT, page.path)
        yield from islice(_duplicate_ids(page, asked), MOST_OF_A_KIND)
        yield from islice(_broken_references(page, app), MOST_OF_A_KIND)
        yield from _inline_code(page, app)


def script_file_findings(sources: Sources, app: ServedApp) -> Iterator[Finding]:
    """Script files: each is parsed as what its pages load it as; one that no page loads may be either."""
    loaded = _how_scripts_are_loaded(sources, app)
    for path, code in sources.texts.items():
        if suffix_of(path) not in {".js", ".mjs"} or path in sources.attached:
            continue
        kinds = loaded.get(path, {})
        if problem := _script_file_problem(path, code, set(kinds)):
            yield syntax_finding("js-syntax", problem, path)
        loading_page = next(iter(kinds.values()), None)
        yield from islice(_address_findings(code, path, loading_page, app), MOST_OF_A_KIND)


def _how_scripts_are_loaded(sources: Sources, app: ServedApp) -> dict[str, dict[str | None, str]]:
    """Script file -> kind of its script elements -> a page that has one."""
    loaded: dict[str, dict[str | None, str]] = {}
    for page in sources.pages.values():
        for script in page.scripts:
            if script.src and (target := app.target(script.src, page.path)):
                loaded.setdefault(target, {}).setdefault(script.kind, page.path)
    return loaded


def _script_file_problem(path: str, code: str, kinds: set[str | None]) -> Problem | None:
    if None in kinds or "json" in kinds:  # a library reads it, not the browser
        return None
    as_module = script_problem(code, is_module=True)
    if kinds == {"module"} or suffix_of(path) == ".mjs":
        return as_module
    as_classic = script_problem(code, is_module=False)
    if kinds:
        return as_classic
    return as_classic and as_module


def _duplicate_ids(page: Page, asked: str) -> Iterator[Finding]:
    for name, times in page.ids.items():
        if times > 1:
            matters = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", asked)
            severity = Severity.ERROR if matters else Severity.WARNING
            message = f'the id "{name}" occurs {times} times'
            yield Finding(severity, "duplicate-id", message, page.path, page.line_of(name))


def _broken_references(page: Page, app: ServedApp) -> Iterator[Finding]:
    for url in page.references:
        if wrong := app.problem(url, page.path):
            yield Finding(wrong.severity, wrong.rule, wrong.message, page.path, page.line_of(url))


def _inline_code(page: Page, app: ServedApp) -> Iterator[Finding]:
    for script in page.scripts:
        if script.src is not None or not script.code.strip():
            continue
        if script.kind == "json":
            problem = json_problem(script.code)
        else:
            problem = script_problem(script.code, is_module=script.kind == "module") if script.kind else None
        if problem:
            yield syntax_finding(f"{'json' if script.kind == 'json' else 'js'}-syntax", problem, page.path, script.line)
        if script.kind in {"classic", "module"}:
            found = _address_findings(script.code, page.path, page.path, app, script.line)
            yield from islice(found, MOST_OF_A_KIND)
    for style in page.styles:
        yield from stylesheet_findings(read_stylesheet(style.text), page.path, app, style.line)


def _address_findings(code: str, path: str, page: str | None, app: ServedApp, first_line: int = 1) -> Iterator[Finding]:
    """Addresses in code that will not work.

    One that is merely missing is a warning: the line may be a comment, or the script may do without.
    """
    for url, position, is_import in addresses_in_code(code):
        base = path if is_import else page
        if base is not None and (wrong := app.problem(url, base)):
            severity = Severity.WARNING if wrong.rule == "broken-link" else wrong.severity
            line = code.count("\n", 0, position) + first_line
            yield Finding(severity, wrong.rule, wrong.message, path, line)
