"""Elements are on the page, or are not; how many of a kind; they hold something."""

import json
import re

from pipeline.verification.inspection import Inspection, Judgement, Rules, failed, passed
from pipeline.verification.prose.page import OPENING, PAGE, ask, element, element_in, plural, selector
from pipeline.verification.prose.sentences import EXISTS, RANGE, limits
from pipeline.verification.said import Said

_VISIBLE = (
    "say(some(found.map(e => checkVisibility(e) || null)), `there is ${list(found.map(e => '<' + e.localName + '>'))}`)"
)


def _is_there(said: Said, inspection: Inspection) -> Judgement:
    wanted, page = element_in(said), inspection.entry
    if page is None and "index.html" not in inspection.files:
        return failed("there is no index.html")
    if page and wanted.id and not page.is_alive and "visible" not in said.text:
        tags = [e.tag for e in page.tree.css("[id]") if e.attributes.get("id") == wanted.id]
        kinds = wanted.css.split("#")[0].strip(":is()").split(",")
        if tags and (kinds == [""] or tags[0] in kinds):
            return passed(f'{page.path} has <{tags[0]} id="{wanted.id}">')
        if not tags or not wanted.is_loose:
            return failed(f"{page.path} has no {wanted.css}" + (f", but <{tags[0]}> with this id" if tags else ""))
    if "visible" in said.text:
        return ask(f"const found = {wanted.found}; return {_VISIBLE}")
    return ask(
        f"const found = {wanted.found}; return say(true, `there is ${{found.length}} of ${{css}}`)", {"css": wanted.css}
    )


def _are_there(said: Said, _inspection: Inspection) -> Judgement:
    ids = re.findall(r"#([\w-]+)", said["ids"])
    return ask(
        (
            "const missing = ids.filter(id => !document.getElementById(id)); return say(!missing.length, "
            "missing.length ? `no element has the id ${missing.join(', ')}` : `all of ${ids.join(', ')} are "
            "there`)"
        ),
        {"ids": ids},
    )


def _is_absent(said: Said, _inspection: Inspection) -> Judgement:
    wanted = element_in(said)
    return ask(
        (
            f"const found = all({json.dumps(wanted.css)}); return say(!found.length, `${{found.length}} "
            f"elements match ${{css}}`)"
        ),
        {"css": wanted.css},
    )


def _is_filled(said: Said, _inspection: Inspection) -> Judgement:
    wanted = element_in(said)
    return ask(
        f"const found = {wanted.found}; return say(some(found.map(e => value(e) !== '' || "
        f"(one('img,svg,canvas,input,video', e) ? null : false))),"
        " `what is in ${css}: ${list(found.map(value))}`)",
        {"css": wanted.css},
    )


def _are_counted(said: Said, _inspection: Inspection) -> Judgement | None:
    css, allowed = plural(said["kind"]), limits(said)
    if css is None or allowed is None or css in {"tr", "th"}:
        return None
    low, high = allowed[0], min(allowed[1], 10**6)
    if (
        not said["bound"]
        and not said["more"]
        and said["low"].lower() not in {"one", "single", "a single"}
        and low == high
    ):
        exact = "n === low || (n > low ? null : false)"  # "has 3 images" does not say that it has no more
    else:
        exact = "n >= low && n <= high"
    inside = element_in(said) if said["ebare"] or any(said[f"e{g}"] for g in ("id", "hash", "class", "css")) else None
    roots = inside.found if inside else "[document]"
    return ask(
        f"const n = {roots}.flatMap(e => all(css, e)).length; return say({exact}, `there are ${{n}} of ${{css}}`)",
        {"css": css, "low": low, "high": high},
    )


def _is_a(said: Said, _inspection: Inspection) -> Judgement | None:
    wanted, kind = element_in(said), selector(said["kind"])
    if not wanted.id or not kind:
        return None
    return ask(
        (
            f"const found = {wanted.found}; return say(found.some(e => e.matches(kind)), `${{css}} is "
            f"${{list(found.map(e => '<' + e.localName + '>'))}}`)"
        ),
        {"css": wanted.css, "kind": kind},
    )


def _of_class(said: Said, _inspection: Inspection) -> Judgement | None:
    allowed = limits(said)
    if allowed is None:
        return None
    low, high = allowed[0], min(allowed[1], 10**6)
    loose = low == high and not said["bound"]
    return ask(
        (
            "const n = all(css).length; return say(n >= low && n <= high || (loose && n > low ? null : false)"
            ", `there are ${n} of ${css}`)"
        ),
        {"css": f".{said['class']}", "low": low, "high": high, "loose": loose},
    )


_KIND = r"(?P<kind>[a-z]+(?: items)?)(?: elements?| tags?)?"
_ID = r"\"?(?:[a-z]+)?#[\w-]+\"?"
RULES: Rules = (
    (rf"{OPENING}{element()}(?: {EXISTS})?", _is_there),
    (rf"{element()} {EXISTS}", _is_there),
    (
        (
            rf"(?:{OPENING})?(?:elements? |ids? )?(?P<ids>{_ID}(?:(?:, and |, | and ){_ID})+)(?: elements?)"
            rf"?(?: (?:all |both )?{EXISTS})?"
        ),
        _are_there,
    ),
    (rf"(?:there is no|{PAGE} has no|{PAGE} does not has) {element()}", _is_absent),
    (rf"{element()} does not exist", _is_absent),
    (
        (
            rf"{element()} (?:is (?:not empty|non-?empty|populated|filled(?: in)?)|has (?:some )?(?:text"
            rf"|words|content)|has non-?empty (?:text|content))"
        ),
        _is_filled,
    ),
    (rf"{element()} is (?P<kind>[a-z][\w ]*?)(?: element| tag| box)?", _is_a),
    (
        (
            rf"{OPENING}{RANGE} (?:\"?\.(?P<class>[\w-]+)\"?(?: [a-z]+)?|[a-z]+ (?:with|of|has) class(?: "
            rf"name)? \"?\.?(?P<class>[\w-]+)\"?)"
        ),
        _of_class,
    ),
    (rf"{OPENING}{RANGE} {_KIND}", _are_counted),
    (rf"(?:{OPENING})?{element()} (?:has|with|shows?|lists?) {RANGE} {_KIND}", _are_counted),
)
