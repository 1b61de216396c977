"""A form has fields and buttons; a button, a link or a label is called something."""

import re

from pipeline.verification.inspection import Inspection, Judgement, Rules
from pipeline.verification.prose.page import OPENING, ask, element, element_in, selector
from pipeline.verification.prose.sentences import QUOTED, items, told
from pipeline.verification.said import Said

_TYPES = "email|text|password|number|date|file|checkbox|radio|search|tel|url|range|color|time|hidden"
_ABOUT = """
  const words = text => flat(text).toLowerCase().replace(/[-_]/g, " ");
  const labels = e => [...(e.labels ?? [])].map(l => l.textContent);
  const about = e => [e.name, e.id, e.placeholder, e.type, e.ariaLabel, e.autocomplete, ...labels(e)].map(words);
  const apart = r => r.id ? all(`[form="${CSS.escape(r.id)}"]`) : [];
  const fields = roots => roots.flatMap(r => [...all("input,textarea,select", r), ...apart(r)]);
"""
_CALLED = (
    "const name = e => flat(e.matches('input') ? e.value : e.ariaLabel || e.textContent || e.title), "
    "names = found.map(name);"
)


def _has_fields(said: Said, _inspection: Inspection) -> Judgement | None:
    bare = re.sub(r"\b(?:fields?|inputs?|boxes|box|for|called|named)\b", " ", said["fields"])
    wanted = items(" ".join(bare.replace(" ,", ",").split()))
    if not wanted or any(word.isdigit() for word in wanted):
        return None
    wanted = [word.lower().replace("-", " ").replace("_", " ") for word in wanted]
    return ask(
        f"const found = {element_in(said).found}; {_ABOUT} const inside = fields(found), known = inside.map(about);"
        "const is = w => known.some(k => k.some(t => has(t, w) || t.includes(w))) || (inside.length && w "
        "!== 'email' ? null : false);"
        "return say(every(wanted.map(is)), `its fields are ${list(inside.map(e => e.name || e.id || e.type))};"
        " asked for ${list(wanted)}`)",
        {"wanted": wanted},
    )


def _has_typed(said: Said, _inspection: Inspection) -> Judgement:
    kind = said["type"].lower()
    css = f"input[type={kind}]" if kind != "text" else "input[type=text],input:not([type])"
    inside = element_in(said).found if said["inside"] else "[document]"
    return ask(
        (
            f"const inside = {inside}.flatMap(r => all(css, r)), rest = {inside}.flatMap(r => all('input', r)"
            f"); return say(inside.length > 0, `its inputs are ${{list(rest.map(e => e.type))}}`)"
        ),
        {"css": css},
    )


def _has_submit(said: Said, _inspection: Inspection) -> Judgement:
    inside = element_in(said).found if said["inside"] else "[document]"
    return ask(
        f"const buttons = {inside}.flatMap(r => [...all('button,input[type=submit],input[type=image]', r)"
        f', ...(r.id ? all(`[form="${{CSS.escape(r.id)}}"]`) : [])]);'
        "const submits = buttons.filter(b => b.type === 'submit' || b.type === 'image');"
        "return say(submits.length > 0 || (buttons.length ? null : false), `its buttons: "
        "${list(buttons.map(b => `${b.type} ${b.textContent || b.value}`))}`)"
    )


def _has_part(said: Said, _inspection: Inspection) -> Judgement:
    css = selector(said["part"])
    return ask(
        (
            f"const inside = {element_in(said).found}.flatMap(e => all(css, e)); return say(inside.length > "
            f"0, `there are ${{inside.length}} of ${{css}} in it`)"
        ),
        {"css": css},
    )


def _is_called(said: Said, _inspection: Inspection) -> Judgement:
    kind = said["thing"].lower()
    css = selector("button" if "button" in kind else "link" if kind in {"link", "hyperlink"} else kind)
    return ask(
        f"const found = all(css); {_CALLED}"
        "const is = names.map(n => n === wanted || (n.toLowerCase() === wanted.toLowerCase() ? null : "
        "has(n, wanted) === false && !n.toLowerCase().includes(wanted.toLowerCase()) ? false : null));"
        "return say(some(is), `there are ${list(names.map(shown))}; asked for ${shown(wanted)}`)",
        {"css": css, "wanted": told(said["text"])},
    )


def _has_inner(said: Said, _inspection: Inspection) -> Judgement | None:
    inner = element_in(said, "i")
    return ask(
        f"const inside = {element_in(said).found}.flatMap(e => all(css, e)); const other = all(css);"
        "return say(inside.length > 0 || (other.length && !id ? null : false), `there are "
        "${inside.length} of ${css} in it`)",
        {"css": inner.css, "id": inner.id},
    )


def _has_named(said: Said, _inspection: Inspection) -> Judgement | None:
    is_inside = any(said[f"e{part}"] for part in ("id", "hash", "class", "css", "bare", "word", "kind"))
    css = selector({"tabs": "button"}.get(said["parts"].lower(), said["parts"].lower().removesuffix("s")))
    return ask(
        f"const found = {element_in(said).found if is_inside else '[document]'}.flatMap(e => all(css, e)); {_CALLED}"
        "const is = w => names.includes(w) || (some(names.map(n => has(n, w))) === false ? false : null);"
        "return say(every(wanted.map(is)), `there are ${list(names)}; asked for ${list(wanted)}`)",
        {"css": css, "wanted": items(said["names"])},
    )


def _has_label(said: Said, _inspection: Inspection) -> Judgement:
    return ask(
        f"const names = {element_in(said).found}.flatMap(e => [...(e.labels ?? [])].map(l => flat(l.textContent)));"
        "return say(names.includes(wanted) || (names.some(n => n.includes(wanted)) ? null : false), `its "
        "labels are ${list(names)}; asked for ${wanted}`)",
        {"wanted": told(said["text"])},
    )


_THING = r"(?P<thing>(?:submit |primary )?button|link|hyperlink|label|heading|h[1-6])"
_PART = (
    r"(?P<part>button|canvas|table|form|select|dropdown|textarea|image|svg|link|list|label|checkbox"
    r"|input|heading|paragraph|video|h[1-6])"
)
_WITH = r"(?:(?:that |which )?(?:has|asks for|collects|includes)|with)"
_LABELLED = (
    r"(?:(?:labell?ed|named|called|titled|saying|reading|captioned|that says|that reads|with (?:text"
    r"|label|caption|title)|whose (?:text|label) is) (?:text )?)"
)
RULES: Rules = (
    (
        rf"(?:{OPENING})?{element()} {_WITH} (?:input )?(?:fields?|inputs?)(?: (?:for|named|called))?:? (?P<fields>.+)",
        _has_fields,
    ),
    (
        rf"(?:{OPENING})?{element()} {_WITH} (?P<fields>[\w ,-]+|\"[^\"]+\".*?) (?:input )?(?:fields?|inputs?)",
        _has_fields,
    ),
    (
        (
            rf"(?:{OPENING})?(?P<inside>{element()}) {_WITH} (?:input (?:of|with) type[ "
            rf"=]*\"?(?P<type>{_TYPES})\"?|(?P<type>{_TYPES}) (?:input|field)(?: field)?)"
        ),
        _has_typed,
    ),
    (rf"{OPENING}(?:input (?:of|with) type[ =]*)\"?(?P<type>{_TYPES})\"?", _has_typed),
    (
        rf"{OPENING}(?P<type>email|password|number|date|file|search|tel|range|color) (?:input|field)(?: field)?",
        _has_typed,
    ),
    (rf"(?:{OPENING})?(?P<inside>{element()}) {_WITH} (?:submit button|button to submit(?: it)?)", _has_submit),
    (rf"{OPENING}submit button", _has_submit),
    (rf"(?:{OPENING})?{element()} {_WITH} {_PART}(?: element)?(?: inside(?: it)?)?", _has_part),
    (rf"(?:{OPENING})?{element()} {_WITH} {element('i')}(?: inside(?: it)?)?", _has_inner),
    (rf"{element('i')} (?:is|exists) (?:inside|in|within) {element()}", _has_inner),
    (
        (
            rf"(?:(?:{OPENING})?{element()} {_WITH} |{OPENING})(?P<parts>buttons|links|headings|labels|tabs)"
            rf"(?: (?:labell?ed|named|called|for|with text))? (?P<names>\"[^\"]+\"(?:(?:, and |, | and )"
            rf"\"[^\"]+\")*)"
        ),
        _has_named,
    ),
    (rf"label (?:for|of) {element()} (?:is|reads|says|equals|has) {QUOTED.format('text')}", _has_label),
    (rf"{_PART} (?:is|exists) (?:inside|in|within) {element()}", _has_part),
    (rf"(?:{OPENING})?{_THING} {_LABELLED}{QUOTED.format('text')}(?: exists| is present| is there)?", _is_called),
    (rf"(?:{OPENING})?{QUOTED.format('text')} {_THING}(?: exists| is present| is there)?", _is_called),
)
