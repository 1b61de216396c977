"""A file has so many words, lines or characters."""

import re

from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed, undecided
from pipeline.verification.prose.files import text_of
from pipeline.verification.prose.sentences import FILE, RANGE, limits
from pipeline.verification.said import Said


def _counts(text: str, unit: str) -> set[int]:
    """The number of words, lines or characters in each way that a grader might count."""
    bare = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    match unit.lower():
        case "word":
            return {
                len(re.findall(way, each))
                for each in (text, bare)
                for way in (r"\S+", r"\w[\w'\u2019]*", r"\w[\w'\u2019-]*")
            }
        case "line":
            lines = text.splitlines()
            return {len(lines), sum(bool(line.strip()) for line in lines)}
        case "paragraph":
            return {len(re.findall(r"(?:\S.*\n?)+", each)) for each in (text, bare)}
        case _:
            return {len(text), len(text.strip()), len(text.encode())}


def _has_length(said: Said, inspection: Inspection) -> Ruling | None:
    found, allowed = text_of(said["file"], inspection), limits(said)
    if isinstance(found, Ruling):
        return found
    if allowed is None:
        return None
    low, high = allowed
    (name, text), unit = found, said["unit"].rstrip("s")
    counts = _counts(text, unit)
    seen = f"{name} has {' or '.join(map(str, sorted(counts)))} {unit}s"
    if all(low <= count <= high for count in counts):
        return passed(seen)
    if any(low <= count <= high for count in counts):
        return undecided(f"{seen}, depending on what counts as one")
    return failed(seen)


def _is_not_empty(said: Said, inspection: Inspection) -> Ruling:
    found = text_of(said["file"], inspection)
    if isinstance(found, Ruling):
        return found
    return (
        passed(f"{found[0]} has {len(found[1].strip())} characters")
        if found[1].strip()
        else failed(f"{found[0]} is empty")
    )


_UNIT = r"(?P<unit>words?|lines?|paragraphs?|characters?)"
_LONG = r"(?: long| in length| of text| in total| story| short story)?"
RULES: Rules = (
    (rf"{FILE} (?:has|is|consists of|comprises|with) (?:story of |text of )?{RANGE}[ -]{_UNIT}{_LONG}", _has_length),
    (rf"(?:length|word count|number of (?:words|lines)) of {FILE} is {RANGE}(?: (?P<unit>words?|lines?))", _has_length),
    (rf"(?:story|text|poem|essay|content)? ?in {FILE} (?:has|is) {RANGE}[ -]{_UNIT}{_LONG}", _has_length),
    (rf"{FILE} (?:has )?(?P<unit>word|line) count is {RANGE}(?: words| lines)?", _has_length),
    (rf"{FILE} (?:is not|has non-?|is non-?) ?empty(?: content)?", _is_not_empty),
)
