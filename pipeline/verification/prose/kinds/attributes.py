"""An element has an attribute, a class, a property that goes with one, or a colour by name or as CSS writes it."""

import re

from pipeline.verification.inspection import Judgement
from pipeline.verification.prose.page import ELEMENT, ask, element_in, found_in
from pipeline.verification.prose.recognisers import Said, Unclear, recognises
from pipeline.verification.prose.sentences import OPENING, PAGE, told

_NAMES = (
    "aria-[a-z]+|data-[a-z0-9-]+|role|type|placeholder|alt|href|src|name|value|lang|title|for|min|max|step|rows|cols"
    "|method|action|target|rel|pattern|maxlength|autocomplete|loading|class|disabled|required|readonly|checked|multiple"
)
_NAME = rf"(\"?(?P<name>{_NAMES})\"?|(?P<name>alt) text)"
_SURE = r"\"?(?P<name>aria-[a-z]+|data-[a-z0-9-]+|role|lang)\"?"
_VALUE = r"(\"(?P<value>[^\"]*)\"|(?P<value>(?!attribute\b)[\w.:/#@-]+))"
_SET = r"( ?=+ ?| (set to|equal to|of|equals|is|with value|with|as) )"
_PAIR = r"\"(?P<pair>[a-z][a-z-]* ?= ?[^\"]+)\"( attribute)?"
_WHAT = (
    rf"(((attribute|property) )?({{name}}( attribute)?{_SET}{_VALUE}|{_PAIR}"
    rf"|{{name}} {_VALUE})|{{name}} attribute|attribute \"?(?P<name>[a-z][a-z-]*)\"?"
    r"|\"(?P<name>(aria|data)-[a-z0-9-]+)\")"
)
_IT, _ANY = _WHAT.format(name=_NAME), _WHAT.format(name=_SURE)
_HAS = r"(((that|which) )?(has|uses|sets|is marked with|is marked|carries)|with)"
_TESTS = {
    "class": "wanted.split(' ').every(c => e.classList.contains(c))",
    "value": "[e.getAttribute(name), e[name]].some(v => flat(v) === wanted)",
}
_SAME = (
    "e.getAttribute(name) === wanted"
    " || (flat(e.getAttribute(name) ?? e[name]).toLowerCase() === wanted.toLowerCase() ? null : false)"
)
_STATES = {
    "required": "e.required", "disabled": "e.disabled", "checked": "e.checked", "readonly": "e.readOnly",
    "focused": "e === document.activeElement", "hidden": "!checkVisibility(e)", "visible": "checkVisibility(e)",
    "empty": "value(e) === '' && !e.children.length", "enabled": "!e.disabled",
}  # fmt: skip


@recognises(
    rf"({OPENING})?{ELEMENT} {_HAS} {_IT}",
    rf"{_NAME} attribute (of|on) {ELEMENT} (is|equals|is set to) {_VALUE}",
    rf"{ELEMENT}('s)? {_NAME} attribute (is|equals|is set to) {_VALUE}",
    rf"{_IT} is set on {ELEMENT}",
    rf"(({OPENING})?((some )?element|something|(live |status )?region) {_HAS}|there is) {_ANY}",
    rf"({PAGE} )?(has|uses|with) {_ANY}",
    rf"{ELEMENT} {_HAS} (?P<name>class)( name)?( of)? {_VALUE}",
)
def _has_attribute(said: Said) -> Judgement:
    name, wanted = said["name"].lower(), told(said["value"])
    if said["pair"]:
        name, _, wanted = (part.strip(" \"'") for part in told(said["pair"]).partition("="))
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise Unclear
    found = found_in(said, "all(`[${name}]`)")
    test = _TESTS.get(name, _SAME) if wanted else "e.hasAttribute(name)"
    return ask(
        f"const found = {found}; return say(some(found.map(e => {test})), `${{name}} is "
        "${list(found.map(e => shown(e.getAttribute(name) ?? 'not there')))}; asked for ${wanted || 'any'}`)",
        name=name,
        wanted=" ".join(wanted.split()),
    )


@recognises(
    rf"{ELEMENT} is (?P<no>not )?(?P<state>{'|'.join(_STATES)}|read-only)"
    r"( field| input| button| by default| initially| on load)?"
)
def _has_state(said: Said) -> Judgement:
    state = said["state"].lower().replace("-", "")
    return ask(
        f"const states = {element_in(said).found}.map(e => Boolean({_STATES[state]}) !== no);"
        "return say(every(states) || some(states) && null, `${state}: ${list(states.map(s => s !== no))}`)",
        state=state,
        no=bool(said["no"]),
    )


# A name is met by the colour of CSS with this name; of colours of the same hue nothing is said.
_COLOURS = """
  const paint = document.createElement("canvas").getContext("2d");
  const rgba = css => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = css;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const style = getComputedStyle(e), colour = rgba(style.backgroundColor);
      if (style.backgroundImage !== "none" || colour[3] % 255) throw null;
      if (colour[3]) return colour;
    }
    return [255, 255, 255, 255];
  };
  const front = e => rgba(getComputedStyle(e).color), border = e => rgba(getComputedStyle(e).borderTopColor);
  const hue = ([r, g, b]) => {
    const most = Math.max(r, g, b), d = most - Math.min(r, g, b);
    if (d < 25) return null;
    return 60 * (most === r ? ((g - b) / d + 6) % 6 : most === g ? (b - r) / d + 2 : (r - g) / d + 4);
  };
  const light = ([r, g, b]) => (0.3 * r + 0.59 * g + 0.11 * b) / 255;
  const far = (a, b) => {
    const [h, i] = [hue(a), hue(b)], turn = Math.abs(h - i);
    if ((h === null) !== (i === null)) return Math.max(...a.slice(0, 3).map((v, n) => Math.abs(v - b[n]))) > 80;
    return h === null ? Math.abs(light(a) - light(b)) > 0.35 : Math.min(turn, 360 - turn) > 50;
  };
  const told = c => `rgb(${c.slice(0, 3).join(", ")})`;
"""
_SHADE = "light|dark|medium|pale|deep|hot|dodger|royal|sky|steel|forest|lime|sea|midnight|navy|slate"
_HUE = (
    "blue|red|green|yellow|orange|purple|pink|black|white|gr[ae]y|brown|navy|teal|cyan|magenta|gold|silver|maroon|olive"
    "|lime|aqua|fuchsia|indigo|violet|crimson|coral|salmon|tomato|turquoise|khaki|beige|lavender|plum|orchid|tan"
)
_COLOUR = rf"(?P<colour>\"?#[0-9a-f]{{3,8}}\"?|\"?(rgba?|hsla?)\([^)]*\)\"?|\"?(({_SHADE}) ?)?({_HUE})\"?|\"[a-z]+\")"
_BACK = "background([ -]colou?r)?"
_SIDE = rf"(?P<what>(page |body )?{_BACK}|border([ -]colou?r)?|(text |font |foreground )?colou?r|text)"
_IS = r"(is( set to)?|equals|of|=|:)"
_BODY = rf"(({PAGE}|body)('s| has)? )?"


@recognises(
    rf"({OPENING})?(?=\"?(h[1-6]|heading|headline|button|paragraph)\b){ELEMENT} is {_COLOUR}",
    rf"{_BODY}(?P<what>{_BACK}) (of (page|body|site) )?{_IS} {_COLOUR}",
    rf"{_SIDE} of {ELEMENT} {_IS} {_COLOUR}",
    rf"({OPENING})?{ELEMENT}('s)? {_SIDE} {_IS} {_COLOUR}",
    rf"({OPENING})?{ELEMENT} (has|with|uses) {_COLOUR} ({_SIDE}|(?P<what>font))",
    rf"({OPENING})?{ELEMENT} (has|with) {_SIDE} (of |set to )?{_COLOUR}",
    rf"({PAGE}|body) (has|uses|with) {_COLOUR} (?P<what>background)( colou?r)?",
)
def _is_coloured(said: Said) -> Judgement:
    name, found = said["colour"].strip('"').lower(), found_in(said, "[document.body]")
    is_exact = re.match(r"#|rgb|hsl", name)
    name = name if is_exact else name.replace(" ", "")
    if not is_exact and not re.fullmatch(r"[a-z]{3,20}", name):
        raise Unclear
    what = said["what"].lower() or ("background" if "button" in found else "color")
    side = "behind" if "back" in what else "border" if "border" in what else "front"
    return ask(
        f"{_COLOURS} if (!CSS.supports('color', name)) throw null;"
        f"const wanted = rgba(name), got = {found}.map({side});"
        "const is = c => c.every((v, i) => Math.abs(v - wanted[i]) < 2) || (sure || far(c, wanted) ? false : null);"
        "return say(some(got.map(is)), `the ${what} is ${list(got.map(told))}; asked for ${name}`)",
        name=name,
        what=what,
        sure=bool(is_exact),
    )


@recognises(
    rf"({PAGE}|body) has (?P<shade>dark|light) (background|theme)( colou?r)?",
    rf"{_BODY}background is (?P<shade>dark|light)",
)
def _is_dark(said: Said) -> Judgement:
    return ask(
        f"{_COLOURS} const back = behind(document.body), l = dark ? light(back) : 1 - light(back);"
        "return say(l < 0.3 || (l < 0.5 ? null : false), `the background is ${told(back)}`)",
        dark=said["shade"].lower() == "dark",
    )
