"""An element has a colour, by name or as CSS writes it."""

import re

from pipeline.verification.inspection import Inspection, Judgement, Rules
from pipeline.verification.prose.page import OPENING, PAGE, ask, element, element_in
from pipeline.verification.said import Said

# A name is met by the colour of CSS with this name; of colours of the same hue nothing is said.
_COLOUR = """
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
"""
_WORD = (
    r"(?P<colour>\"?#[0-9a-f]{3,8}\"?|\"?(?:rgba?|hsla?)\([^)]*\)\"?|\"?(?:(?:light|dark|medium|pale"
    r"|deep|hot|dodger|royal|sky|steel|forest|lime|sea|midnight|navy|slate) ?)?(?:blue|red|green"
    r"|yellow|orange|purple|pink|black|white|gr[ae]y|brown|navy|teal|cyan|magenta|gold|silver|maroon"
    r"|olive|lime|aqua|fuchsia|indigo|violet|crimson|coral|salmon|tomato|turquoise|khaki|beige"
    r"|lavender|plum|orchid|tan)\"?|\"[a-z]+\")"
)
_EXACT = re.compile(r"#|rgb|hsl")
_CSS_WORD = re.compile(r"[a-z]{3,20}")


def _is(said: Said, _inspection: Inspection) -> Judgement | None:
    has_element = any(said[f"e{name}"] for name in ("id", "hash", "class", "css", "bare"))
    css = element_in(said).css if has_element else "body"
    colour = said["colour"].strip('"').lower()
    if not _EXACT.match(colour):
        colour = colour.replace(" ", "")
        if not _CSS_WORD.fullmatch(colour):
            return None
    what = said["what"].lower() or ("background" if "button" in css else "color")
    side = "behind" if "back" in what else "border" if "border" in what else "front"
    found = element_in(said).found if has_element else "[document.body]"
    exact = "|| (sure || far(c, wanted) ? false : null)"
    return ask(
        f"const found = {found}; {_COLOUR} if (!CSS.supports('color', name)) throw null; const wanted = "
        f"rgba(name), got = found.map({side});"
        f"const is = c => c.every((v, i) => Math.abs(v - wanted[i]) < 2) {exact};"
        "return say(some(got.map(is)), `${what} of ${css} is ${list(got.map(c => `rgb(${c.slice(0, 3)"
        ".join(', ')})`))}; asked for ${name}`)",
        {"css": css, "name": colour, "what": what or "color", "sure": bool(_EXACT.match(colour))},
    )


def _is_dark(said: Said, _inspection: Inspection) -> Judgement:
    is_dark = said["shade"].lower() == "dark"
    return ask(
        (
            f"{_COLOUR} const l = light(behind(document.body)); return say(dark ? l < 0.3 || (l < 0.5 ? null "
            f": false) : l > 0.7 || (l > 0.5 ? null : false), `the background is rgb(${{behind(document.body)"
            f".slice(0, 3).join(', ')}})`)"
        ),
        {"dark": is_dark},
    )


_WHAT = (
    r"(?P<what>(?:page |body )?background(?:[ -]colou?r)?|border(?:[ -]colou?r)?|(?:text |font "
    r"|foreground )?colou?r|text)"
)
_IS = r"(?:is(?: set to)?|equals|of|=|:)"
_BODY = rf"(?:(?:{PAGE}|body)(?:'s| has)? )?"
_BY_NATURE = r"\"?(?:h[1-6]|heading|headline|button|paragraph)\b"
RULES: Rules = (
    (rf"(?:{OPENING})?(?={_BY_NATURE}){element()} is {_WORD}", _is),
    (rf"{_BODY}(?P<what>background(?:[ -]colou?r)?) (?:of (?:page|body|site) )?{_IS} {_WORD}", _is),
    (rf"{_WHAT} of {element()} {_IS} {_WORD}", _is),
    (rf"(?:{OPENING})?{element()}(?:'s)? {_WHAT} {_IS} {_WORD}", _is),
    (
        (
            rf"(?:{OPENING})?{element()} (?:has|with|uses) {_WORD} (?P<what>background(?:[ -]colou?r)?"
            rf"|text(?: colou?r)?|border(?:[ -]colou?r)?|font|colou?r)"
        ),
        _is,
    ),
    (rf"(?:{OPENING})?{element()} (?:has|with) {_WHAT} (?:of |set to )?{_WORD}", _is),
    (rf"(?:{PAGE}|body) (?:has|uses|with) {_WORD} (?P<what>background)(?: colou?r)?", _is),
    (rf"(?:{PAGE}|body) has (?P<shade>dark|light) (?:background|theme)(?: colou?r)?", _is_dark),
    (rf"{_BODY}background is (?P<shade>dark|light)", _is_dark),
)
