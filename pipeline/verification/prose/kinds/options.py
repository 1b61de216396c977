"""A select lists options."""

import re

from pipeline.verification.inspection import Inspection, Judgement, Rules
from pipeline.verification.prose.page import OPENING, ask, element, element_in
from pipeline.verification.prose.sentences import RANGE, items, limits
from pipeline.verification.said import Said

_OPTIONS = """const found = %s; if (!found.every(e => e.matches("select,datalist"))) throw null;
  const options = found.flatMap(e => all("option", e)), told = list(options.map(o => o.text || o.value));
  const named = (o, w) => [o.text, o.value, o.label].some(t => flat(t) === w);
"""
_DOUBT = "[o.text, o.value].some(t => flat(t).toLowerCase().includes(w.toLowerCase()))"


def _lists(said: Said, _inspection: Inspection) -> Judgement | None:
    wanted = items(re.sub(r"^(?:as )?options?(?: for)? | (?:as )?options?$", "", said["names"]))
    if wanted is None or (said["lists"] and not element_in(said).css.startswith("select")):
        return None
    return ask(
        f"{_OPTIONS % element_in(said).found} const is = w => options.some(o => named(o, w)) || "
        f"(options.some(o => {_DOUBT}) ? null : false);"
        "return say(every(wanted.map(is)), `its options are ${told}; asked for ${list(wanted)}`)",
        {"wanted": wanted},
    )


def _has_size(said: Said, _inspection: Inspection) -> Judgement | None:
    allowed = limits(said)
    if allowed is None:
        return None
    return ask(
        (
            f"{_OPTIONS % element_in(said).found} const counts = [options.length, options.filter(o => "
            f"o.value && !o.disabled).length];"
            "const fits = counts.map(n => n >= low && n <= high); return say(fits.every(Boolean) || "
            "(fits.some(Boolean) ? null : false), `its options are ${told}`)"
        ),
        {"low": allowed[0], "high": min(allowed[1], 10**6)},
    )


def _is_chosen(said: Said, _inspection: Inspection) -> Judgement | None:
    wanted = items(said["name"])
    if wanted is None or len(wanted) != 1:
        return None
    return ask(
        f"{_OPTIONS % element_in(said).found} const chosen = found.map(e => e.selectedOptions?.[0]).filter(Boolean);"
        "return say(chosen.some(o => named(o, wanted)) || (chosen.some(o => has(o.text, wanted) !== "
        "false) ? null : false), `chosen is ${list(chosen.map(o => o.text))}; asked for ${wanted}`)",
        {"wanted": wanted[0]},
    )


_WHO = rf"(?:{OPENING})?{element()} (?:(?:that |which )?(?:has|lists?|offers?|shows?|displays?|provides?|allows?)|with)"
RULES: Rules = (
    (
        (
            rf"{_WHO} (?:option values? |options?:? |values? |choices? |entries |currencies )(?:for |of "
            rf"|with value )?(?P<names>.+)"
        ),
        _lists,
    ),
    (rf"{_WHO} (?P<names>.+?) (?:as )?(?:options?|choices?)", _lists),
    (rf"(?:{OPENING})?{element()} (?:that |which )?(?P<lists>lists?|offers?|has) (?P<names>.+)", _lists),
    (rf"{_WHO} {RANGE} (?:options?|choices?)", _has_size),
    (
        (
            rf"{element()} (?:defaults to|is preselected to|has default(?: value)?(?: of)?|is set to) "
            rf"(?P<name>\"[^\"]+\"|[\w-]+)(?: by default)?"
        ),
        _is_chosen,
    ),
    (
        rf"(?:default|selected|initial)(?: option| value)? (?:of|in) {element()} is (?P<name>\"[^\"]+\"|[\w-]+)",
        _is_chosen,
    ),
)
