"""Elements of a page as sentences name them, and what is asked about them in the open page."""

import json
from dataclasses import dataclass
from pathlib import Path

from pipeline.verification.inspection import Judgement, Question, undecided
from pipeline.verification.prose.recognisers import Said, Unclear
from pipeline.verification.prose.sentences import is_loose, limits

_STRICT = "form|table|select|canvas|textarea|svg|video|audio|iframe|h1|h2|h3|h4|h5|h6|tbody|thead|dialog|html"
_PLAIN = (
    "div|span|section|nav|footer|header|main|article|aside|label|fieldset|output|pre|code|ul|ol|li|p|a|time|progress"
)
_LOOSE = {
    "button": ":is(button,input[type=submit],input[type=button],input[type=reset],[role=button])",
    "dropdown menu|dropdown|drop-down|select box|select element|select menu|picker": "select",
    "text input|input field|text field|text box|search box|search input|textbox|input|field": ":is(input,textarea)",
    "checkbox": "input[type=checkbox]",
    "radio button": "input[type=radio]",
    "link|anchor": "a",
    "image|img": ":is(img,svg)",
    "heading|header text|headline": ":is(h1,h2,h3,h4,h5,h6)",
    "paragraph": "p",
    "list": ":is(ul,ol)",
    "ordered list|numbered list": "ol",
    "unordered list|bullet list": "ul",
    "viewport meta tag|viewport meta|meta viewport tag": "meta[name=viewport]",
    "progress bar": ":is(progress,[role=progressbar])",
    "navigation bar|navigation|navbar": ":is(nav,[role=navigation])",
}
_ANY = "element|node|tag|container|area|box|region|block|placeholder|status|message|display|wrapper"
_PLURALS = {
    "images": "img", "links": "a[href]", "list items": "li", "items": "li", "options": "option", "code blocks": "pre",
    "code block": "pre", "entries": "li", "children": ":scope > *", "checkboxes": "input[type=checkbox]",
}  # fmt: skip
_KINDS = {
    **{word: css for words, css in _LOOSE.items() for word in words.split("|")},
    **{word: word for word in f"{_STRICT}|{_PLAIN}|body|title".split("|")},
}


def _any_of(words: list[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_BARE = _any_of([word for word in _KINDS if word != "title"])
_TAGS = _any_of([*(word for word in _KINDS if word not in {"title", "body"}), *_ANY.split("|")])
_ID = (
    r"((with|has|whose|that has) id( (of|is|equals|equal to))?[ =:]*\"?#?(?P<{0}id>[\w-]+)\"?"
    r"|[\"(]*(?P<{0}tag>[a-z][a-z0-9]*)?#(?P<{0}hash>[\w-]+)[\")]*)"
)


def element(group: str = "e") -> str:
    """A pattern for one element with an id, a class or a selector of its own, or the only one of its kind."""
    return (
        rf"((first|main|top|single) )?(((([\w-]+ ){{0,2}}(?P<{group}word>{_ANY})|(?P<{group}word>{_TAGS}))"
        rf"( element| tag)? ?)?{_ID.format(group)}( (?P<{group}word>{_TAGS}))?"
        rf"|((?P<{group}kind>{_TAGS}) )?(with class( of| name)?[ =:]*)?"
        rf"\"?\.?(?P<{group}class>(?<=\.)[\w-]+)\"?( element)?"
        rf"|\"(?P<{group}css>[a-z][a-z0-9]*[\[.:][^\"/]+|\[[^\"]+|[.#][A-Za-z_-][^\"/]*)\""
        rf"|\"?(?P<{group}bare>{_BARE})\"?( element| tag)?)"
    )


ELEMENT = element()


@dataclass(frozen=True, slots=True)
class Element:
    """Which element is meant: a selector, the id in it, and whether another kind with that id may be meant as well."""

    css: str
    id: str = ""
    is_loose: bool = False

    @property
    def found(self) -> str:
        """A script that gives those there are; it throws when there is none."""
        if self.css == "title":
            return "(document.title ? all('title').slice(0, 1) : say(false, 'the page has no title'))"
        return f"find({json.dumps(self.css)}, {json.dumps(self.id)}, {json.dumps(self.is_loose)})"


def element_in(said: Said, group: str = "e") -> Element:
    """The element that a match of ``element(group)`` names."""
    if css := said[f"{group}css"]:
        return Element(css.replace("\u02ba", '"'))
    if bare := said[f"{group}bare"]:
        return Element(selector(bare))
    word = (said[f"{group}word"] or said[f"{group}tag"] or said[f"{group}kind"]).lower()
    base = selector(word) or ("" if word in _ANY.split("|") else word)
    if name := said[f"{group}id"] or said[f"{group}hash"]:
        return Element(f"{base}#{_escaped(name)}", name, is_loose=word not in _STRICT.split("|"))
    return Element(f"{base}.{_escaped(said[f'{group}class'])}")


def found_in(said: Said, otherwise: str = "[document]") -> str:
    """A script that gives the element that is said, or ``otherwise`` when none is."""
    is_said = any(said[f"e{part}"] for part in ("id", "hash", "class", "css", "bare"))
    return element_in(said).found if is_said else otherwise


def selector(word: str) -> str:
    """The selector of a kind of element; empty for any element."""
    return _KINDS.get(word.lower(), "")


def plural(words: str) -> str:
    """The selector of what is counted. Raises Unclear for what is no kind of element."""
    bare = words.lower()
    singles = (f"{bare[: len(bare) - len(end)]}{new}" for end, new in (("", ""), ("es", ""), ("s", ""), ("ies", "y")))
    css = _PLURALS.get(bare) or next((selector(single) for single in singles if selector(single)), "")
    if not css:
        raise Unclear
    return css


def _escaped(name: str) -> str:
    return f"\\3{name[0]} {name[1:]}" if name[0].isdigit() else name


# A null is thrown where nothing can be said. With find is looked for what the sentence names: see browser.excuses.
HELPERS = "\n" + Path(__file__).with_name("page.js").read_text(encoding="utf-8")
_ASKED = (
    f"(async () => {{{HELPERS}  try {{ return await (async () => {{ %s }})(); }} "
    "catch (e) { if (e === null) return null; throw e; } })()"
)
_TOGETHER = """(async () => {
  const seen = [];
  let error, open = false;
  for (const part of [%s]) {
    try { const said = await part(); open ||= said === null; seen.push(said); } catch (e) { error ??= e; }
  }
  if (error) throw error;
  return open ? null : seen.join("; ");
})()"""


def ask(body: str, query: str = "", **values: object) -> Question:
    """A question: ``body`` returns what was seen, by ``say``. ``values`` are constants that it may use."""
    constants = "".join(f"const {name} = {json.dumps(value)}; " for name, value in values.items())
    return Question("", _ASKED % (constants + body), query)


def ask_count(said: Said, counts: str, what: str, *, may_be_more: bool = False) -> Question:
    """Whether so many are there as are asked for; ``counts``: a script that gives it in each way of counting.

    With ``may_be_more``, a bare number is in doubt where there are more.
    """
    low, high = limits(said)
    loose = may_be_more and is_loose(said)
    return ask(f"return within({counts}, low, high, what, loose)", low=low, high=high, what=what, loose=loose)


def ask_among(names: str, wanted: list[str], what: str) -> Question:
    """Whether each of ``wanted`` is among ``names``, a script that gives what is there; ``what`` they are."""
    return ask(f"return among({names}, wanted, what)", wanted=wanted, what=what)


def together(questions: list[Question]) -> Judgement:
    """All of ``questions`` in one."""
    queries = {question.query for question in questions}
    if len(queries) > 1:
        return undecided("the page would have to be opened in more ways than one")
    scripts = ", ".join(f"() => {question.script}" for question in questions)
    return Question("", _TOGETHER % scripts, queries.pop(), any(question.is_quiet for question in questions))
