"""What is wrong with an app's files one by one: missing ones, and broken syntax."""

from collections.abc import Callable, Iterator
from itertools import islice

from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles
from pipeline.domain.media_types import is_named_otherwise, media_type_of
from pipeline.domain.space import sdk_of
from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.addresses import ServedApp
from pipeline.verification.files.sources import Sources, suffix_of
from pipeline.verification.files.stylesheets import Stylesheet, read_stylesheet
from pipeline.verification.files.syntax import json_problem, python_problem, svg_problem, yaml_problem
from pipeline.verification.problems import Problem

MOST_OF_A_KIND = 20
"""Findings of one kind in one file: more do not help a repair."""

_OTHER_ENTRIES = ("app.py", "Dockerfile")
_PARSERS: dict[str, tuple[str, Callable[[str], Problem | None]]] = {
    ".json": ("json-syntax", json_problem),
    ".webmanifest": ("json-syntax", json_problem),
    ".yaml": ("yaml-syntax", yaml_problem),
    ".yml": ("yaml-syntax", yaml_problem),
    ".py": ("python-syntax", python_problem),
    ".svg": ("svg-syntax", svg_problem),
}


def missing_file_findings(app: ServedApp) -> Iterator[Finding]:
    """An app needs something to open, a licence and a README. What a Space opens is said by its card."""
    files = app.files
    if sdk_of(files) is None and app.is_space:
        message = "there is nothing that a Space of its kind starts with: add index.html, app.py or a Dockerfile"
        yield Finding(Severity.ERROR, "no-entry", message)
    elif sdk_of(files) is None and "index.html" not in files and not any(entry in files for entry in _OTHER_ENTRIES):
        yield Finding(Severity.ERROR, "no-entry", "there is no index.html in the root: visitors would see a 404 page")
    for name in ("LICENSE", "README.md"):
        if name not in files:
            yield Finding(Severity.ERROR, "missing-file", f"there is no {name} in the root", name)


def file_findings(sources: Sources, app: ServedApp) -> Iterator[Finding]:
    """What does not parse in style sheets, data, Python and SVG files, and where style sheets lead to nothing."""
    for path, text in sources.texts.items():
        if path in sources.attached:
            continue
        if suffix_of(path) == ".css":
            yield from stylesheet_findings(read_stylesheet(text), path, app)
        elif parser := _PARSERS.get(suffix_of(path)):
            rule, parse = parser
            if problem := parse(text):
                yield syntax_finding(rule, problem, path)


def picture_findings(files: AppFiles, brief: Brief) -> Iterator[Finding]:
    """Files that no browser shows, because their bytes are not the picture that their names promise."""
    as_sent = {attachment.name for attachment in brief.attachments if files.get(attachment.name) == attachment.content}
    for path, content in files.items():
        if path not in as_sent and is_named_otherwise(path, content):
            kind = media_type_of(path).removeprefix("image/").upper()
            message = f"its bytes are not a {kind} picture: give base64, draw an SVG, or use <render>"
            yield Finding(Severity.ERROR, "not-a-picture", message, path)


def stylesheet_findings(sheet: Stylesheet, path: str, app: ServedApp, first_line: int = 1) -> Iterator[Finding]:
    """What is wrong with a style sheet in the file ``path`` that begins on ``first_line``."""
    for problem in sheet.problems[:MOST_OF_A_KIND]:
        yield syntax_finding("css-syntax", problem, path, first_line)
    found = ((app.problem(url, path), line) for url, line in sheet.urls)
    for wrong, line in islice(((wrong, line) for wrong, line in found if wrong), MOST_OF_A_KIND):
        yield Finding(wrong.severity, wrong.rule, wrong.message, path, line + first_line - 1)


def syntax_finding(rule: str, problem: Problem, path: str, first_line: int = 1) -> Finding:
    """``problem`` of a text in the file ``path`` that begins on ``first_line``."""
    severity = Severity.ERROR if problem.is_certain else Severity.WARNING
    line = None if problem.line is None else problem.line + first_line - 1
    return Finding(severity, rule, problem.message, path, line)
