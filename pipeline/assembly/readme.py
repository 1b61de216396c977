"""The app's README: the generator's text, completed where something is missing, or a whole one."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from markdown_it import MarkdownIt

from pipeline.assembly.readme_parts import Facts, how_it_works, list_of_files, setup, summary, terms, usage
from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Made

MAX_PARSED_CHARACTERS = 200_000

_REQUIRED = {
    "Summary": r"summary|overview|about|description|introduction|purpose|what (?:it|this)",
    "Setup": r"set-?\s?up|install|getting started|quick ?start|running\b|run\b|requirements|prerequisites|deploy",
    "Usage": r"usage|use\b|using|examples?|how to|try it|instructions",
    "How it works": r"how (?:it|the|this)|works|code|explanation|architecture|implementation|structure|internals",
    "License": r"licen[cs]e",
}
_WRITERS: dict[str, Callable[[Facts], str]] = {
    "Summary": summary,
    "Setup": setup,
    "Usage": usage,
    "Files": list_of_files,
    "How it works": how_it_works,
    "License": terms,
}
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_LABEL = re.compile(r"^\*Built (?P<first>[^\n;*]+?)(?:; last revised (?P<last>[^\n;*]+?))?\.\*$", re.MULTILINE)
_TEXT_TOKENS = {"inline", "fence", "code_block", "html_block"}


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading and what stands under it, up to the next heading of any level.

    Attributes:
        level: 1 to 6; 0 for what stands before the first heading.
        heading: its words.
        has_text: whether anything stands under it.
    """

    level: int
    heading: str
    has_text: bool


def readme(files: AppFiles, made: Made, brief: Brief, title: str) -> bytes:
    """The README of the app.

    The body that ``files`` has is kept. A missing title is put at its head; missing parts, and the line that says
    what built the app, at its end. A README that lacks nothing stays as it is, byte for byte.
    """
    own = (files.text("README.md") or "").replace("\r\n", "\n")
    earlier_label = _LABEL.search(own)
    label = _label(earlier_label if brief.round > 1 else None, made)
    front_matter = _FRONT_MATTER.match(own)
    head = front_matter[0] if front_matter else ""
    body = _LABEL.sub("", own.removeprefix(head)).strip()
    has_title, missing = _gaps(body)
    if has_title and not missing and earlier_label and earlier_label[0] == label:
        return files["README.md"]
    if not has_title:
        body = f"# {title}\n\n{body}".rstrip()
    facts = Facts(files, made, brief)
    added = [f"## {part}\n\n{_WRITERS[part](facts)}" for part in missing]
    return (head + "\n\n".join([body, *added, label]) + "\n").encode()


def _gaps(body: str) -> tuple[bool, list[str]]:
    """Whether ``body`` has a title, and the parts that it lacks; a very long one is taken to be complete."""
    if len(body) > MAX_PARSED_CHARACTERS:
        return True, []
    sections = _sections(body)
    has_title = any(section.level == 1 for section in sections)
    if not any(section.has_text for section in sections):
        return has_title, list(_WRITERS)
    return has_title, [part for part in _REQUIRED if not _has(part, sections)]


def _has(part: str, sections: list[_Section]) -> bool:
    """A part is there when a heading names it and something stands under that heading, or a heading below it.

    What stands between the title and the next heading is a summary.
    """
    for index, section in enumerate(sections):
        named = re.search(rf"\b(?:{_REQUIRED[part]})", section.heading, re.IGNORECASE) and section.level != 1
        if part == "Summary" and section.level <= 1 and section.has_text:
            return True
        if named and (section.has_text or _has_text_below(index, sections)):
            return True
    return False


def _has_text_below(index: int, sections: list[_Section]) -> bool:
    for section in sections[index + 1 :]:
        if section.level <= sections[index].level:
            return False
        if section.has_text:
            return True
    return False


def _sections(text: str) -> list[_Section]:
    tokens = MarkdownIt("commonmark").parse(text)
    sections = [_Section(0, "", has_text=False)]
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            sections.append(_Section(int(token.tag[1]), tokens[index + 1].content, has_text=False))
        elif token.type == "html_block" and (heading := re.search(r"<h1\b[^>]*>(.*?)</h1>", token.content, re.DOTALL)):
            sections.append(_Section(1, heading[1], has_text=False))
        elif token.type in _TEXT_TOKENS and token.content.strip() and tokens[index - 1].type != "heading_open":
            last = sections[-1]
            sections[-1] = _Section(last.level, last.heading, has_text=True)
    return sections


def _label(earlier: re.Match[str] | None, made: Made) -> str:
    """One honest line on what built the app, and what revised it last."""
    if made.model:
        model = " ".join(made.model.split()).translate({ord(c): None for c in "`;*"})
        builder = f"by the language model `{model}`"
    else:
        builder = "without a language model" if made.generator == "scaffold" else "by a language model"
    if earlier is None:
        return f"*Built {builder}.*"
    if builder == (earlier["last"] or earlier["first"]):
        return earlier[0]
    return f"*Built {earlier['first']}; last revised {builder}.*"
