"""LICENSE and README, as a grader reads them."""

import re

from markdown_it import MarkdownIt

LONGEST_README = 200_000  # characters; a longer one is not parsed

README_PARTS = {
    "summary": r"summary|overview|about|description|introduction|purpose|what (?:it|this)",
    "setup": r"set-?\s?up|install|getting started|quick ?start|running\b|run\b|requirements|prerequisites|deploy",
    "usage": r"usage|use\b|using|examples?|how to|try it|instructions",
    "code explanation": r"how (?:it|the|this)|works|code|explanation|architecture|implementation|structure|internals",
    "license": r"licen[cs]e",
}
_MARKS_OF_MIT = (
    "permission is hereby granted, free of charge, to any person obtaining a copy",
    "without restriction, including without limitation the rights to use, copy, modify, merge, publish",
    "the above copyright notice and this permission notice shall be included in all copies",
    'the software is provided "as is", without warranty of any kind',
)
_TEXT_TOKENS = {"inline", "fence", "code_block", "html_block"}


def is_mit_licence(text: str) -> bool:
    """Whether ``text`` holds the MIT licence, however its lines are broken."""
    words = " ".join(text.lower().split())
    return all(mark in words for mark in _MARKS_OF_MIT)


def missing_readme_parts(text: str) -> list[str]:
    """Those of README_PARTS that ``text`` lacks.

    A part is a heading that names it with something under it. What stands between the title and the next heading is a
    summary.
    """
    sections = _sections(text[:LONGEST_README])
    present = {
        part
        for part, pattern in README_PARTS.items()
        for level, heading, has_text in sections
        if has_text and level > 1 and re.search(rf"\b(?:{pattern})", heading, re.IGNORECASE)
    }
    if any(has_text for level, _, has_text in sections if level <= 1):
        present.add("summary")
    return [part for part in README_PARTS if part not in present]


def _sections(text: str) -> list[tuple[int, str, bool]]:
    """Level, heading and whether something stands under it or under a heading below it; level 0 has no heading."""
    tokens = MarkdownIt("commonmark").parse(text)
    headings = [(0, "")]
    filled = {0}
    open_sections = [0]  # the section that is being read, and those around it
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            level = int(token.tag[1])
            open_sections = [i for i in open_sections if 1 < headings[i][0] < level] + [len(headings)]
            headings.append((level, tokens[index + 1].content))
        elif token.type in _TEXT_TOKENS and token.content.strip() and tokens[index - 1].type != "heading_open":
            filled.update(open_sections)
    return [(level, heading, i in filled) for i, (level, heading) in enumerate(headings)]
