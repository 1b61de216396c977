"""Decides by general rules what each element is, and what the page script does with it."""

import re
from collections.abc import Sequence
from urllib.parse import quote

from pipeline.generation.plain.elements import Element, label_of, said, spaced
from pipeline.generation.plain.reading import QUOTED, TAGS, Reading

_NOUNS = {tag: tag for tag in TAGS - {"a", "p", "label", "code", "header"}}
_NOUNS |= {"select": "select|drop-?down|picker|combo ?box", "button": "button|toggle|btn", "textarea": "text ?area"}
_NOUNS |= {"input": "input|field|(?:search|text|number) ?box|slider|check ?box|search bar", "p": "paragraph"}
_NOUNS |= {"ol": "(?:ordered|numbered) list", "ul": "list", "img": "image|picture|photo|logo", "span": "badge|span"}
_NOUNS |= {"div": "div|container|gallery|tab|card", "a": "link"}
_NAMED = re.compile(r"[\s\W]*(?:(?:with|the|an?|its|ids?|class|element|field|tag|named|called|of|is|whose)\b[\s\W]*)*")
_OPERATIONS = {
    "mean": "average|mean|avg",
    "max": "max|maximum|highest|largest|biggest|most|top|best|longest|greatest|peak|latest",
    "min": "min|minimum|lowest|smallest|least|fewest|cheapest|shortest",
    "sum": "total|sum|summed|overall|altogether",
    "count": "count|number of|how many|entries|size",
}
_PLAIN, _BLOCK = " p span div output strong td b", " div section article output p"
_LISTS = frozenset({"ul", "ol", "tbody"})
_SEARCHES = r"search\w*|filter\w*|find|look|quer(?:y|ies)|contain\w*|match\w*|typ(?:e|ed|ing)"
_SHOWS = "show|list|display|render|view|content|text|raw|original|unrendered|source|read|output|convert|preview|result"
_ANY, _ROWS = "markdown text tree rows", "source columns operation each decimals format item itemclass"
# Role; tags that get it ("" = unknown); words that tell it; what it needs, one of these; what the page script is told.
_RULES = (
    ("theme", "button input", "dark|light|theme", "", ""),
    ("reset", "button", r"reset|clear|empt(?:y|ies)|restart|start (?:over|again)", "", "targets"),
    ("add", "button", "add|append(?:ed)?|insert|put|pack|save|create", "list", "targets"),
    ("step", "button", r"(?:in|de)cre\w+|plus|minus|one|up|down|more|less|number|count\w*", "", "targets near by"),
    ("tabs", " div nav ul", "tab", "", "near"),
    ("sort", "select", r"sort\w*|(?:re)?order\w*", "rows", "source down"),
    ("search", "input", _SEARCHES, "rows text", "source"),
    ("origin", _PLAIN, "label|source|loaded|name|which|active|current|shown", "parameter", ""),
    ("parameter", _PLAIN, r"greet\w*|hello|welcome|value|person|parameter|address|url", "parameter", ""),
    ("measure", _PLAIN, "word|line|char(?:acter)?", "markdown text field", "source targets unit format"),
    ("chart", _PLAIN + " section figure svg", "chart|bar|graph|plot|diagram", "rows", "source columns itemclass"),
    ("gallery", " div section figure", "image|picture|photo|gallery", "image", ""),
    ("figure", _PLAIN, "|".join(_OPERATIONS.values()), "rows", "source columns operation decimals format"),
    ("size", _PLAIN, "count|number|how many|size|total", "list", "targets"),
    ("form", "form", "", "", "answer"),
    ("filter", "select", "", "column", "source columns"),
    ("gallery", "img", "", "image", "source"),
    ("show", "table ul ol tbody dl", "", "rows", _ROWS),
    ("show", "pre article code textarea", "", _ANY, "source"),
    ("show", _BLOCK, _SHOWS, _ANY, "source item itemclass"),
)
_ANSWERS = r"enter\w*|sent|send\w*|submi\w+|confirm\w*|thank\w*|answer|result|status|message"
_LISTED = re.compile(r"\b(?:with|has|having|asks? for|fields?:?|takes?|contain(?:ing|s)|inputs?)\b:?\s+(.*)")
_TYPES = re.compile(r"(?i)e-?mail|number|date|check ?box|tel")
_TAGS = re.compile(r"(?i)(?P<select>drop-?down|select)|(?P<textarea>text ?area|message|comment|remark|feedback)|.")
_NO_NAME = re.compile(r"\b(?:an?|the|their|your|text|fields?|inputs?|box|for|named|called|required)\b|\(.*|[^\w\s-]")
_OPTIONS = re.compile(r"(?:with (?:the )?)?\b(?:option|value|choice)s?:? (?:are |of )?([^.;()]*?\b(?:and|or) [\w'-]+)")
_AND = re.compile(r",\s*(?:and |or )?|\s+(?:and|or)\s+|;")


def _columns(element: Element, reading: Reading) -> str:
    source = reading.source(element.sentence, "rows")
    stems = {name: _stems(name) for name in (source.columns if source else ()) if _stems(name)}
    found = [[name for name in stems if stems[name] <= _stems(text)] for text in (*element.words, element.sentence)]
    return "|".join(list(dict.fromkeys(found[0] + found[1] + found[2])) or found[3])


def _has(need: str, element: Element, reading: Reading) -> bool:
    tags = {each.tag for each in reading.others(element)}
    there = {"": True, "list": tags & _LISTS, "field": tags & {"input", "textarea"}}
    there |= {"column": _columns(element, reading), "parameter": f"?{reading.parameter}=" in element.sentence}
    return bool(there[need] if need in there else reading.source(element.sentence, need))


def _stems(text: str) -> set[str]:
    return {re.sub(r"(?<=..)(?:(?<!s)s|ies|y)$", "", word) for word in spaced(text).lower().split()}


def tag_of(element: Element) -> str:
    """The tag that the words around an element's name tell; "" = none."""
    before, after = element.words[1].lower(), element.after[:24].lower().partition(" with ")[0]
    found = [(match.end(), tag) for tag, noun in _NOUNS.items() for match in re.finditer(rf"\b(?:{noun})s?\b", before)]
    if found and _NAMED.fullmatch(before[max(found)[0] :]):
        return max(found)[1]
    for words, pattern in ((after, r"(?:[\w-]+ )?\b(?:{})\b"), (element.words[0].lower(), r".*\b(?:{})$")):
        if tag := next((tag for tag, noun in _NOUNS.items() if re.match(pattern.format(noun), words)), ""):
            return tag
    pressed = "button" if re.search(r"\b(?:press|click|hit)\w*\b[^,.]*$", before) else ""
    return element.guess or pressed or ("input" if re.search(r"\b(?:types?|enters?)\b[^,.]*$", before) else "")


def give_role(element: Element, reading: Reading) -> None:
    """Set text, ``data-…`` attributes and what is inside an element that has an id or stands for itself."""
    told = re.match(rf"[^\"'`]{{0,30}}{QUOTED}", element.words[2])
    told = told or re.search(rf"{QUOTED} (?:in|into|inside|as) (?:the |an? )?\w*\s*$", element.before)
    element.text = element.text or (told["quoted"] if told and len(element) == 0 else "")
    if element.tag == "select":
        _add_options(element, element.after)
    if element.tag == "a" and (address := re.search(r"https?://[^\s\"'`<>),]*[^\s\"'`<>),.]", element.after)):
        element.set("href", element.get("href") or address[0])
    rows = reading.source(element.sentence, "rows")
    is_record = not element.id and (element.get("class") or element.tag == "details")
    if rows and is_record and (element.count > 1 or element.says("each|every|per|one|card")):
        item = {"item": element.tag or "article", "itemclass": element.get("class", "")}
        element[:], element.tag, element.count, element.text = [], "div", 1, ""
        element.attrib = {f"data-{name}": told for name, told in {"role": "show", "source": rows.name, **item}.items()}
    named = element.sentence if any(source.name in element.sentence for source in reading.sources) else ""
    for words in (*element.words, None, named):
        for role, tags, pattern, needs, facts in _RULES if not element.get("data-role") else ():
            is_told = not pattern if words is None else pattern and said(pattern, words)
            if not is_told or element.tag not in tags.split(" ") or (words == named != "" and role != "show"):
                continue
            need = next((need for need in needs.split(" ") if _has(need, element, reading)), None)
            if need is not None and not element.get("data-role"):
                known = _facts(need, element, reading) | {"role": role}
                element.attrib |= {f"data-{fact}": known[fact] for fact in ["role", *facts.split()] if known[fact]}
                _fill(role, element, reading)
    if element.tag == "button":
        element.text = element.text or label_of(element.id or element.get("class", ""))


def _facts(need: str, element: Element, reading: Reading) -> dict[str, str]:
    others, source = reading.others(element), reading.source(element.sentence, "rows" if need == "column" else need)
    operations = [name for words in element.words for name, told in _OPERATIONS.items() if said(told, words)]
    units = [unit for words in element.words for unit in ("word", "line", "char") if said(rf"{unit}\w*", words)]
    decimals = re.search(r"\b(one|two|three|\d) decimals?\b", element.sentence)
    items = [each for each in element.inner() if each.tag in {"li", "details", "rect", "tr"} or each.get("class")]
    item = next(iter(items), Element("li" if element.tag in _LISTS else ""))
    return {
        "targets": " ".join(each.id for each in others),
        "near": " ".join(each.id for each in others if each.sentence == element.sentence),
        "answer": next((each.id for each in others if each.tag in _PLAIN.split(" ") and each.says(_ANSWERS)), ""),
        "source": source.name if source else "",
        "columns": _columns(element, reading),
        "operation": operations[0] if operations else "",
        "each": "yes" if element.says("each|every|per|by|breakdown|grouped") else "",
        "by": "-1" if element.says(r"decre\w+|minus|subtract\w*|down|less|fewer|back|undo") else "1",
        "unit": (units or [""])[0],
        "decimals": {"one": "1", "two": "2", "three": "3"}.get(decimals[1], decimals[1]) if decimals else "",
        "format": "grouped" if said("thousand|NumberFormat|grouped|separator", element.sentence) else "",
        "down": "yes" if re.search(r"(?:high|larg|most|bigg|great)\w*\W+first|descend", element.sentence) else "",
        "item": (item.tag or "article") if element.tag != "table" and (items or element.tag in _LISTS) else "",
        "itemclass": item.get("class", ""),
    }


def _fill(role: str, element: Element, reading: Reading) -> None:
    if role in {"show", "chart", "tabs"}:
        element[:], element.text, element.tag = [], "", element.tag or "div"
    elif role == "filter":
        element[:] = [Element("option", "All", value="")]
    elif role == "form":
        _add_fields(element)
    elif role == "gallery":
        images = [each.name for each in reading.sources if each.kind == "image"]
        fill_gallery(element, [name for name in images if name in element.sentence] or images)


def fill_gallery(element: Element, names: Sequence[str]) -> Element:
    """Put the pictures into ``element``, each with its caption; an image becomes the first of them."""
    pictures = [Element("img", src=quote(name), alt=label_of(name), data_source=name) for name in names]
    if element.tag == "img":
        element.learn(pictures[0])
        return element
    element[:], element.tag = [], element.tag or "div"
    element.set("data-role", "gallery")
    for picture in pictures:
        element.append(figure := Element("figure"))
        figure.extend([picture, Element("figcaption", picture.get("alt", ""))])
    return element


def _add_fields(form: Element) -> None:
    """Add the fields that the sentence lists behind the form, and a button, unless they are there."""
    listed = _LISTED.search(_OPTIONS.sub("", form.after))
    for part in _AND.split(listed[1]) if listed else ():
        kind = re.sub(r"\W", "", match[0].lower()) if (match := _TYPES.search(part)) else "text"
        tag = next((match.lastgroup for match in _TAGS.finditer(part) if match.lastgroup), "input")
        words = _NO_NAME.sub(" ", part.lower().replace("e-mail", "email")).split()
        name = "-".join([word for word in words if word not in {kind, tag, "dropdown"}] or words)
        if not name or len(words) > 4 or re.search("button|submi", part):  # noqa: PLR2004 - no field's name is so long
            continue
        wanted = Element(tag, name=name, **({"type": kind} if tag == "input" else {}))
        known = [each for each in form.inner() if each.fits(wanted) or each.fits(Element(tag, name=name))]
        field = next(iter(known), wanted)
        field.attrib |= wanted.attrib
        form.extend([] if known else [field])
        if tag == "select":
            _add_options(field, form.after)
    if not any(each.tag == "button" or each.get("type") == "submit" for each in form.iter()):
        form.append(Element("button", "Send", type="submit"))


def _add_options(select: Element, text: str) -> None:
    options = _OPTIONS.search(text)
    names = [part.strip("\"'` ") for part in _AND.split(options[1])] if options else []
    for name in names if max((len(name.split()) for name in names), default=9) <= 3 else ():  # noqa: PLR2004 - words
        select.put(Element("option", value=name))
