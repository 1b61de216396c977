"""The page or one of its elements shows a text, a number or a value of a file."""

import re

from pipeline.verification.inspection import Inspection, Judgement, Question, Rules, Ruling, undecided
from pipeline.verification.prose.files import PATH, text_of, value_in
from pipeline.verification.prose.page import OPENING, PAGE, ask, element, element_in, together
from pipeline.verification.prose.sentences import FILE, NAME, QUOTED, SHOWS, told
from pipeline.verification.said import Said

LONGEST_TEXT = 20_000  # characters of a file that are looked for on the page
_WORDS = (
    r"(?:(?:exact |following )?(?:text|words?|phrase|message|string|label|value|number|total|content"
    r"|heading|headline|title|name|figure) |exactly |only )*"
)
_TEXT_OF = r"(?:(?:text|textContent|text content|inner ?text|value|content|contents) (?:of|in|inside) )?"
_EQUALS = (
    rf"(?:(?:text |content |value |textContent )?(?:is|equals|reads|says|matches|is (?:exactly|set to"
    rf"|equal to)|=|===?)|has (?:exact )?(?:text|content|textContent|value)(?: of| equal to)?|with "
    rf"(?:text|label|content)) {_WORDS}"
)
_HAS = rf"(?:(?:text |content )?(?:has|{SHOWS}|mentions|starts with|begins with|is showing|greets with)|with) {_WORDS}"
_NUMBER = (
    r"[$€£₹]?(?P<number>-?\d[\d,]*(?:\.\d+)?)(?:,? ?\(?(?:(?:to )?within|±|\+/-|with (?:tolerance"
    r"|accuracy) of|give or take)(?: tolerance of)? ?±?(?P<tolerance>\d*\.?\d+)\)?)?"
)
_VALUE = (
    rf"(?:value (?:of |at )?|field |key )?(?:{QUOTED.format('path')}|(?P<bare>{PATH}))(?: value| "
    rf"field| key)? (?:in|of|from) (?P<file>{NAME})"
)

# What visitors can read is shown; what stands in hidden parts, hints or pictures may be.
_PAGE_TEXT = """
  const fields = all("input,textarea,select").filter(e => e.type !== "hidden");
  const seen = [document.body?.innerText, ...fields.map(value)].join("\\n");
  const rest = document.body?.cloneNode(true) ?? document.createElement("p");
  all("script,style,template", rest).forEach(e => e.remove());
  const hints = all("[placeholder],[alt],[title],[aria-label],option,input");
  const hint = e => [e.placeholder, e.alt, e.title, e.ariaLabel, e.value, e.text].join(" ");
  const maybe = [rest.textContent, ...hints.map(hint)].join(" ");
  const open = one("iframe,canvas");
  const is = wanted => has(seen, wanted) || (has(maybe, wanted) === false && !open ? false : null);
"""

_IN_ELEMENT = """
  const holds = e => {
    if (wanted.startsWith("<")) return e.innerHTML.includes(wanted);
    const is = some([has(e.localName === "select" ? e.textContent : value(e), wanted), has(e.innerText, wanted)]);
    if (is) return checkVisibility(e) || e.localName === "title" || null;
    return is === null || [e.placeholder, e.title, e.ariaLabel].join(" ").includes(wanted) ? null : false;
  };
"""


def _is(said: Said, _inspection: Inspection) -> Judgement:
    wanted = element_in(said)
    return ask(
        f"const found = {wanted.found}, texts = found.map(value); "
        "return say(texts.some(t => t === flat(wanted)), `${css} has ${list(texts.map(shown))}; asked "
        "for ${shown(wanted)}`)",
        {"css": wanted.css, "wanted": told(said["text"])},
    )


def _has(said: Said, _inspection: Inspection) -> Judgement:
    return _shows(element_in(said).found, element_in(said).css, told(said["text"]))


def _has_all(said: Said, _inspection: Inspection) -> Judgement | None:
    wanted = element_in(said)
    texts = [told(text) for text in re.findall(r'"([^"]+)"', said["texts"])]
    return together([_shows(wanted.found, wanted.css, text) for text in texts])


def _shows(found: str, css: str, wanted: str) -> Question:
    return ask(
        f"const found = {found}; {_IN_ELEMENT} return say(some(found.map(holds)),"
        " `${css} has ${list(found.map(e => shown(value(e))))}; asked for ${shown(wanted)}`)",
        {"css": css, "wanted": wanted},
    )


def _is_number(said: Said, _inspection: Inspection) -> Judgement:
    wanted = element_in(said)
    return _near(wanted.found, wanted.css, said["number"], said["tolerance"])


def _near(found: str, css: str, number: str, tolerance: str | None) -> Judgement:
    return ask(
        (
            f"const texts = {found}.map(value); return say(some(texts.map(t => t === said ? true : near(t, "
            f"wanted, tolerance))), `${{css}} has ${{list(texts.map(shown))}}; asked for ${{said}}`)"
        ),
        {"css": css, "wanted": float(number.replace(",", "")), "said": number, "tolerance": float(tolerance or 0)},
    )


def _is_value(said: Said, inspection: Inspection) -> Judgement:
    path, wanted = (said["path"] or said["bare"]).strip('"'), element_in(said)
    value = value_in(path, said["file"], inspection)
    if isinstance(value, Ruling):
        return value
    if re.fullmatch(r"-?\d+(?:\.\d+)?", value):
        return _near(wanted.found, wanted.css, value, None)
    return _shows(wanted.found, wanted.css, value)


def _has_file(said: Said, inspection: Inspection) -> Judgement:
    found, wanted = text_of(said["file"], inspection), element_in(said)
    if isinstance(found, Ruling) or len(found[1]) > LONGEST_TEXT or not found[1].strip():
        return found if isinstance(found, Ruling) else undecided(f"{found[0]} is too long to be looked for, or empty")
    if found[0].endswith((".md", ".html", ".svg", ".csv", ".json")):
        return undecided(f"how {found[0]} is shown is not said")
    return _shows(wanted.found, wanted.css, found[1])


def _is_kind(said: Said, _inspection: Inspection) -> Judgement | None:
    wanted, kind = element_in(said), said["kind"].lower()
    pattern = next((p for names, p in _KINDS.items() if re.fullmatch(names, kind)), None)
    if pattern is None:
        return None
    return ask(
        f"const texts = {wanted.found}.map(value); const p = new RegExp(pattern);"
        "return say(some(texts.map(t => p.test(t) || (/\\d/.test(t) && !/[a-z]{3}/i.test(t) ? null : "
        "false))), `${css} has ${list(texts.map(shown))}`)",
        {"css": wanted.css, "pattern": pattern},
    )


_KINDS = {
    r"(?:positive )?(?:integer|whole number)": r"^\d+$",
    r"(?:positive |valid |bare |plain )?(?:number|numeric value|numeric)": r"^-?\d+(\.\d+)?$",
    r"(?:.*)yyyy-mm-dd(?: format)?(?: utc)?|iso date": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])( ?UTC)?$",
}


def _page_shows(said: Said, _inspection: Inspection) -> Judgement:
    wanted = [told(text) for text in re.findall(r'"([^"]+)"', said["texts"])]
    return ask(
        (
            f"{_PAGE_TEXT} return say(every(texts.map(is)), `asked for ${{list(texts.map(shown))}}; the page "
            f"shows ${{shown(seen)}}`)"
        ),
        {"texts": wanted},
    )


def _page_does_not_show(said: Said, _inspection: Inspection) -> Judgement:
    return ask(
        (
            f"{_PAGE_TEXT} const there = is(wanted); return say(there === null ? null : !there, `the page "
            f"shows ${{shown(wanted)}}`)"
        ),
        {"wanted": told(said["text"])},
    )


_TEXTS = r"(?P<texts>\"[^\"]+\"(?:(?:, and |, | and )\"[^\"]+\")*)"
_IN = r"(?:(?:[\w-]+ ){1,4}(?:in|inside|of|within) )?"
_FIGURE = r"\d[\w:%]*(?:[-/:.][\w%]+)+|\d+%"  # a date, a score, a share
RULES: Rules = (
    (rf"{_TEXT_OF}{element()} {_EQUALS}(?P<text>{_FIGURE})", _is),
    (rf"{_TEXT_OF}{element()} {_HAS}(?P<text>{_FIGURE})", _has),
    (rf"(?:[\w-]+ in )?{element()} is within (?P<tolerance>\d*\.?\d+) of (?P<number>-?\d[\d,]*(?:\.\d+)?)", _is_number),
    (
        rf"{_TEXT_OF}{element()} (?:{_EQUALS}|{_HAS})(?:(?:contents? of |text of ){FILE}|{FILE}'s (?:content|text))",
        _has_file,
    ),
    (rf"{_TEXT_OF}(?:{OPENING})?{element()}(?:'s)? {_EQUALS}{QUOTED.format('text')}", _is),
    (rf"{_TEXT_OF}(?:{OPENING})?{element()} (?:(?:that|which) )?{_HAS}{QUOTED.format('text')}", _has),
    (rf"(?:{OPENING})?{element()} (?:(?:that|which) )?{_HAS.replace('has|', 'has|lists?|')}{_TEXTS}", _has_all),
    (
        (
            rf"{QUOTED.format('text')} is (?:shown|displayed|rendered|visible|printed) (?:in|inside|within|at"
            rf"|by) {element()}"
        ),
        _has,
    ),
    (rf"{PAGE} {SHOWS} {QUOTED.format('text')} (?:in|inside|within|at) {element()}", _has),
    (rf"{_IN}{_TEXT_OF}{element()}(?:'s)? (?:{_EQUALS}|{_HAS}){_NUMBER}", _is_number),
    (rf"{_NUMBER} is (?:shown|displayed) (?:in|inside) {element()}", _is_number),
    (rf"{_TEXT_OF}{element()}(?:'s)? (?:{_EQUALS}|{_HAS}){_VALUE}", _is_value),
    (rf"{_IN}{_TEXT_OF}{element()} (?:is|has|{SHOWS})(?: in)? (?:date in )?(?P<kind>[a-z -]+)", _is_kind),
    (
        (
            rf"(?:{PAGE} (?:has|{SHOWS}|mentions|says)|there is) {_WORDS}{_TEXTS}(?: somewhere| anywhere| to "
            rf"user| on load)?"
        ),
        _page_shows,
    ),
    (
        rf"{_WORDS}{_TEXTS} (?:is (?:shown|displayed|visible|rendered|present|on page|there)|appears?)(?: on page)?",
        _page_shows,
    ),
    (rf"{PAGE} does not (?:has|{SHOWS}|mention) {_WORDS}{QUOTED.format('text')}", _page_does_not_show),
    (rf"{QUOTED.format('text')} (?:is not shown|does not appear|is not visible|is not displayed)", _page_does_not_show),
)
