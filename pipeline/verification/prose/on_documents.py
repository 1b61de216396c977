"""Sentences about LICENSE and README."""

import re

from markdown_it import MarkdownIt

from pipeline.domain.documents import (
    LONGEST_README,
    README_PARTS,
    is_mit_licence,
    missing_readme_parts,
    readme_sections,
)
from pipeline.domain.files import AppFiles
from pipeline.domain.front_matter import split_front_matter
from pipeline.domain.verdict import Outcome
from pipeline.verification.inspection import Inspection, Rule, Ruling, failed, passed

_GOOD = r"(?:professional|complete|comprehensive)"
_PART_WORDS = {
    "summary": r"summary|overview|description|introduction",
    "setup": r"set-?up|setting up|installation|install",
    "usage": r"usage|use|how to use it",
    "code explanation": r"code explanation|explanation of code|how it works|explanation|code structure|architecture",
    "license": r"license|MIT license|license information",
}
_FILLER = re.compile(r"\b(?:sections?|instructions?|steps|guide|info|parts?|headings?|on|for)\b", re.IGNORECASE)


def licence_problem(files: AppFiles) -> str | None:
    """Why the app is not under the MIT licence; None when it is."""
    text = files.text("LICENSE")
    if text is None:
        return "there is no LICENSE in the root that could be read"
    return None if is_mit_licence(text) else "LICENSE is not the text of the MIT licence"


def _licence_is_mit(_said: re.Match[str], inspection: Inspection) -> Ruling:
    problem = licence_problem(inspection.files)
    return failed(problem) if problem else passed("LICENSE in the root is the text of the MIT licence")


def _readme_is_complete(_said: re.Match[str], inspection: Inspection) -> Ruling:
    return _readme_has_parts(inspection, list(README_PARTS))


def _readme_has(said: re.Match[str], inspection: Inspection) -> Ruling | None:
    asked = [_part(words) for words in re.split(r",? and |,? & |, |,", said["parts"])]
    ruling = _readme_has_parts(inspection, [part for part in asked if part])
    return None if None in asked and ruling.outcome is Outcome.PASS else ruling


def _part(words: str) -> str | None:
    """Which part of a README is meant."""
    bare = " ".join(_FILLER.sub("", words).split())
    return next((part for part, names in _PART_WORDS.items() if re.fullmatch(names, bare, re.IGNORECASE)), None)


def _readme_has_parts(inspection: Inspection, parts: list[str]) -> Ruling:
    text = inspection.files.text("README.md")
    if text is None:
        return failed("there is no README.md in the root that could be read")
    sections = readme_sections(MarkdownIt("commonmark").parse(split_front_matter(text[:LONGEST_README])[1]))
    missing = [part for part in missing_readme_parts(sections) if part in parts]
    if missing:
        return failed(f"README.md has no {', no '.join(missing)}")
    return passed(f"README.md has {', '.join(parts)}")


RULES: tuple[tuple[str, Rule], ...] = (
    (r"repo (?:has|uses|is under|is licensed under) (?:valid |standard )?MIT license(?: file| text)?", _licence_is_mit),
    (r"(?:there is )?(?:valid )?MIT license(?: file)?(?: exists| is (?:present|included))?", _licence_is_mit),
    (
        r"\"?license\"?(?: file)? (?:has|is|uses) (?:full |valid |standard )?MIT(?: license)?(?: text| file)?",
        _licence_is_mit,
    ),
    (rf"README\.md(?: file)? (?:is|looks) {_GOOD}(?:(?:,? and |, ){_GOOD})*", _readme_is_complete),
    (rf"(?:repo has|there is) {_GOOD} README\.md(?: file)?", _readme_is_complete),
    (r"README\.md(?: file)? (?:has|covers|documents|with) (?P<parts>.+)", _readme_has),
)
