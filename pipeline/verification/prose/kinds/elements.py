"""Elements are on the page, or are not; how many of a kind; they hold something."""

import json
import re

from pipeline.verification.inspection import Judgement, failed, passed
from pipeline.verification.prose.files import still_page
from pipeline.verification.prose.page import ELEMENT, ask, ask_count, element_in, found_in, plural, selector
from pipeline.verification.prose.recognisers import Said, Unclear, recognises
from pipeline.verification.prose.sentences import EXISTS, OPENING, PAGE, RANGE

_KIND = r"(?P<kind>[a-z]+( items)?)( elements?| tags?)?"
_ID = r"\"?(?:[a-z]+)?#[\w-]+\"?"


@recognises(rf"{OPENING}{ELEMENT}( {EXISTS})?", rf"{ELEMENT} {EXISTS}")
def _is_there(said: Said) -> Judgement:
    wanted, page = element_in(said), still_page(said.inspection)
    if "visible" in said.text:
        seen = "`there is ${list(found.map(e => '<' + e.localName + '>'))}`"
        return ask(
            f"const found = {wanted.found}; return say(some(found.map(e => checkVisibility(e) || null)), {seen})"
        )
    if page and wanted.id:
        tags = [e.tag for e in page.tree.css("[id]") if e.attributes.get("id") == wanted.id]
        kinds = wanted.css.split("#")[0].strip(":is()").split(",")
        if tags and (kinds == [""] or tags[0] in kinds):
            return passed(f'{page.path} has <{tags[0]} id="{wanted.id}">')
        if not tags or not wanted.is_loose:
            return failed(f"{page.path} has no {wanted.css}" + (f", but <{tags[0]}> with this id" if tags else ""))
    return ask(f"return `there is ${{{wanted.found}.length}} of ${{css}}`", css=wanted.css)


@recognises(
    rf"({OPENING})?(elements? |ids? )?(?P<ids>{_ID}(?:(?:, and |, | and ){_ID})+)( elements?)?( (all |both )?{EXISTS})?"
)
def _are_there(said: Said) -> Judgement:
    return ask(
        "const missing = ids.filter(id => !document.getElementById(id));"
        "return say(!missing.length, `of ${list(ids)} are missing: ${list(missing)}`)",
        ids=re.findall(r"#([\w-]+)", said["ids"]),
    )


@recognises(rf"(there is no|{PAGE} has no|{PAGE} does not has) {ELEMENT}", rf"{ELEMENT} does not exist")
def _is_absent(said: Said) -> Judgement:
    css = element_in(said).css
    return ask(f"const n = all({json.dumps(css)}).length; return say(!n, `${{n}} elements match ${{css}}`)", css=css)


@recognises(rf"{ELEMENT} is (?P<kind>[a-z][\w ]*?)( element| tag| box)?")
def _is_a(said: Said) -> Judgement:
    wanted, kind = element_in(said), selector(said["kind"])
    if not wanted.id or not kind:
        raise Unclear
    return ask(
        f"const found = {wanted.found};"
        "return say(found.some(e => e.matches(kind)), `it is ${list(found.map(e => '<' + e.localName + '>'))}`)",
        kind=kind,
    )


@recognises(
    rf"{OPENING}{RANGE} \"?\.(?P<class>[\w-]+)\"?( [a-z]+)?",
    rf"{OPENING}{RANGE} [a-z]+ (with|of|has) class( name)? \"?\.?(?P<class>[\w-]+)\"?",
    rf"{OPENING}{RANGE} {_KIND}",
    rf"({OPENING})?{ELEMENT} (has|with|shows?|lists?) {RANGE} {_KIND}",
)
def _are_counted(said: Said) -> Judgement:
    css = f".{said['class']}" if said["class"] else plural(said["kind"])
    return ask_count(said, f"[{found_in(said)}.flatMap(e => all({json.dumps(css)}, e)).length]", css, may_be_more=True)
