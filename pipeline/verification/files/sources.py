"""Which files of an app are read, and how much of it: every parser has a limit on what it is given."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.files.pages import Page, Unreadable, read_page
from pipeline.verification.problems import with_line_feeds

DOCKERFILE = "Dockerfile"
REQUIREMENTS = re.compile(r"(?:.*/)?(?:pre-)?requirements[\w.-]*\.txt")

_KIBIBYTE = 1024
# Parsers in Python take seconds per megabyte (measured: ast 8, tinycss2 2.5); those in C take far less.
_LIMITS = {
    **dict.fromkeys((".html", ".htm", ".js", ".mjs", ".json", ".webmanifest", ".svg"), 2048 * _KIBIBYTE),
    **dict.fromkeys((".css", ".py"), 512 * _KIBIBYTE),
    **dict.fromkeys((".yaml", ".yml"), 128 * _KIBIBYTE),
}
_BUILD_FILE_LIMIT = 64 * _KIBIBYTE
_LIMIT_FOR_ALL = 8 * 1024 * _KIBIBYTE


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that are parsed: pages, all other texts with line feeds alone, and what could not be read.

    ``attached`` are those that are as they came with the brief: what is wrong with them is not the app's fault.
    """

    texts: Mapping[str, str]
    pages: Mapping[str, Page]
    attached: frozenset[str]
    findings: tuple[Finding, ...]


def suffix_of(path: str) -> str:
    """The end of the name, lower case, with its dot."""
    return PurePosixPath(path).suffix.lower()


def read_sources(files: AppFiles, brief: Brief) -> Sources:
    """Read what can be parsed."""
    texts: dict[str, str] = {}
    pages: dict[str, Page] = {}
    findings: list[Finding] = []
    left = _LIMIT_FOR_ALL
    for path, content in files.items():
        is_build_file = path == DOCKERFILE or REQUIREMENTS.fullmatch(path)
        limit = _BUILD_FILE_LIMIT if is_build_file else _LIMITS.get(suffix_of(path))
        if limit is None:
            continue
        if len(content) > min(limit, left):
            findings.append(_unread(path, f"is too large to be parsed ({len(content)} bytes)"))
            continue
        left -= len(content)
        text = files.text(path)
        if text is None:
            findings.append(_unread(path, "is not UTF-8 text"))
        elif suffix_of(path) in {".html", ".htm"}:
            try:
                pages[path] = read_page(path, text)
            except Unreadable as problem:
                findings.append(_unread(path, str(problem)))
        else:
            texts[path] = with_line_feeds(text)
    attached = frozenset(a.name for a in brief.attachments if files.get(a.name) == a.content)
    return Sources(texts, pages, attached, tuple(findings))


def _unread(path: str, why: str) -> Finding:
    return Finding(Severity.WARNING, "not-parsed", f"{why}, so it was not looked at", path)
