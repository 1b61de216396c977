"""The page's title."""

from pipeline.verification.inspection import Inspection, Judgement, Rules, Ruling, failed, passed
from pipeline.verification.prose.files import PATH, value_in
from pipeline.verification.prose.page import PAGE, ask
from pipeline.verification.prose.sentences import NAME, QUOTED, RANGE, limits, told
from pipeline.verification.said import Said

_TITLE = rf"(?:{PAGE} (?:has )?|{PAGE}'s |document\.)?(?:(?:browser |tab |document )?title(?: tag| element| of page)?)"
_IS = r"(?:is|equals|reads|matches|is (?:exactly|set to|equal to)|says|shows?|of|with text|=|:|===?)"


def _is(said: Said, inspection: Inspection) -> Judgement:
    page, wanted = inspection.entry, told(said["text"])
    if page is None and "index.html" not in inspection.files:
        return failed("there is no index.html")
    if page and not page.is_alive:
        is_same = page.title == " ".join(wanted.split())
        seen = f'the title of {page.path} is "{page.title}"' if page.title else f"{page.path} has no title"
        return passed(seen) if is_same else failed(f'{seen}, and not "{wanted}"')
    return _asked(wanted)


def _asked(wanted: str) -> Judgement:
    return ask(
        (
            "return say(flat(document.title) === flat(wanted), `the title is ${shown(document.title)}; asked "
            "for ${shown(wanted)}`)"
        ),
        {"wanted": wanted},
    )


def _is_value(said: Said, inspection: Inspection) -> Judgement:
    wanted = value_in(said["path"].strip('"'), said["file"], inspection)
    return wanted if isinstance(wanted, Ruling) else _asked(wanted)


def _has(said: Said, _inspection: Inspection) -> Judgement:
    return ask(
        "return say(has(document.title, wanted), `the title is ${shown(document.title)}`)",
        {"wanted": told(said["text"])},
    )


def _is_there(_said: Said, _inspection: Inspection) -> Judgement:
    return ask("return say(flat(document.title) !== '', `the title is ${shown(document.title)}`)")


def _has_length(said: Said, _inspection: Inspection) -> Judgement | None:
    allowed = limits(said)
    if allowed is None:
        return None
    low, high = allowed[0], min(allowed[1], 10**6)
    return ask(
        "const n = flat(document.title).length; return say(n >= low && n <= high, `the title has ${n} characters`)",
        {"low": low, "high": high},
    )


_VALUE = rf"(?:value of |{PAGE} )?\"?(?P<path>{PATH})\"? (?:in|of|from) (?P<file>{NAME})"
RULES: Rules = (
    (rf"(?:there is )?{_TITLE} (?:{_IS} )?(?:exactly )?{QUOTED.format('text')}", _is),
    (rf"{_TITLE} is set dynamically to {QUOTED.format('text')}", _is),
    (rf"{QUOTED.format('text')} is (?:{PAGE} )?title(?: of page)?", _is),
    (rf"{PAGE} is (?:titled|called|named) {QUOTED.format('text')}", _is),
    (rf"{_TITLE} (?:{_IS}) {_VALUE}", _is_value),
    (rf"{_TITLE} (?:has|mentions|starts with|begins with) (?:[\w-]+ ){{0,3}}{QUOTED.format('text')}", _has),
    (rf"{_TITLE} (?:is not empty|is non-?empty|is set|exists|is present)", _is_there),
    (rf"{PAGE} has (?:non-?empty )?title", _is_there),
    (rf"{_TITLE} (?:has|is) {RANGE} characters(?: long)?", _has_length),
)
