"""A file holds words, or does not."""

import re

from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed, undecided
from pipeline.verification.prose.files import text_of
from pipeline.verification.prose.sentences import FILE, RANGE, items, limits
from pipeline.verification.said import Said


def _holds(said: Said, inspection: Inspection) -> Ruling | None:
    found, wanted = text_of(said["file"], inspection), items(said["words"])
    if isinstance(found, Ruling):
        return found
    name, text = found
    if wanted is None or not (
        '"' in said["words"] or said["bare"] or (said["mentions"] and said["words"][0].isupper())
    ):
        return None
    plain = " ".join(text.split())
    missing = [word for word in wanted if word not in text and " ".join(word.split()) not in plain]
    if not missing:
        return passed(f"{name} holds {', '.join(wanted)}")
    alike = [word for word in missing if word.lower() in plain.lower()]
    if alike:
        return undecided(f"{name} holds {', '.join(alike)} in other upper and lower case")
    if name in inspection.pages and "source" not in said.text and not _is_code(missing):
        return undecided(f"{', '.join(missing)}: not in the source of {name}; what visitors see needs a browser")
    return failed(f"{name} does not hold {', '.join(missing)}")


def _is_code(words: list[str]) -> bool:
    return all(re.search(r"[(<=/{]", word) for word in words)


def _does_not_hold(said: Said, inspection: Inspection) -> Ruling | None:
    found, unwanted = text_of(said["file"], inspection), items(said["words"])
    if isinstance(found, Ruling):
        return found
    if not unwanted or '"' not in said["words"]:
        return None
    name, text = found
    there = [word for word in unwanted if word.lower() in text.lower()]
    if there and all(word in text for word in there):
        return failed(f"{name} holds {', '.join(there)}")
    return (
        undecided(f"{name} holds {', '.join(there)} in other case")
        if there
        else passed(f"{name} does not hold {', '.join(unwanted)}")
    )


def _has_element(said: Said, inspection: Inspection) -> Ruling | None:
    found, wanted = text_of(said["file"], inspection), limits(said) if said["low"] else (1, float("inf"))
    if isinstance(found, Ruling):
        return found
    count = len(
        re.findall(rf"<{said['tag'].removesuffix('s')}(?=[\s/>])", re.sub(r"<!--.*?-->", "", found[1], flags=re.DOTALL))
    )
    if wanted is None or count == 0:
        return failed(f"{found[0]} has no <{said['tag']}>") if count == 0 else None
    seen = f"{found[0]} has {count} of <{said['tag']}>"
    return passed(seen) if wanted[0] <= count <= wanted[1] else failed(seen)


_TAG = (
    r"(?P<tag>circle|ellipse|path|rect|line|polyline|polygon|text|g|defs|linearGradient"
    r"|radialGradient|animate|animateTransform|image|use)"
)
_KIND = r"(?P<bare>words? |text |strings? |phrases? |names? |literal |keyword |term )"
RULES: Rules = (
    (
        (
            rf"{FILE.replace(chr(92) + '.[a-z][a-z0-9]{0,9}', chr(92) + '.(?:svg|xml)')} has (?:some "
            rf"|{RANGE} )?\"?<?{_TAG}s?>?\"?(?: elements?| tags?| shapes?)?"
        ),
        _has_element,
    ),
    (rf"{FILE} (?:source )?(?:has|(?P<mentions>mentions)|uses) (?:exact )?{_KIND}?(?P<words>.+)", _holds),
    (
        rf"(?P<bare>word |text |string |phrase )(?P<words>.+?) (?:appears|occurs|is found|is present|is) in {FILE}",
        _holds,
    ),
    (rf"(?P<bare>)(?P<words>\"[^\"]+\") (?:appears|occurs|is found|is present|is) in {FILE}", _holds),
    (rf"{FILE} does not (?:has|mention|use) {_KIND}?(?P<words>.+)", _does_not_hold),
    (rf"{FILE} has no (?P<words>\"[^\"]+\")", _does_not_hold),
    (rf"{FILE} is free of (?P<words>\"[^\"]+\")", _does_not_hold),
)
