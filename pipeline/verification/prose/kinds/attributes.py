"""An element has an attribute, a class, or a property that goes with one."""

import re

from pipeline.verification.inspection import Inspection, Judgement, Rules
from pipeline.verification.prose.page import OPENING, PAGE, ask, element, element_in
from pipeline.verification.prose.sentences import told
from pipeline.verification.said import Said

_STATES = {
    "required": "e.required", "disabled": "e.disabled", "checked": "e.checked", "readonly": "e.readOnly",
    "focused": "e === document.activeElement", "hidden": "!checkVisibility(e)", "visible": "checkVisibility(e)",
    "empty": "value(e) === '' && !e.children.length", "enabled": "!e.disabled",
}  # fmt: skip
_TESTS = {
    "": "e.hasAttribute(name)",
    "class": "wanted.split(' ').every(c => e.classList.contains(c))",
    "value": "[e.getAttribute(name), e[name]].some(v => flat(v) === wanted)",
}
_SAME = (
    "e.getAttribute(name) === wanted || (flat(e.getAttribute(name) ?? e[name]).toLowerCase() === "
    "wanted.toLowerCase() ? null : false)"
)


def _of_element(said: Said, _inspection: Inspection) -> Judgement | None:
    wanted = element_in(said)
    return _asked(f"const found = {wanted.found};", wanted.css, said)


def _of_any(said: Said, _inspection: Inspection) -> Judgement | None:
    return _asked(
        "const found = all(`[${name}]`); say(found.length, `nothing on the page has ${name}`);", "what has it", said
    )


def _asked(find: str, css: str, said: Said) -> Judgement | None:
    name, value = said["name"].lower(), told(said["value"] or said["plain"])
    if said["pair"]:
        name, _, value = (part.strip(" \"'") for part in told(said["pair"]).partition("="))
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        return None
    test = _TESTS.get(name, _SAME) if value else _TESTS[""]
    return ask(
        f"{find} return say(some(found.map(e => {test})),"
        "`${css}: ${name} is ${list(found.map(e => shown(e.getAttribute(name) ?? 'not there')))}; asked "
        "for ${wanted || 'any'}`)",
        {"css": css, "name": name, "wanted": " ".join(value.split())},
    )


def _has_state(said: Said, _inspection: Inspection) -> Judgement:
    wanted, state = element_in(said), said["state"].lower().replace("-", "")
    return ask(
        f"const found = {wanted.found}; const states = found.map(e => Boolean({_STATES[state]}) !== no);"
        "return say(states.every(Boolean) || (states.some(Boolean) ? null : false), `${css}: ${state} is "
        "${list(states.map(s => s !== no))}`)",
        {"css": wanted.css, "state": state, "no": bool(said["no"])},
    )


_NAMES = (
    "aria-[a-z]+|data-[a-z0-9-]+|role|type|placeholder|alt|href|src|name|value|lang|title|for|min|max|step|rows|cols"
    "|method|action|target|rel|pattern|maxlength|autocomplete|loading|class|disabled|required|readonly|checked|multiple"
)
_NAME = rf"(?:\"?(?P<name>{_NAMES})\"?|(?P<name>alt) text)"
_SURE = r"\"?(?P<name>aria-[a-z]+|data-[a-z0-9-]+|role|lang)\"?"
_VALUE = r"(?:\"(?P<value>[^\"]*)\"|(?P<plain>(?!attribute\b)[\w.:/#@-]+))"
_SET = r"(?: ?=+ ?| (?:set to|equal to|of|equals|is|with value|with|as) )"
_ATTRIBUTE = r"(?:(?:attribute|property) )?"
_PAIR = r"\"(?P<pair>[a-z][a-z-]* ?= ?[^\"]+)\""
_WHAT = (
    rf"(?:{_ATTRIBUTE}{{name}}{_SET}{_VALUE}|{_ATTRIBUTE}{{name}} attribute{_SET}{_VALUE}"
    rf"|{_ATTRIBUTE}{_PAIR}(?: attribute)?"
    rf"|{_ATTRIBUTE}{{name}} {_VALUE}|{{name}} attribute|attribute \"?(?P<name>[a-z][a-z-]*)\"?"
    rf"|\"(?P<name>(?:aria|data)-[a-z0-9-]+)\")"
)
_HAS = r"(?:(?:(?:that|which) )?(?:has|uses|sets|is marked with|is marked|carries)|with)"
RULES: Rules = (
    (rf"(?:{OPENING})?{element()} {_HAS} {_WHAT.format(name=_NAME)}", _of_element),
    (rf"{_NAME} attribute (?:of|on) {element()} (?:is|equals|is set to) {_VALUE}", _of_element),
    (rf"{element()}(?:'s)? {_NAME} attribute (?:is|equals|is set to) {_VALUE}", _of_element),
    (rf"{_WHAT.format(name=_NAME)} is set on {element()}", _of_element),
    (
        (
            rf"(?:(?:{OPENING})?(?:element|something|some element|(?:live |status )?region) {_HAS}|(?:{PAGE} "
            rf")?(?:has|uses|with)|there is) {_WHAT.format(name=_SURE)}"
        ),
        _of_any,
    ),
    (rf"{element()} {_HAS} (?P<name>class)(?: name)?(?: of)? {_VALUE}", _of_element),
    (
        (
            rf"{element()} is (?P<no>not )?(?P<state>{'|'.join(_STATES)}|read-only)(?: field| input| button| "
            rf"by default| initially| on load)?"
        ),
        _has_state,
    ),
)
