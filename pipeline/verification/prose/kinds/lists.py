"""What stands in tables, selects and forms: rows, columns, options, fields, buttons, by their names and number."""

import json
import re

from pipeline.verification.inspection import Judgement
from pipeline.verification.prose.page import ELEMENT, ask, ask_among, ask_count, element, element_in, found_in, selector
from pipeline.verification.prose.recognisers import Said, Unclear, recognises
from pipeline.verification.prose.sentences import OPENING, RANGE, TEXT, TEXTS, items, texts_in, told

_SAYS = r"(that |which )?(has|shows?|displays?|lists?|offers?|provides?|allows?)"
_WHO = rf"({OPENING})?{ELEMENT} ({_SAYS}|with)"

# Forms, and what things are called

_TYPES = "email|text|password|number|date|file|checkbox|radio|search|tel|url|range|color|time|hidden"
_WITH = r"((that |which )?(has|asks for|collects|includes)|with)"
_FORM = rf"({OPENING})?{ELEMENT} {_WITH}"
_PART = (
    r"(?P<part>button|canvas|table|form|select|dropdown|textarea|image|svg|link|list|label|checkbox"
    r"|input|heading|paragraph|video|h[1-6])"
)
_THING = r"(?P<thing>(submit |primary )?button|link|hyperlink|label|heading|h[1-6])"
_LABEL = "labell?ed|named|called|with text"
_LABELLED = (
    r"((labell?ed|named|called|titled|saying|reading|captioned|that says|that reads|with (text|label|caption|title)"
    r"|whose (text|label) is) (text )?)"
)
_THERE = r"( exists| is present| is there)?"
_ABOUT = """
  const words = text => flat(text).toLowerCase().replace(/[-_]/g, " ");
  const labels = e => [...(e.labels ?? [])].map(l => l.textContent);
  const about = e => [e.name, e.id, e.placeholder, e.type, e.ariaLabel, e.autocomplete, ...labels(e)].map(words);
"""


@recognises(
    rf"{_FORM} (input )?(fields?|inputs?)( (for|named|called))?:? (?P<fields>.+)",
    rf"{_FORM} (?P<fields>[\w ,-]+|\"[^\"]+\".*?) (input )?(fields?|inputs?)",
)
def _has_fields(said: Said) -> Judgement:
    bare = re.sub(r"\b(fields?|inputs?|boxes|box|for|called|named)\b", " ", said["fields"])
    wanted = [re.sub("[-_]", " ", word.lower()) for word in items(" ".join(bare.replace(" ,", ",").split()))]
    if any(word.isdigit() for word in wanted):
        raise Unclear
    return ask(
        f"{_ABOUT} const inside = belonging({element_in(said).found}, 'input,textarea,select');"
        "const named = w => inside.map(about).some(k => k.some(t => has(t, w) || t.includes(w)));"
        "const is = w => named(w) || (inside.length && w !== 'email' ? null : false);"
        "return say(every(wanted.map(is)), `its fields are ${list(inside.map(e => e.name || e.id || e.type))}; asked "
        "for ${list(wanted)}`)",
        wanted=wanted,
    )


@recognises(
    rf"{_FORM} (input (of|with) type[ =]*\"?(?P<type>{_TYPES})\"?|(?P<type>{_TYPES}) (input|field)( field)?)",
    rf"{OPENING}(input (of|with) type[ =]*)\"?(?P<type>{_TYPES})\"?",
    rf"{OPENING}(?P<type>email|password|number|date|file|search|tel|range|color) (input|field)( field)?",
)
def _has_typed(said: Said) -> Judgement:
    kind = said["type"].lower()
    inputs = f"belonging({found_in(said)}, 'input')"
    return ask(
        f"const types = {inputs}.map(e => e.type); return say(types.includes(kind), `its inputs are ${{list(types)}}`)",
        kind=kind,
    )


@recognises(rf"{_FORM} (submit button|button to submit( it)?)", rf"{OPENING}submit button")
def _has_submit(said: Said) -> Judgement:
    buttons = f"belonging({found_in(said)}, 'button,input[type=submit],input[type=image]')"
    return ask(
        f"const buttons = {buttons}, is = buttons.some(b => b.type === 'submit' || b.type === 'image');"
        "return say(is || (buttons.length ? null : false), `its buttons: ${list(buttons.map(called))}`)"
    )


@recognises(
    rf"{_FORM} {_PART}( element)?( inside( it)?)?",
    rf"{_FORM} {element('i')}( inside( it)?)?",
    rf"{element('i')} (is|exists) (inside|in|within) {ELEMENT}",
    rf"{_PART} (is|exists) (inside|in|within) {ELEMENT}",
)
def _has_inner(said: Said) -> Judgement:
    inner = None if said["part"] else element_in(said, "i")
    return ask(
        f"const n = {element_in(said).found}.flatMap(e => all(css, e)).length;"
        "return say(n > 0 || (isKind && all(css).length ? null : false), `there are ${n} of ${css} in it`)",
        css=inner.css if inner else selector(said["part"]),
        isKind=inner is not None and not inner.id,
    )


@recognises(
    rf"({_FORM} |{OPENING})(?P<parts>(button|link|heading|label|tab)s)( ({_LABEL}|for))? {TEXTS}",
    rf"({OPENING})?{_THING} {_LABELLED}{TEXT}{_THERE}",
    rf"({OPENING})?{TEXT} {_THING}{_THERE}",
)
def _are_called(said: Said) -> Judgement:
    kind = re.sub(r"submit |primary |s$", "", (said["parts"] or said["thing"]).lower())
    css = selector({"tab": "button", "hyperlink": "link"}.get(kind, kind))
    names = f"{found_in(said)}.flatMap(e => all({json.dumps(css)}, e)).map(called)"
    return ask_among(names, texts_in(said) or [told(said["text"])], f"each {kind}")


@recognises(rf"label (for|of) {ELEMENT} (is|reads|says|equals|has) {TEXT}")
def _has_label(said: Said) -> Judgement:
    names = f"{element_in(said).found}.flatMap(e => [...(e.labels ?? [])].map(l => flat(l.textContent)))"
    return ask_among(names, [told(said["text"])], "its labels")


# Selects

_VALUE = r"(?P<name>\"[^\"]+\"|[\w-]+)"


@recognises(
    rf"{_WHO} (option values?|options?:?|values?|choices?|entries|currencies) (for |of |with value )?(?P<names>.+)",
    rf"{_WHO} (?P<names>.+?) (as )?(options?|choices?)",
    rf"({OPENING})?{ELEMENT} (that |which )?(?P<lists>lists?|offers?|has) (?P<names>.+)",
)
def _has_options(said: Said) -> Judgement:
    wanted = items(re.sub(r"^(as )?options?( for)? | (as )?options?$", "", said["names"]))
    if said["lists"] and not element_in(said).css.startswith("select"):
        raise Unclear
    return ask_among(f"named(options({element_in(said).found}))", wanted, "its options")


@recognises(
    rf"{ELEMENT} (defaults to|is preselected to|has default( value)?( of)?|is set to) {_VALUE}( by default)?",
    rf"(default|selected|initial)( option| value)? (of|in) {ELEMENT} is {_VALUE}",
)
def _is_chosen(said: Said) -> Judgement:
    return ask_among(f"named(options({element_in(said).found}).filter(o => o.selected))", items(said["name"]), "chosen")


# Tables

_ENTITLED = r"( (for|with|called|named|of|containing|has))*"


@recognises(rf"{_WHO} (header row|headers?|head|thead|column headers?|column headings?)")
def _has_head(said: Said) -> Judgement:
    return ask(
        f"const found = {element_in(said).found}, heads = tables(found).flatMap(t => all('th', t));"
        "return say(heads.length > 0 || (rows(found).length ? null : false), `its heads: ${list(heads.map(value))}`)"
    )


_COUNTS = {
    "option": "[options(found).length, options(found).filter(o => o.value && !o.disabled).length]",
    "choice": "[options(found).length, options(found).filter(o => o.value && !o.disabled).length]",
    "column": "[head(found).length]",
    "data": "[rows(found).filter(r => one('td', r)).length]",
    "body": "[rows(found).filter(r => one('td', r)).length]",
    "": "[rows(found).filter(r => one('td', r)).length, rows(found).length]",
}


@recognises(
    rf"{_WHO} {RANGE} (?P<unit>options?|choices?)",
    (
        rf"{_WHO} {RANGE} (?P<unit>((data|body|table) )?(rows?|entries)|columns?)( of data)?"
        r"( in (body|tbody|table body))?"
    ),
)
def _has_size(said: Said) -> Judgement:
    counts = next(script for start, script in _COUNTS.items() if said["unit"].lower().startswith(start))
    return ask_count(said, f"(found => {counts})({element_in(said).found})", said["unit"])


_COLUMNS = r"(columns?|headers?|headings?|column headers?|column headings?|table headers?|headers? row)"


@recognises(
    rf"{_WHO} {_COLUMNS}{_ENTITLED}:? (?P<names>.+)",
    rf"{_WHO} (?P<names>\"[^\"]+\".*|[A-Z][\w-]*((, and |, | and )[A-Z][\w -]*)*) (columns?|headers?|headings?)",
)
def _has_columns(said: Said) -> Judgement:
    wanted = items(re.sub(r" (columns?|headers?|headings?)$", "", said["names"]))
    return ask_among(f"head({element_in(said).found}).map(value)", wanted, "its columns")


@recognises(
    rf"{_WHO} (rows?|cells?|entr(y|ies)){_ENTITLED} (?P<names>.+)",
    rf"({OPENING})?(?=table\b){ELEMENT} (lists?|shows?|has) (?P<names>{TEXTS})",
)
def _has_cells(said: Said) -> Judgement:
    wanted = items(re.sub(r" rows?$", "", said["names"]))
    return ask_among(f"rows({element_in(said).found}).flatMap(r => [...r.cells].map(value))", wanted, "its cells")
