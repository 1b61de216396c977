"""LICENSE and README, as a grader reads them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

LONGEST_README = 200_000
"""In characters. A longer one is not parsed."""

README_PARTS = {
    "summary": r"summary|overview|about|description|introduction|purpose|what (?:it|this)",
    "setup": r"set-?\s?up|install|getting started|quick ?start|running\b|run\b|requirements|prerequisites|deploy",
    "usage": r"usage|use\b|using|examples?|how to|try it|instructions",
    "code explanation": r"how (?:it|the|this)|works|code|explanation|architecture|implementation|structure|internals",
    "license": r"licen[cs]e",
}
"""What a README must have -> what the headings of it are called."""

_MARKS_OF_MIT = (
    "permission is hereby granted, free of charge, to any person obtaining a copy",
    "without restriction, including without limitation the rights to use, copy, modify, merge, publish",
    "the above copyright notice and this permission notice shall be included in all copies",
    'the software is provided "as is", without warranty of any kind',
)
_TEXT_TOKENS = {"inline", "fence", "code_block", "html_block"}
_HTML_TITLE = re.compile(r"<h1\b[^>]*>(.*?)</h1>", re.DOTALL)


class Token(Protocol):
    """Of a CommonMark parser, as markdown-it names them."""

    type: str
    tag: str
    content: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    level: int  # 1 to 6; 0 for what stands before the first heading
    heading: str
    has_text: bool  # also below a heading under it; for a title, before the next heading


def readme_sections(tokens: Sequence[Token]) -> list[Section]:
    """The sections of a README, in order; the first has no heading."""
    headings = [(0, "")]
    filled = set()
    around = [0]  # the section that is being read, and those that it is below
    for index, token in enumerate(tokens):
        title = _HTML_TITLE.search(token.content) if token.type == "html_block" else None
        if token.type == "heading_open" or title:
            level, heading = (1, title[1]) if title else (int(token.tag[1]), tokens[index + 1].content)
            around = [i for i in around if 1 < headings[i][0] < level] + [len(headings)]
            headings.append((level, heading))
        elif token.type in _TEXT_TOKENS and token.content.strip() and tokens[index - 1].type != "heading_open":
            filled.update(around)
    return [Section(level, heading, i in filled) for i, (level, heading) in enumerate(headings)]


def missing_readme_parts(sections: Sequence[Section]) -> list[str]:
    """Those of README_PARTS that are not there.

    A part is a heading that names it with something under it. What stands between the title and the next heading is a
    summary.
    """
    named = " ".join(f"\n{section.heading}" for section in sections if section.has_text and section.level > 1)
    has_summary = any(section.has_text for section in sections if section.level <= 1)
    return [
        part
        for part, pattern in README_PARTS.items()
        if not re.search(rf"\b(?:{pattern})", named, re.IGNORECASE) and not (part == "summary" and has_summary)
    ]


def is_mit_licence(text: str) -> bool:
    """Whether ``text`` holds the MIT licence, whoever holds the copyright and however its lines are broken."""
    words = " ".join(text.lower().split())
    return all(mark in words for mark in _MARKS_OF_MIT)
