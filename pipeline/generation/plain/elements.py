"""Elements that a brief names, and the CSS selectors by which it names them."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

_STEP = re.compile(
    r"""\#(?P<id>[\w-]+) | \.(?P<class>[\w-]+) | ::?(?!checked|disabled|not|empty|invalid)[\w-]+(?:\([^()]*\))?
    | \[\s*(?P<name>[\w-]+)\s*(?:[~|^$*]?=\s*(?P<quote>["']?)(?P<value>.*?)(?P=quote)\s*(?:\bi\s*)?)?\]
    | (?P<sibling>\s*[+~]\s*) | (?P<gap>\s*>\s*|\s+) | (?P<tag>[A-Za-z][A-Za-z0-9-]*)""",
    re.VERBOSE,
)


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
        place = self
        for wanted in chain:
            others = [each for each in self.inner() if wanted.id or (wanted.get("class") and each in list(self))]
            element = next((each for each in [*place.inner(), *others] if each.fits(wanted)), None)
            if element is None:
                place.append(element := Element())
            elif element in list(self) and place not in element.iter() and place is not self:
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
