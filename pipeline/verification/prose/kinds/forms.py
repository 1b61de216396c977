"""A form has fields and buttons; a button, a link or a label is called something."""

import re

from pipeline.verification.inspection import Inspection, Judgement, Rules
from pipeline.verification.prose.page import OPENING, ask, element, element_in, selector
from pipeline.verification.prose.said import Said
from pipeline.verification.prose.sentences import QUOTED, items, told

_TYPES = "email|text|password|number|date|file|checkbox|radio|search|tel|url|range|color|time|hidden"
_ABOUT = """const about = e => [e.name, e.id, e.placeholder, e.type, e.ariaLabel, e.autocomplete, ...[...(e.labels ?? [])].map(l => l.textContent)].map(t => flat(t).toLowerCase().replace(/[-_]/g, " "));
  const fields = roots => roots.flatMap(r => [...all("input,textarea,select", r), ...(r.id ? all(`[form="${CSS.escape(r.id)}"]`) : [])]);
"""
_CALLED = "const name = e => flat(e.matches('input') ? e.value : e.ariaLabel || e.textContent || e.title), names = found.map(name);"


def _has_fields(said: Said, _inspection: Inspection) -> Judgement | None:
    bare = re.sub(r"\b(?:fields?|inputs?|boxes|box|for|called|named)\b", " ", said["fields"])
    wanted = items(" ".join(bare.replace(" ,", ",").split()))
    if not wanted or any(word.isdigit() for word in wanted):
        return None
    wanted = [word.lower().replace("-", " ").replace("_", " ") for word in wanted]
    return ask(
        f"const found = {element_in(said).found}; {_ABOUT} const inside = fields(found), known = inside.map(about);"
        "const is = w => known.some(k => k.some(t => has(t, w) || t.includes(w))) || (inside.length && w !== 'email' ? null : false);"
        "return say(every(wanted.map(is)), `its fields are ${list(inside.map(e => e.name || e.id || e.type))}; asked for ${list(wanted)}`)",
        {"wanted": wanted},
    )


def _has_typed(said: Said, _inspection: Inspection) -> Judgement:
    kind = said["type"].lower()
    css = f"input[type={kind}]" if kind != "text" else "input[type=text],input:not([type])"
    inside = element_in(said).found if said["inside"] else "[document]"
    return ask(f"const inside = {inside}.flatMap(r => all(css, r)), rest = {inside}.flatMap(r => all('input', r)); return say(inside.length > 0, `its inputs are ${{list(rest.map(e => e.type))}}`)", {"css": css})


def _has_submit(said: Said, _inspection: Inspection) -> Judgement:
    inside = element_in(said).found if said["inside"] else "[document]"
    return ask(
        f"const buttons = {inside}.flatMap(r => [...all('button,input[type=submit],input[type=image]', r), ...(r.id ? all(`[form=\"${{CSS.escape(r.id)}}\"]`) : [])]);"
        "const submits = buttons.filter(b => b.type === 'submit' || b.type === 'image');"
        "return say(submits.length > 0 || (buttons.length ? null : false), `its buttons: ${list(buttons.map(b => `${b.type} ${b.textContent || b.value}`))}`)"
    )


def _has_part(said: Said, _inspection: Inspection) -> Judgement:
    css = selector(said["part"])
    return ask(f"const inside = {element_in(said).found}.flatMap(e => all(css, e)); return say(inside.length > 0, `there are ${{inside.length}} of ${{css}} in it`)", {"css": css})


def _is_called(said: Said, _inspection: Inspection) -> Judgement:
    kind = said["thing"].lower()
    css = selector("button" if "button" in kind else "link" if kind in {"link", "hyperlink"} else kind)
    return ask(
        f"const found = all(css); {_CALLED}"
        "const is = names.map(n => n === wanted || (n.toLowerCase() === wanted.toLowerCase() ? null : has(n, wanted) === false && !n.toLowerCase().includes(wanted.toLowerCase()) ? false : null));"
        "return say(some(is), `there are ${list(names.map(shown))}; asked for ${shown(wanted)}`)",
        {"css": css, "wanted": told(said["text"])},
    )


_THING = r"(?P<thing>(?:submit |primary )?button|link|hyperlink|label|heading|h[1-6])"
_PART = r"(?P<part>button|canvas|table|form|select|dropdown|textarea|image|svg|link|list|label|checkbox|input|heading|paragraph|video|h[1-6])"
_WITH = r"(?:(?:that |which )?(?:has|asks for|collects|includes)|with)"
_LABELLED = r"(?:(?:labell?ed|named|called|titled|saying|reading|captioned|that says|that reads|with (?:text|label|caption|title)|whose (?:text|label) is) (?:text )?)"
RULES: Rules = (
    (rf"(?:{OPENING})?{element()} {_WITH} (?:input )?(?:fields?|inputs?)(?: (?:for|named|called))?:? (?P<fields>.+)", _has_fields),
    (rf"(?:{OPENING})?{element()} {_WITH} (?P<fields>[\w ,-]+|\"[^\"]+\".*?) (?:input )?(?:fields?|inputs?)", _has_fields),
    (rf"(?:{OPENING})?(?P<inside>{element()}) {_WITH} (?:input (?:of|with) type[ =]*|)\"?(?P<type>{_TYPES})\"?(?: (?:input|field)(?: field)?)?", _has_typed),
    (rf"{OPENING}(?:input (?:of|with) type[ =]*)\"?(?P<type>{_TYPES})\"?", _has_typed),
    (rf"{OPENING}(?P<type>email|password|number|date|file|search|tel|range|color) (?:input|field)(?: field)?", _has_typed),
    (rf"(?:{OPENING})?(?P<inside>{element()}) {_WITH} (?:submit button|button to submit(?: it)?)", _has_submit),
    (rf"{OPENING}submit button", _has_submit),
    (rf"(?:{OPENING})?{element()} {_WITH} {_PART}(?: element)?(?: inside(?: it)?)?", _has_part),
    (rf"{_PART} (?:is|exists) (?:inside|in|within) {element()}", _has_part),
    (rf"(?:{OPENING})?{_THING} {_LABELLED}{QUOTED.format('text')}(?: exists| is present| is there)?", _is_called),
    (rf"(?:{OPENING})?{QUOTED.format('text')} {_THING}(?: exists| is present| is there)?", _is_called),
)
