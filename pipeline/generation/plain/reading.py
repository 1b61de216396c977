"""Reads brief, checks and files: which elements they name, what is said about them, and what can be shown."""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.domain.brief import Attachment, Brief
from pipeline.generation.attachments.columns import is_number
from pipeline.generation.attachments.reading import Kind, recognise
from pipeline.generation.attachments.tables import find_delimiter
from pipeline.generation.plain.elements import Element, parse_selector

_TAGS = (
    "a|address|article|aside|blockquote|button|canvas|code|dd|details|dialog|div|dl|dt|em|fieldset|figcaption|figure|"
    "footer|form|h1|h2|h3|h4|h5|h6|header|hr|img|input|label|legend|li|meter|nav|ol|option|output|p|pre|progress|rect|"
    "section|select|small|span|strong|summary|svg|table|tbody|td|textarea|th|thead|time|tr|ul|video"
)
TAGS = frozenset(_TAGS.split("|"))
QUOTED = r"(?P<q>[\"'`])(?P<quoted>\S(?:(?!(?P=q)(?!\w)).){,300})(?P=q)(?!\w)"
_STRAIGHT = str.maketrans("\u201c\u201d\u2018", '""\'')
_SENTENCE = re.compile(r"(?<=[.!?])[\"')]?\s+(?=[^a-z])|\n\s*(?=[-*•]\s|\d+[.)]\s)|\n\s*\n")
_MENTION = re.compile(
    rf"""<(?P<snippet>[a-z][a-z0-9]*)(?P<rest>(?:\s+[\w-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?)*)\s*/?>
    | (?:\b(?P<tag>{_TAGS})|(?<![\w/.)]))(?:\#(?P<id>[A-Za-z][\w-]*)(?!=)|\.(?P<class>[A-Za-z][\w-]*))
    | \b[iI][dD]s?\s*(?:=|:|of|named|called)?\s*["'`]?(?P<named>[A-Za-z][\w-]*)(?=["'`\s),.;:]|$)
    | \bclass(?:es)?\s*(?:=|:|of|named|called)?\s*["'`]?(?P<classed>[A-Za-z][\w-]*)
    | \b(?P<attribute>role|(?:data|aria)-[\w-]+)\s*=\s*["'](?P<value>[^"']*)["']""",
    re.VERBOSE,
)
_NO_NAME = re.compile(r"is|of|for|and|the|that|to|on|in|it|attribute|column|field|number|when|with|per|as|an?|name")
_NO_CLASS = re.compile(r"csv|tsv|json|md|txt|svg|html?|css|js|xml|ya?ml|png|jpe?g|gif|webp|xlsx|pdf|py|org|com")
_BECOMES = re.compile(r"\b(?:gets?|marks?|adds?|toggles?|removes?|receives?)\b[^.]*$")
_AND = re.compile(r"[\s,/\"'`()]*(?:(?:and|or|with|the|attribute)\b|&)?[\s,\"'`()]*")
_CALL = re.compile(
    r"""(?:\b(?P<variable>\w+)\s*=\s*(?:\[\s*\.\.\.\s*)?)?(?:(?P<receiver>\b[\w$]+|\))\s*\??\.\s*)?
    \b(?P<method>querySelector(?:All)?|getElementById|getElementsBy(?:ClassName|TagName|Name))
    \(\s*(?P<quote>["'`])(?P<selector>(?:\\.|(?!(?P=quote)).)*)(?P=quote)\s*\)""",
    re.VERBOSE,
)
_METHODS = {"getElementById": "#{}", "getElementsByClassName": ".{}", "getElementsByName": "[name={}]"}
_LATER = re.compile(r"click\(|dispatchEvent|submit\(|requestSubmit|\.value\s*=[^=]|await |\.then\(|setTimeout|$")
_ABSENT = re.compile(r"\s*(?:===?\s*null|\.length\s*(?:===?\s*0|<))")
_TREATED = r"\s*\.\s*(click(?=\()|value(?=\s*=[^=]))"
_IS = r"(?:\.trim\(\)|\.to\w+Case\(\))*\s*(?:===?\s*|\.(?:includes|startsWith)\(\s*)(?P<q>[\"'`])(?P<is>.*?)(?P=q)"
_COUNT = re.compile(r"\s*\]?\s*\.length\s*(?P<sign>===?|>=?)\s*(?P<number>\d+)")
_TEXT = re.compile(rf"\.(?P<what>textContent|innerText|tagName|nodeName|localName){_IS}")
_VALUE = re.compile(
    r"\.(?:(?:get|has)Attribute\(\s*[\"'](?P<name>[\w-]+)[\"']\s*\)|dataset\.(?P<data>\w+)"
    rf"|(?P<plain>type|placeholder|name|role|lang|alt|value(?=\s*===)|required|min|max)\b)(?:{_IS})?"
)
_TITLES = (
    re.compile(rf"document\.title(?:\.trim\(\))?\s*(?:===?\s*|\.includes\(\s*){QUOTED}"),
    re.compile(r"<title>(?P<quoted>[^<]+)</title>"),
    re.compile(rf"(?i)\btitled?\b(?!\s+(?:of|for)\b)[^\"'`.\n]{{0,30}}{QUOTED}"),
)
_LANDMARK = re.compile(rf"(?i)\b(?:(?P<footer>footer)|heading|headline|h1)\b[^.\"'`]{{0,30}}{QUOTED}")


@dataclass(frozen=True, slots=True)
class Source:
    """A file: ``rows`` with their ``columns``, ``tree``, ``markdown``, ``text``, ``image``, or "" = cannot be shown."""

    name: str
    kind: str
    text: str | None = None
    columns: tuple[str, ...] = ()


def read_source(attachment: Attachment) -> Source:
    """What can be shown of a file."""
    item, name = recognise(attachment), attachment.name
    if item.kind is Kind.IMAGE or item.media_type == "image/svg+xml" or item.decoded is None:
        return Source(name, "image" if item.decoded or item.kind is Kind.IMAGE else "")
    text = item.decoded.text
    try:
        if item.kind is Kind.JSON:
            kind = "rows" if json.loads(text) and re.search(r"^\s*\[|\[\s*\{", text) else "tree"
            return Source(name, kind, text, tuple(dict.fromkeys(re.findall(r"\"([^\"\\]+)\"\s*:", text))))
        if item.kind is Kind.TABLE:
            header = next(csv.reader(text.splitlines(), delimiter=find_delimiter(text, item.media_type)), [])
            return Source(name, "rows", text, () if any(map(is_number, header)) else tuple(map(str.strip, header)))
    except (ValueError, RecursionError, csv.Error):
        return Source(name, "text", text)
    return Source(name, "markdown" if item.media_type == "text/markdown" else "text", text)


@dataclass(slots=True)
class Reading:
    """What brief and checks say: elements in ``root``, sentences, page scripts, title, and whence the page has data."""

    root: Element = field(default_factory=Element)
    sentences: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    title: str = ""
    sources: Sequence[Source] = ()
    parameter: str = ""

    def source(self, sentence: str, kinds: str) -> Source | None:
        """The file of one of ``kinds`` that ``sentence`` names, or the first."""
        fitting = [source for source in self.sources if source.kind in kinds.split()]
        return next((source for source in fitting if source.name in sentence), next(iter(fitting), None))

    def others(self, element: Element) -> list[Element]:
        """Other elements with an id, those of the same sentence first."""
        every = [each for each in self.root.inner() if each.id and each is not element]
        return sorted(every, key=lambda each: each.sentence != element.sentence)


def read(brief: Brief) -> Reading:
    """Read ``brief``. What it says comes first; what its checks say completes that."""
    prose = [check.text for check in brief.checks if not check.script and "document." not in check.text]
    lines = [" ".join(line.split()) for line in "\n\n".join([brief.text, *prose]).translate(_STRAIGHT).splitlines()]
    paragraphs = _SENTENCE.split(re.sub(r"\n{2,}", "\n\n", "\n".join(lines)))
    reading = Reading(
        sentences=[" ".join(each.split()) for each in paragraphs if each.strip()],
        scripts=[check.script or check.text for check in brief.checks if check.text not in prose],
    )
    texts = [*reading.scripts, *reading.sentences]
    titles = (match["quoted"] for title in _TITLES for text in texts for match in title.finditer(text))
    reading.title = re.sub(r"\\(.)", r"\1", next(titles, ""))
    for sentence in reading.sentences:
        _read_sentence(sentence, reading.root)
    for script in reading.scripts:
        _read_script(script, reading)
    return reading


def _read_sentence(sentence: str, root: Element) -> None:
    """Add the elements that are named. Those of a list ("#a, #b and #c") share what is said about them."""
    groups: list[list[tuple[re.Match[str], Element]]] = []
    for match in _MENTION.finditer(sentence):
        gap = sentence[groups[-1][-1][0].end() : match.start()] if groups else "."
        if (element := _mentioned(match)) is None:
            continue
        if match["attribute"] and _AND.fullmatch(gap):
            groups[-1][-1][1].learn(element)
        elif _AND.fullmatch(gap) and (len(groups[-1]) > 1 or ", and" not in gap):
            groups[-1].append((match, element))
        else:
            groups.append([(match, element)])
    starts = [0, *(group[-1][0].end() for group in groups)]
    ends = [*(group[0][0].start() for group in groups[1:]), len(sentence)]
    for group, start, end in zip(groups, starts, ends, strict=False):
        for _, element in group:
            element.before, element.sentence = sentence[start : group[0][0].start()], sentence
            element.after = sentence[group[-1][0].end() : end].lstrip("\"'`) ")
            root.put(element)
    for match in _LANDMARK.finditer(sentence):
        landmark = root.put(Element("footer" if match["footer"] else "h1"))
        landmark.text = landmark.text or match["quoted"]


def _mentioned(match: re.Match[str]) -> Element | None:
    if match["attribute"]:
        return Element(**{match["attribute"].lower(): match["value"]})
    if match["snippet"]:
        pairs = re.findall(r"([\w-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?", match["rest"])
        attributes = {name.lower(): "".join(told) for name, *told in pairs}
        return Element(match["snippet"], **attributes) if match["snippet"] in TAGS else None
    name, id_ = match["id"] or match["named"] or match["class"] or match["classed"], match["id"] or match["named"]
    is_code = re.fullmatch(r"(?=\D*\d)(?:[0-9a-f]{3}){1,2}", name) if id_ else _NO_CLASS.fullmatch(name)
    is_state = not id_ and _BECOMES.search(match.string[: match.start()])
    if is_code or is_state or _NO_NAME.fullmatch(name):
        return None
    return Element(match["tag"] or "", **{"id" if id_ else "class": name})


def _read_script(script: str, reading: Reading) -> None:
    """Add the elements that ``script`` asks for, unless it wants them absent or only after something was done."""
    known: dict[str, list[Element]] = {}
    chain: list[Element] = []
    later = next(_LATER.finditer(script)).start()
    calls = list(_CALL.finditer(script))
    for call, end in zip(calls, [*(call.start() for call in calls[1:]), len(script)], strict=False):
        rest, before = script[call.end() : end], script[: call.start()]
        selector = _METHODS.get(call["method"], "{}").format(re.sub(r"\\(.)", r"\1", call["selector"]))
        inside = [] if call["receiver"] in {None, "document"} else known.get(call["receiver"], chain)
        wanted = [*inside, *parse_selector(selector)]
        while call.start() > later and wanted and not wanted[-1].id:
            wanted.pop()
        is_absent = _ABSENT.match(rest) or (len(before) - len(before.rstrip("!"))) % 2
        if is_absent or "${" in selector or wanted == inside or not wanted:
            continue
        chain = known[call["variable"] or ""] = wanted
        element = reading.root.put(*wanted)
        variable = rf"\b{call['variable']}{_TREATED}" if call["variable"] else "(?!)"
        for verb in re.findall(rf"^[\])]?{_TREATED}", rest) or re.findall(variable, script):
            element.guess = "button" if verb == "click" else "input"
        if call.start() <= later:
            _expect(element, rest, reading)
    for name in re.findall(r"[\"'`]#([A-Za-z][\w-]*)[\"'`]", script):
        reading.root.put(Element(id=name))


def _expect(element: Element, rest: str, reading: Reading) -> None:
    """What the script compares the element with; texts only where the brief has them too."""
    if count := _COUNT.match(rest):
        element.count = max(element.count, min(int(count["number"]) + (count["sign"] == ">"), 50))
    if (text := _TEXT.search(rest)) and text["is"].lower() in TAGS:
        element.tag = element.tag or text["is"].lower()
    elif text and re.search(r"[^\W\d]{2}", text["is"]) and text["is"].lower() in "\n".join(reading.sentences).lower():
        element.text = element.text or text["is"]
    for value in _VALUE.finditer(rest):
        name = value["name"] or value["plain"] or "data-" + re.sub(r"(?=[A-Z])", "-", value["data"]).lower()
        element.set(name, element.get(name) or value["is"] or "")
