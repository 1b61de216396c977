"""What a page script among the checks says about the page: structure only, never the answers it expects."""

import re
from dataclasses import dataclass, field
from itertools import islice

from pipeline.generation.scaffold.selectors import Chain, Compound, parse_selector

# Bounded, because the text is anybody's: an unclosed quote must not be searched to the end from every quote in it.
_LITERAL = r"""(?:"(?:[^"\\\n]|\\.){0,400}"|'(?:[^'\\\n]|\\.){0,400}'|`(?:[^`\\]|\\.){0,400}`)"""
_MAX_CALLS = 60
_CALL = re.compile(rf"\b(querySelectorAll|querySelector|getElementById|getElementsByClassName)\(\s*({_LITERAL})\s*\)")
_STRING = re.compile(_LITERAL)
_NOT_BEFORE = re.compile(r"(!+)\s*(?:document|[\w$]+)\.$")
_NAMED_BEFORE = re.compile(r"([A-Za-z_$][\w$]*)\s*=\s*(?:document|[\w$]+)\.$")
_GONE_AFTER = re.compile(r"\s*={2,3}\s*null|\.length\s*(?:={2,3}\s*0|<\s*1)(?![\d.])")
_MEMBER = re.compile(r"\s*\??\.(\w+)")
_TAG_NAME = re.compile(r"(?:\.to(?:Lower|Upper)Case\(\))?\s*={2,3}\s*[\"'`](\w+)")
_EQUALS = re.compile(rf"\s*={{2,3}}\s*({_LITERAL})")
_ATTRIBUTE = re.compile(rf"\(\s*[\"'`]([\w-]+)[\"'`]\s*\)(?:\s*={{2,3}}\s*({_LITERAL}))?")
_EVENT = re.compile(r"new\s+\w*Event\(\s*[\"'`](\w+)")
_TITLE = re.compile(
    rf"document\.title(?:\.trim\(\))?(?:\s*={{2,3}}\s*|\.(?:includes|startsWith|endsWith)\(\s*)({_LITERAL})"
)
_IN_CODE = re.compile(rf"script[\"'`]\)(?:\[\d+\])?\??\.(?:textContent|innerHTML|text)\.includes\(\s*({_LITERAL})")
_LOOKBACK = 120

_PROPERTY_TAGS = {
    "options": "select",
    "selectedIndex": "select",
    "selectedOptions": "select",
    "rows": "table",
    "tBodies": "table",
    "tHead": "table",
    "naturalWidth": "img",
    "naturalHeight": "img",
    "requestSubmit": "form",
    "elements": "form",
    "getContext": "canvas",
    "showModal": "dialog",
    "checked": "input",
}
_PLAIN_ATTRIBUTES = {"type", "name", "placeholder", "alt", "role", "lang", "min", "max"}


@dataclass(slots=True)
class Use:
    """One selector of a script and what the script does with the element.

    Attributes:
        chain: from the outermost element to the selected one.
        tag: that the element must have, or "".
        likely: tag that fits what the script does with the element, or "".
        attributes: that it must have; the value is "" where any will do or where it would be an answer.
    """

    chain: Chain
    tag: str = ""
    likely: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScriptFacts:
    """What one script says.

    Attributes:
        uses: selectors whose element must exist.
        strings: all string literals.
        title: the page's title, or "".
        in_code: texts that the page's first script must hold.
    """

    uses: tuple[Use, ...]
    strings: tuple[str, ...]
    title: str
    in_code: tuple[str, ...]


def read_script(script: str) -> ScriptFacts:
    """Read ``script`` by its patterns; nothing is executed."""
    title = _TITLE.search(script)
    return ScriptFacts(
        uses=tuple(use for call in islice(_CALL.finditer(script), _MAX_CALLS) for use in _uses(call, script)),
        strings=tuple(unquoted(literal[0]) for literal in _STRING.finditer(script)),
        title=unquoted(title[1]) if title else "",
        in_code=tuple(unquoted(found[1]) for found in _IN_CODE.finditer(script)),
    )


def unquoted(literal: str) -> str:
    """The text of a JavaScript string literal, as far as quotes and backslashes before marks go."""
    return re.sub(r"\\(.)", r"\1", literal[1:-1])


def _uses(call: re.Match[str], script: str) -> list[Use]:
    before = script[max(0, call.start() - _LOOKBACK) : call.start()]
    negation = _NOT_BEFORE.search(before)
    if (negation and len(negation[1]) % 2) or _GONE_AFTER.match(script, call.end()):
        return []
    argument = unquoted(call[2])
    if call[1] == "getElementById":
        chains: tuple[Chain, ...] = ((Compound(id=argument),),)
    elif call[1] == "getElementsByClassName":
        chains = ((Compound(classes=tuple(argument.split())),),)
    else:
        chains = parse_selector(argument) if "${" not in argument else ()
    uses = [Use(chain) for chain in chains]
    if len(uses) == 1 and call[1] in {"querySelector", "getElementById"}:
        _read_members(uses[0], call, script, _NAMED_BEFORE.search(before))
    return uses


def _read_members(use: Use, call: re.Match[str], script: str, name: re.Match[str] | None) -> None:
    ends = [call.end()]
    if name:
        ends += [found.end() for found in re.finditer(rf"(?<![\w$.]){re.escape(name[1])}(?=\s*\??\.\w)", script)]
    own_event = (
        re.search(rf"(?<![\w$.]){re.escape(name[1])}\.dispatchEvent\(\s*{_EVENT.pattern}", script) if name else None
    )
    event = own_event or _EVENT.search(script)
    for end in ends:
        if member := _MEMBER.match(script, end):
            _read_member(use, member[1], script[member.end() : member.end() + 400], event[1] if event else "")


def _read_member(use: Use, member: str, rest: str, event: str) -> None:
    if member in {"tagName", "nodeName", "localName"} and (tag := _TAG_NAME.match(rest)):
        use.tag = tag[1].lower()
    elif member in {"getAttribute", "hasAttribute"} and (attribute := _ATTRIBUTE.match(rest)):
        name = attribute[1].lower()
        use.attributes[name] = unquoted(attribute[2]) if attribute[2] and not name.startswith("data-") else ""
    elif member == "dataset" and (key := _MEMBER.match(rest)):
        use.attributes["data-" + re.sub(r"[A-Z]", lambda letter: "-" + letter[0].lower(), key[1])] = ""
    elif member in _PLAIN_ATTRIBUTES and (value := _EQUALS.match(rest)):
        use.attributes[member] = unquoted(value[1])
    elif member in _PROPERTY_TAGS:
        use.likely = use.likely or _PROPERTY_TAGS[member]
        if member == "checked":
            use.attributes.setdefault("type", "checkbox")
    elif member == "value":
        use.likely = use.likely or {"change": "select", "input": "input"}.get(event, "")
    elif member == "click":
        use.likely = use.likely or "button"
