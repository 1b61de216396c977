"""The page, its title or one of its elements shows a text, a number or a value of a file."""

import re

from pipeline.verification.inspection import Judgement, Question, failed, passed, undecided
from pipeline.verification.prose.files import PATH, shown_value, still_page, text_of
from pipeline.verification.prose.page import ELEMENT, Element, ask, ask_count, element_in, together
from pipeline.verification.prose.recognisers import Said, Unclear, recognises
from pipeline.verification.prose.sentences import FILE, NAME, OPENING, PAGE, RANGE, SHOWS, TEXT, TEXTS, texts_in, told

LONGEST_TEXT = 20_000  # characters of a file that are looked for on the page
_WORDS = (
    r"(((exact |following )?(text|words?|phrase|message|string|label|value|number|total|content|heading|headline|title"
    r"|name|figure) |exactly |only )*)"
)
_TITLE = rf"(?P<ebare>(({PAGE} (has )?|{PAGE}'s |document\.)?((browser|tab|document) )?title( tag| element| of page)?))"
_OF = r"((text|textContent|text content|inner ?text|value|content|contents) (of|in|inside) )?"
_EQUALS = (
    r"(((text |content |value |textContent )?(is|equals|reads|says|matches|is (exactly|set to|equal to)|=|===?)"
    r"|has (exact )?(text|content|textContent|value)( of| equal to)?"
    rf"|with (text|label|content)) {_WORDS})"
)
_STARTS = "(?P<starts>starts with|begins with)"
_HAS = rf"(((text |content )?(has|{SHOWS}|mentions|{_STARTS}|is showing|greets with)|with) {_WORDS})"
_NUMBER = (
    r"[$€£₹]?(?P<number>-?\d[\d,]*(\.\d+)?)(,? ?\(?((to )?within|±|\+/-|with (tolerance|accuracy) of|give or take)"
    r"( tolerance of)? ?±?(?P<tolerance>\d*\.?\d+)\)?)?"
)
_VALUE = (
    rf"(value (of |at )?|field |key |{PAGE} )?(\"(?P<path>[^\"]+)\"|(?P<path>{PATH}))( value| field| key)?"
    rf" (in|of|from) (?P<file>{NAME})"
)
_IN = r"(([\w-]+ ){1,4}(in|inside|of|within) )?"
_FIGURE = r"(?P<text>\d[\w:%]*([-/:.][\w%]+)+|\d+%)"  # a date, a score, a share
_VISIBLE = "(shown|displayed|visible|rendered|printed)"


@recognises(
    rf"{_OF}{ELEMENT} {_EQUALS}{_FIGURE}",
    rf"{_OF}({OPENING})?{ELEMENT}('s)? {_EQUALS}{TEXT}",
    rf"(there is )?{_TITLE} ({_EQUALS}|(shows?|of) |with text )?(exactly )?{TEXT}",
    rf"{_TITLE} is set dynamically to {TEXT}",
    rf"{TEXT} is (?P<ebare>({PAGE} )?title( of page)?)",
    rf"(?P<ebare>{PAGE}) is (titled|called|named) {TEXT}",
)
def _is(said: Said) -> Judgement:
    wanted, text = _meant(said), told(said["text"])
    if wanted.css == "title" and (page := still_page(said.inspection)):
        seen = f'the title of {page.path} is "{page.title}"' if page.title else f"{page.path} has no title"
        return passed(seen) if page.title == " ".join(text.split()) else failed(f'{seen}, and not "{text}"')
    return _equals(wanted, text)


@recognises(
    rf"{_OF}{ELEMENT} {_HAS}{_FIGURE}",
    rf"{_OF}({OPENING})?{ELEMENT} ((that|which) )?{_HAS}{TEXT}",
    rf"({OPENING})?{ELEMENT} ((that|which) )?({_HAS}|lists? {_WORDS}){TEXTS}",
    rf"{TEXT} is ({_VISIBLE}) (in|inside|within|at|by) {ELEMENT}",
    rf"{PAGE} {SHOWS} {TEXT} (in|inside|within|at) {ELEMENT}",
    rf"{_TITLE} (has|mentions|{_STARTS}) ([\w-]+ ){{0,3}}{TEXT}",
)
def _has(said: Said) -> Judgement:
    wanted = _meant(said)
    return together([_shows(wanted, text, said["starts"]) for text in texts_in(said) or [told(said["text"])]])


@recognises(rf"{_OF}{ELEMENT} ({_EQUALS}|{_HAS})((contents? of |text of ){FILE}|{FILE}'s (content|text))")
def _has_file(said: Said) -> Judgement:
    name, text = text_of(said)
    if len(text) > LONGEST_TEXT or not text.strip():
        return undecided(f"{name} is too long to be looked for, or empty")
    if name.endswith((".md", ".html", ".svg", ".csv", ".json")):
        return undecided(f"how {name} is shown is not said")
    return _shows(_meant(said), text)


@recognises(
    rf"([\w-]+ in )?{ELEMENT} is within (?P<tolerance>\d*\.?\d+) of (?P<number>-?\d[\d,]*(\.\d+)?)",
    rf"{_IN}{_OF}{ELEMENT}('s)? ({_EQUALS}|{_HAS}){_NUMBER}",
    rf"{_NUMBER} is (shown|displayed) (in|inside) {ELEMENT}",
)
def _is_number(said: Said) -> Judgement:
    return _near(_meant(said), said["number"], said["tolerance"])


@recognises(rf"{_OF}{ELEMENT}('s)? ({_EQUALS}|{_HAS}){_VALUE}", rf"{_TITLE} ({_EQUALS}|shows? |of ){_VALUE}")
def _is_value(said: Said) -> Judgement:
    value, wanted = shown_value(said), _meant(said)
    if wanted.css == "title":
        return _equals(wanted, value)
    return _near(wanted, value) if re.fullmatch(r"-?\d+(\.\d+)?", value) else _shows(wanted, value)


_KINDS = {
    r"(positive )?(integer|whole number)": r"^\d+$",
    r"(positive |valid |bare |plain )?(number|numeric value|numeric)": r"^-?\d+(\.\d+)?$",
    r"(.*)yyyy-mm-dd( format)?( utc)?|iso date": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])( ?UTC)?$",
}


@recognises(rf"{_IN}{_OF}{ELEMENT} (is|has|{SHOWS})( in)? (date in )?(?P<kind>[a-z -]+)")
def _is_kind(said: Said) -> Judgement:
    pattern = next((p for names, p in _KINDS.items() if re.fullmatch(names, said["kind"].lower())), None)
    if pattern is None:
        raise Unclear
    return ask(
        f"const texts = {element_in(said).found}.map(value), p = new RegExp(pattern);"
        "const is = t => p.test(t) || (/\\d/.test(t) && !/[a-z]{3}/i.test(t) ? null : false);"
        "return say(some(texts.map(is)), `it has ${list(texts.map(shown))}`)",
        pattern=pattern,
    )


@recognises(
    rf"{ELEMENT} is (not empty|non-?empty|populated|filled( in)?)",
    rf"{ELEMENT} has ((some )?(text|words|content)|non-?empty (text|content))",
    rf"{_TITLE} (is not empty|is non-?empty|is set|exists|is present)",
    rf"{PAGE} has (non-?empty )?(?P<ebare>title)",
)
def _is_filled(said: Said) -> Judgement:
    return ask(
        f"const found = {_meant(said).found}, is = e => value(e) !== '' || (one('img,svg,canvas,input', e) && null);"
        "return say(some(found.map(e => is(e) ?? false)), `what is in it: ${list(found.map(value))}`)"
    )


@recognises(rf"{_TITLE} (has|is) {RANGE} characters( long)?")
def _has_length(said: Said) -> Judgement:
    return ask_count(said, "[flat(document.title).length]", "characters")


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
  const holding = every(texts.map(is));
"""


@recognises(
    rf"({PAGE} (has|{SHOWS}|mentions|says)|there is) {_WORDS}{TEXTS}( somewhere| anywhere| to user| on load)?",
    rf"{_WORDS}{TEXTS} (is ({_VISIBLE}|present|on page|there)|appears?)( on page)?",
)
def _page_shows(said: Said) -> Judgement:
    return ask(
        f"{_PAGE_TEXT} return say(holding, `asked for ${{list(texts)}}; the page shows ${{shown(seen)}}`)",
        texts=texts_in(said),
    )


@recognises(
    rf"{PAGE} does not (has|{SHOWS}|mention) {_WORDS}{TEXT}",
    rf"{TEXT} (is not shown|does not appear|is not visible|is not displayed)",
)
def _page_does_not_show(said: Said) -> Judgement:
    return ask(
        f"{_PAGE_TEXT} return say(holding === null ? null : !holding, `the page shows ${{list(texts)}}`)",
        texts=[told(said["text"])],
    )


def _meant(said: Said) -> Element:
    """The element that is said, where a page alone stands for its title."""
    return Element("title") if re.search(rf"title|^{PAGE}$", said["ebare"], re.IGNORECASE) else element_in(said)


def _equals(wanted: Element, text: str) -> Question:
    return ask(
        f"const texts = {wanted.found}.map(value);"
        "return say(texts.includes(flat(wanted)), `it is ${list(texts.map(shown))}; asked for ${shown(wanted)}`)",
        wanted=text,
    )


def _shows(wanted: Element, text: str, starts: str = "") -> Question:
    test = "value(e).startsWith(flat(wanted)) && holds(e, wanted)" if starts else "holds(e, wanted)"
    return ask(
        f"const found = {wanted.found}; return say(some(found.map(e => {test})),"
        " `${css} has ${list(found.map(e => shown(value(e))))}; asked for ${shown(wanted)}`)",
        css=wanted.css,
        wanted=text,
    )


def _near(wanted: Element, number: str, tolerance: str = "") -> Question:
    return ask(
        f"const texts = {wanted.found}.map(value), is = t => t === said || near(t, wanted, tolerance);"
        "return say(some(texts.map(is)), `${css} has ${list(texts.map(shown))}; asked for ${said}`)",
        css=wanted.css,
        wanted=float(number.replace(",", "")),
        said=number,
        tolerance=float(tolerance or 0),
    )
