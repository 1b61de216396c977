"""The app's README: the generator's text, completed where something is missing, or a whole one."""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt

from pipeline.assembly.readme_parts import Facts, how_it_works, list_of_files, setup, summary, terms, usage
from pipeline.domain.brief import Brief
from pipeline.domain.documents import LONGEST_README, missing_readme_parts, readme_sections
from pipeline.domain.files import AppFiles
from pipeline.domain.front_matter import split_front_matter
from pipeline.domain.generation import Made

_PARTS: dict[str, tuple[str, Callable[[Facts], str]]] = {
    "summary": ("Summary", summary),
    "setup": ("Setup", setup),
    "usage": ("Usage", usage),
    "files": ("Files", list_of_files),
    "code explanation": ("How it works", how_it_works),
    "license": ("License", terms),
}
"""Part -> its heading, and what writes it. A README that has nothing gets them all."""

_LABEL = re.compile(r"^\*Built (?P<first>[^\n;*]+?)(?:; last revised (?P<last>[^\n;*]+?))?\.\*$", re.MULTILINE)


def readme(files: AppFiles, made: Made, brief: Brief, title: str) -> bytes:
    """The README of the app.

    The body that ``files`` has is kept. A missing title is put at its head; missing parts, and the line that says
    what built the app, at its end. A README that lacks nothing stays as it is, byte for byte.
    """
    own = (files.text("README.md") or "").replace("\r\n", "\n")
    earlier_label = _LABEL.search(own)
    label = _label(earlier_label if brief.round > 1 else None, made)
    front_matter, text = split_front_matter(own)
    head = "" if front_matter is None else f"---\n{front_matter}---\n"
    body = _LABEL.sub("", text).strip()
    has_title, missing = _gaps(body)
    if has_title and not missing and earlier_label and earlier_label[0] == label:
        return files["README.md"]
    if not has_title:
        body = f"# {title}\n\n{body}".rstrip()
    facts = Facts(files, made, brief)
    added = [f"## {heading}\n\n{write(facts)}" for heading, write in (_PARTS[part] for part in missing)]
    return (head + "\n\n".join([body, *added, label]) + "\n").encode()


def _gaps(body: str) -> tuple[bool, list[str]]:
    """Whether ``body`` has a title, and the parts that it lacks; a very long one is taken to be complete."""
    if len(body) > LONGEST_README:
        return True, []
    sections = readme_sections(MarkdownIt("commonmark").parse(body))
    has_title = any(section.level == 1 for section in sections)
    if not any(section.has_text for section in sections):
        return has_title, list(_PARTS)
    return has_title, missing_readme_parts(sections)


def _label(earlier: re.Match[str] | None, made: Made) -> str:
    """One honest line on what built the app, and what revised it last."""
    if made.model:
        model = " ".join(made.model.split()).translate({ord(c): None for c in "`;*"})
        builder = f"by the language model `{model}`"
    else:
        builder = "by a language model" if made.generator == "model" else "without a language model"
    if earlier is None:
        return f"*Built {builder}.*"
    if builder == (earlier["last"] or earlier["first"]):
        return earlier[0]
    return f"*Built {earlier['first']}; last revised {builder}.*"
