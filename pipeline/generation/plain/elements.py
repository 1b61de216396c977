"""Elements of a page: the CSS selectors that name them, what is known of them, and how they become HTML."""

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from xml.etree import ElementTree as ET

from markdown_it import MarkdownIt

_STEP = re.compile(
    r"""\#(?P<id>[\w-]+) | \.(?P<class>[\w-]+) | ::?(?!checked|disabled|not|empty|invalid)[\w-]+(?:\([^()]*\))?
    | \[\s*(?P<name>[\w-]+)\s*(?:[~|^$*]?=\s*(?P<quote>["']?)(?P<value>.*?)(?P=quote)\s*(?:\bi\s*)?)?\]
    | (?P<sibling>\s*[+~]\s*) | (?P<gap>\s*>\s*|\s+) | (?P<tag>[A-Za-z][A-Za-z0-9-]*)""",
    re.VERBOSE,
)

MAX_ELEMENTS, MAX_DEPTH = 500, 12
_FIELDS, _VERBATIM = frozenset({"input", "select", "textarea"}), frozenset({"pre", "code", "textarea"})
_UNSAFE = frozenset({"script", "style", "iframe", "object", "embed", "base", "link", "meta", "template"})
_ACTIVE = re.compile(r"(?i)on|style=|srcdoc=|(?:src|href|(?:form)?action)=\s*(?:javascript|data|vbscript):")
_UNPRINTABLE = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Element(ET.Element):
    """An element of the page; tag "" = not known yet, ``guess`` = the tag that checks treat it as.

    ``count`` of it stand side by side. ``sentence`` names it; ``before`` and ``after`` are the words around its name.
    """

    def __init__(self, tag: str = "", text: str = "", **attributes: str) -> None:
        super().__init__(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
        self.text, self.count = text, 1
        self.guess = self.before = self.after = self.sentence = ""

    @property
    def id(self) -> str:
        """Its id; "" = none."""
        return self.get("id", "")

    @property
    def words(self) -> tuple[str, str, str]:
        """What tells its purpose, the closest first: its own names, the clause before its name, the one behind it."""
        own = spaced(f"{self.id} {self.get('class', '')} {self.get('name', '')}")
        return own, re.split(r"[,;:]\s|\)", self.before)[-1], re.split(r"[,;]\s", self.after)[0]

    def says(self, pattern: str) -> bool:
        """Whether ``pattern`` tells its purpose."""
        return any(said(pattern, words) for words in self.words)

    def fits(self, wanted: "Element") -> bool:
        """Whether it is, or can become, what is wanted."""
        if wanted.id or (wanted.tag and self.tag and wanted.tag != self.tag):
            return wanted.id == self.id != ""
        others = {name: value for name, value in wanted.items() if name != "class"}
        if any(value and self.get(name) not in {None, value} for name, value in others.items()):
            return False
        if classes := wanted.get("class", "").split():
            return not set(classes).isdisjoint(self.get("class", "").split())
        return self.tag == wanted.tag != "" or any(name in self.keys() for name in others)

    def learn(self, other: "Element") -> None:
        """Take over what ``other`` knows."""
        classes = dict.fromkeys(f"{self.get('class', '')} {other.get('class', '')}".split())
        self.attrib = {**other.attrib, **{name: value or other.get(name, "") for name, value in self.items()}}
        self.attrib |= {"class": " ".join(classes)} if classes else {}
        self.tag = self.tag or other.tag
        if not self.sentence:
            self.before, self.after, self.sentence = other.before, other.after, other.sentence

    def inner(self) -> Iterator["Element"]:
        """Everything inside it."""
        return (each for each in self.iter() if isinstance(each, Element) and each is not self)

    def put(self, *chain: "Element") -> "Element":
        """Find or make the elements of ``chain``, each inside the one before it; return the last."""
        place, every, top = self, list(self.inner()), set(self)
        for wanted in chain[:MAX_DEPTH]:
            others = [each for each in every if wanted.id or (wanted.get("class") and each in top)]
            element = next((each for each in [*place.inner(), *others] if each.fits(wanted)), None)
            if element is None and len(every) >= MAX_ELEMENTS:
                return place
            if element is None:
                place.append(element := Element())
            elif element in top and place not in element.iter() and place is not self:
                self.remove(element)
                place.append(element)
            element.learn(wanted)
            place = element
        return place


def said(pattern: str, words: str) -> bool:
    """Whether ``words`` hold one of ``pattern``, in the singular or plural."""
    return re.search(rf"\b(?:{pattern})s?\b", words, re.IGNORECASE) is not None


def spaced(name: str) -> str:
    """``totalSales`` and ``total-sales`` as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_\W]+", " ", name).strip()


def label_of(name: str) -> str:
    """A name, or that of a file without folder and ending, for people."""
    words = spaced(re.sub(r"^.*/|\.\w+$", "", name))
    return words[:1].upper() + words[1:]


def parse_selector(selector: str) -> list[Element]:
    """One element per step, the outermost first, for the first of alternatives; empty when it cannot be told."""
    chain, position = [Element()], 0
    selector = re.split(r",(?![^\[(]*[\])])", selector)[0].strip()
    while position < len(selector):
        if (step := _STEP.match(selector, position)) is None:
            return []
        position = step.end()
        if step["gap"] or step["sibling"]:
            chain = [*(chain if step["gap"] else chain[:-1]), Element()]
        elif step["class"]:
            chain[-1].learn(Element(class_=step["class"]))
        elif step["id"] or step["name"]:
            chain[-1].set((step["name"] or "id").lower(), step["id"] or step["value"] or "")
        chain[-1].tag = (step["tag"] or chain[-1].tag).lower()
    return [element for element in chain if element.tag not in {"html", "body", "main", "header"}]


def content(elements: Iterable[Element], documents: Mapping[str, str]) -> str:
    """The elements, each in a frame; ``documents`` are Markdown."""
    frames: list[ET.Element] = []
    for each in elements:
        _complete(each, documents)
        frames += [_framed(each)] * (1 if each.id else each.count)
    return "\n".join(ET.tostring(each, "unicode", method="html") for each in frames)


def _complete(element: Element, documents: Mapping[str, str]) -> None:
    for each in [element, *element.inner()]:
        each.attrib = {name: value for name, value in each.items() if not _ACTIVE.match(f"{name}={value}")}
        is_used = bool(each.id or each.get("data-role"))
        if each.tag == "img" and "alt" not in each.attrib:
            each.set("alt", _name(each))
        each.tag = each.tag or ("output" if is_used and len(each) == 0 else "div")
        each.tag = "div" if each.tag in _UNSAFE else each.tag
        each.text = each.text or ("" if is_used or len(each) or each.tag in {"img", *_FIELDS} else _name(each))
        chosen = each.attrib.pop("value", None) if each.tag == "select" else None
        for option in each if each.tag == "select" else ():
            option.text = option.text or option.get("value") or _name(each)
            option.attrib |= {"selected": ""} if option.get("value") == chosen else {}
        document = documents.get(each.get("data-source", ""), "") if each.get("data-role") == "show" else ""
        if document and each.tag not in _VERBATIM:
            markdown = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).enable("table")
            each[:] = ET.fromstring(f"<div>{markdown.render(_UNPRINTABLE.sub('', document))}</div>")  # noqa: S314 - ours
            each.set("data-role", "rendered")
    for parent in [element, *element.inner()]:
        copies = [(child, 1 if child.get("id") else getattr(child, "count", 1)) for child in parent]
        children = [deepcopy(child) if number else child for child, count in copies for number in range(count)]
        parent[:] = [_framed(child) if child.tag in _FIELDS else child for child in children]


def _name(element: ET.Element) -> str:
    return label_of(next(filter(None, map(element.get, ("id", "name", "class", "type"))), element.tag))


def _framed(element: ET.Element) -> ET.Element:
    is_field = element.tag in _FIELDS
    heading = Element("span" if is_field or element.tag in {"output", "span"} else "h2", _name(element))
    if element.tag in {"nav", "section", "a", "button"} or element.get("data-role") == "tabs":
        element[:0] = [heading] if element.tag == "section" and element.get("id") else []
        return element
    frame = Element("label" if is_field else "section")
    frame.extend([heading, element] if is_field or element.get("id") else [element])
    return frame
