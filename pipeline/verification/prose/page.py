"""Elements of a page as sentences name them, and what is asked about them in the open page."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.verification.inspection import Question
from pipeline.verification.said import Said

PAGE = r"(?:page|document|site|app|ui|\"?index\.html\"?)"
OPENING = rf"(?:(?:{PAGE} (?:has|shows?|displays?|renders?) |there (?:is|exists) |has )(?:visible )?)"

_HEADINGS = ":is(h1,h2,h3,h4,h5,h6)"
_STRICT = [
    "form",
    "table",
    "select",
    "canvas",
    "textarea",
    "svg",
    "video",
    "audio",
    "iframe",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "tbody",
    "thead",
    "dialog",
    "html",
]
_LOOSE = {
    "button": ":is(button,input[type=submit],input[type=button],input[type=reset],[role=button])",
    "dropdown menu|dropdown|drop-down|select box|select element|select menu|picker": "select",
    "text input|input field|text field|text box|search box|search input|textbox|input|field": ":is(input,textarea)",
    "checkbox": "input[type=checkbox]",
    "radio button": "input[type=radio]",
    "link|anchor": "a",
    "image|img": ":is(img,svg)",
    "heading|header text|headline": _HEADINGS,
    "paragraph": "p",
    "list": ":is(ul,ol)",
    "ordered list|numbered list": "ol",
    "unordered list|bullet list": "ul",
    "viewport meta tag|viewport meta|meta viewport tag": "meta[name=viewport]",
    "progress bar": ":is(progress,[role=progressbar])",
    (
        "div|span|section|nav|footer|header|main|article|aside|label|fieldset|output|pre|code|ul|ol|li|p"
        "|a|img|time|progress"
    ): "",
    "navigation bar|navigation|navbar": ":is(nav,[role=navigation])",
}
_ANY = "element|node|tag|container|area|box|region|block|placeholder|status|message|display|wrapper"
_TAGS = "|".join(sorted([*_STRICT, *"|".join(_LOOSE).split("|"), *_ANY.split("|")], key=len, reverse=True))
_BARE = "|".join(
    sorted(
        [*_STRICT, *"|".join(w for w, css in _LOOSE.items() if w != "input" or css).split("|"), "body"],
        key=len,
        reverse=True,
    )
)
_PLURALS = {
    "images": "img", "links": "a[href]", "list items": "li", "items": "li", "options": "option",
    "code blocks": "pre", "code block": "pre", "paragraphs": "p",
    "rows": "tr", "columns": "th", "entries": "li", "children": ":scope > *", "checkboxes": "input[type=checkbox]",
}  # fmt: skip
_ID = (
    r"(?:(?:with|has|whose|that has) id(?: (?:of|is|equals|equal to))?[ =:]*\"?#?(?P<{0}id>[\w-]+)\"?"
    r"|[\"(]*(?P<{0}tag>[a-z][a-z0-9]*)?#(?P<{0}hash>[\w-]+)[\")]*)"
)


def element(group: str = "e") -> str:
    """A pattern for one element with an id, a class or a selector of its own, or the only one of its kind."""
    ids = _ID.format(group)
    return (
        rf"(?:(?:first|main|top|single) )?(?:(?:(?:(?:[\w-]+ ){{0,2}}(?P<{group}word>{_ANY})"
        rf"|(?P<{group}word>{_TAGS}))(?: element| tag)? ?)?{ids}(?: (?P<{group}word>{_TAGS}))?"
        rf"|(?:(?P<{group}kind>{_TAGS}) )?(?:with class(?: of| name)?[ =:]*)"
        rf"?\"?\.?(?P<{group}class>(?<=\.)[\w-]+)\"?(?: element)?"
        rf"|\"(?P<{group}css>[a-z][a-z0-9]*[\[.:][^\"/]+|\[[^\"]+|[.#][A-Za-z_-][^\"/]*)\""
        rf"|\"?(?P<{group}bare>{_BARE})\"?(?: element| tag)?)"
    )


@dataclass(frozen=True, slots=True)
class Element:
    """Which element is meant: a selector, the id in it, and whether another kind with that id may be meant as well."""

    css: str
    id: str = ""
    is_loose: bool = False

    @property
    def found(self) -> str:
        """A script that gives those there are; it throws when there is none."""
        return f"find({json.dumps(self.css)}, {json.dumps(self.id)}, {json.dumps(self.is_loose)})"


def element_in(said: Said, group: str = "e") -> Element:
    """The element that a match of ``element(group)`` names."""
    if css := said[f"{group}css"]:
        return Element(css.replace("\u02ba", '"'))
    if bare := said[f"{group}bare"]:
        return Element(selector(bare))
    word = said[f"{group}word"] or said[f"{group}tag"] or said[f"{group}kind"] or ""
    base = selector(word) or ("" if word.lower() in _ANY.split("|") else word)
    if name := said[f"{group}id"] or said[f"{group}hash"]:
        return Element(f"{base}#{_escaped(name)}", name, is_loose=word.lower() not in _STRICT)
    return Element(f"{base}.{_escaped(said[f'{group}class'])}")


def selector(word: str) -> str:
    """The selector of a kind of element; empty for any element."""
    bare = word.lower()
    if bare in _STRICT or re.fullmatch(r"body|title", bare):
        return bare
    return next((css or bare for words, css in _LOOSE.items() if bare in words.split("|")), "")


def plural(words: str) -> str | None:
    """The selector of what is counted; None for what is no kind of element."""
    bare = words.lower()
    if css := _PLURALS.get(bare):
        return css
    known = {*_STRICT, *"|".join(_LOOSE).split("|")}
    for ending, instead in (("", ""), ("es", ""), ("s", ""), ("ies", "y")):
        if bare.endswith(ending) and (single := bare[: len(bare) - len(ending)] + instead) in known:
            return selector(single)
    return None


def _escaped(name: str) -> str:
    return f"\\3{name[0]} {name[1:]}" if name[0].isdigit() else name


# A null is thrown where nothing can be said. With find is looked for what the sentence names: see browser.excuses.
HELPERS = r"""
  const one = (css, root = document) => root.querySelector(css);
  const all = (css, root = document) => [...root.querySelectorAll(css)];
  const flat = text => String(text ?? "").replace(/\s+/g, " ").trim();
  const shown = text => JSON.stringify(flat(text).slice(0, 120));
  const list = values => values.map(v => flat(v)).filter(Boolean).slice(0, 12).join(", ") || "nothing";
  const chosen = e => e.localName === "select" ? e.selectedOptions[0]?.text : e.textContent;
  const value = e => flat(e.matches("input,textarea") ? e.value : chosen(e));
  const checkVisibility = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const say = (holds, seen) => { if (holds === null) throw null; if (!holds) throw new Error(seen); return seen; };
  const some = answers => answers.includes(true) || (answers.includes(null) ? null : false);
  const every = answers => answers.includes(false) ? false : answers.includes(null) ? null : true;
  const find = (css, id, loose) => {
    const found = all(css), other = id && document.getElementById(id);
    if (found.length) return found;
    if (other && loose) throw null;
    return say(false, other ? `#${id} is <${other.localName}>` : `nothing on the page matches ${css}`);
  };
  const word = c => /[\p{L}\p{N}_]/u.test(c ?? " ");
  const digit = c => /\d/.test(c ?? " "), point = c => /[.,]/.test(c ?? " ");
  const numbers = text => (text.match(/-?\d[\d,]*(\.\d+)?/g) ?? []).map(n => Number(n.replace(/,/g, "")));
  const has = (text, wanted) => {
    const [all, part] = [flat(text), flat(wanted)], number = Number(part.replace(/,/g, ""));
    for (let at = all.indexOf(part); at >= 0; at = all.indexOf(part, at + 1)) {
      const end = at + part.length, [a, b] = [all[at - 1], all[end]];
      if (word(a) && word(part[0]) || word(b) && word(part.at(-1))) continue;
      if (digit(part[0]) && (a === "-" || point(a) && digit(all[at - 2]))) continue;
      if (digit(part.at(-1)) && point(b) && digit(all[end + 1])) continue;
      return true;
    }
    if (!isNaN(number)) return numbers(all).includes(number) ? null : false;
    const bare = s => s.toLowerCase().replace(/[\s,]/g, "");
    return bare(all).includes(bare(part)) ? null : false;
  };
  const near = (text, wanted, tolerance) => {
    const plain = flat(text), number = Number(plain.replace(/[^\d.eE+-]/g, "") || NaN);
    const is = /\d/.test(plain) && Math.abs(number - wanted) <= tolerance + 1e-9;
    if (!is) return has(plain, String(wanted)) === false ? false : null;
    return /^[+-]?\d+(\.\d+)?$/.test(plain) || null;
  };
"""
_ASKED = (
    f"(async () => {{{HELPERS}  try {{ return await (async () => {{ %s }})(); }} catch (e) {{ if (e "
    f"=== null) return null; throw e; }} }})()"
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


def ask(body: str, values: Mapping[str, object] | None = None, query: str = "") -> Question:
    """A question: ``body`` returns what was seen, by ``say``. ``values`` are constants that it may use."""
    constants = "".join(f"const {name} = {json.dumps(value)}; " for name, value in (values or {}).items())
    return Question("", _ASKED % (constants + body), query)


def together(questions: list[Question]) -> Question | None:
    """All of ``questions`` in one; None when the page would have to be opened in more ways than one."""
    queries = {question.query for question in questions}
    if len(queries) > 1:
        return None
    scripts = ", ".join(f"() => {question.script}" for question in questions)
    return Question("", _TOGETHER % scripts, queries.pop(), any(question.is_quiet for question in questions))
