"""README.md is complete, has certain parts, or mentions something."""

import re

from markdown_it import MarkdownIt

from pipeline.domain.documents import LONGEST_README, README_PARTS, Section, missing_readme_parts, readme_sections
from pipeline.domain.front_matter import split_front_matter
from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed, undecided
from pipeline.verification.prose.sentences import items
from pipeline.verification.said import Said

_GOOD = r"(?:professional|complete|comprehensive)"
_PART_WORDS = {
    "summary": r"summary|overview|description|introduction",
    "setup": r"set-?up|setting up|installation|install",
    "usage": r"usage|use|how to use it",
    "code explanation": r"code explanation|explanation of code|how it works|explanation|code structure|architecture",
    "license": r"license|MIT license|license information",
}
_FILLER = re.compile(
    r"\b(?:sections?|instructions?|steps|guide|info|parts?|headings?|on|for|called|named|titled)\b", re.IGNORECASE
)
_UNREAD = failed("there is no README.md in the root that could be read")


def _is_complete(_said: Said, inspection: Inspection) -> Ruling:
    return _has_parts(inspection, list(README_PARTS))


def _has(said: Said, inspection: Inspection) -> Ruling | None:
    asked = [_part(words) for words in re.split(r",? and |,? & |, |,", said["parts"])]
    if None in asked:
        return _has_headings(said, inspection)
    return _has_parts(inspection, [part for part in asked if part])


def _part(words: str) -> str | None:
    """Which part of a README is meant."""
    bare = " ".join(_FILLER.sub("", words.replace('"', "")).split())
    return next((part for part, names in _PART_WORDS.items() if re.fullmatch(names, bare, re.IGNORECASE)), None)


def _sections(text: str) -> list[Section]:
    return readme_sections(MarkdownIt("commonmark").parse(split_front_matter(text[:LONGEST_README])[1]))


def _has_parts(inspection: Inspection, parts: list[str]) -> Ruling:
    text = inspection.files.text("README.md")
    if text is None:
        return _UNREAD
    missing = [part for part in missing_readme_parts(_sections(text)) if part in parts]
    if missing:
        return failed(f"README.md has no {', no '.join(missing)}; its headings: {_headings(text)}")
    return passed(f"README.md has {', '.join(parts)}")


def _headings(text: str) -> str:
    return ", ".join(section.heading for section in _sections(text) if section.heading) or "none"


def _has_headings(said: Said, inspection: Inspection) -> Ruling | None:
    """Headings in the evaluator's own words; only said of words in quotes, or before "section"."""
    text = inspection.files.text("README.md")
    words = said["parts"]
    if text is None:
        return _UNREAD
    if not re.search(r"^(?:sections?|headings?)\b|\b(?:sections|headings)$|^[^,]+(?<! and) section$", words) or (
        " and " in words and words.endswith(" section")
    ):
        # What is no heading can be seen to be lacking all the same, when a part that must be one is.
        known = [part for part in map(_part, re.split(r",? and |, ", words)) if part]
        ruling = _has_parts(inspection, known) if known else None
        return ruling if ruling and ruling.outcome.value == "fail" else None
    wanted = items(" ".join(_FILLER.sub("", words).split()))
    if not wanted:
        return None
    named = [section.heading.lower() for section in _sections(text) if section.heading]
    missing = [name for name in wanted if not any(name.lower() in heading for heading in named)]
    if missing and all(_part(name) is None for name in missing):
        return failed(f"README.md has no heading {', '.join(missing)}; it has: {', '.join(named) or 'none'}")
    return (
        _has_parts(inspection, [part for name in missing if (part := _part(name))])
        if missing
        else passed(f"README.md has headings {', '.join(wanted)}")
    )


def _mentions(said: Said, inspection: Inspection) -> Ruling | None:
    text, wanted = inspection.files.text("README.md"), items(said["words"])
    if wanted is None:
        return None
    if text is None:
        return _UNREAD
    plain = " ".join(text.lower().split())
    missing = [word for word in wanted if not re.search(rf"(?<![^\W_]){re.escape(word.lower())}", plain)]
    if not missing:
        return passed(f"README.md mentions {', '.join(wanted)}")
    doubtful = [
        word
        for word in missing
        if word.islower() and '"' not in said["words"] and word[: max(4, len(word) - 3)] in plain
    ]
    if doubtful:
        return undecided(f"README.md has words like {', '.join(doubtful)}, but not these")
    return failed(f"README.md does not mention {', '.join(missing)}")


_README = r"README\.md(?: file)?"
RULES: Rules = (
    (rf"{_README} (?:is|looks) {_GOOD}(?:(?:,? and |, ){_GOOD})*", _is_complete),
    (rf"(?:repo has|there is) {_GOOD} {_README}", _is_complete),
    (
        (
            rf"{_README} (?:mentions|names|refers to|references|talks about) (?:words? |text |link "
            rf"to )?(?P<words>.+)"
        ),
        _mentions,
    ),
    (rf"{_README} has (?:words? |text |phrase |string |term )(?P<words>.+)", _mentions),
    (rf"(?P<words>\"[^\"]+\") is (?:mentioned|named) in {_README}", _mentions),
    (rf"(?P<words>[\w.-]+) is (?:mentioned|named) in {_README}", _mentions),
    (rf"(?:repo has |there is )?{_README} (?:has|covers|documents|with|describes|explains) (?P<parts>.+)", _has),
    (rf"{_README} has (?P<words>\"[^\"]+\")", _mentions),
)
