"""An HTML page, read the way a browser reads it: ids, title, scripts, styles and what it refers to."""

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from pipeline.verification.problems import with_line_feeds

# The parser's time is quadratic in the depth of nesting and in the attributes of an element (measured: 0.3 s at 16,000
# open elements, 200 s at 150,000 attributes). Real pages nest dozens; the estimate below also counts comparisons in
# inline scripts (i<n), of which libraries have thousands.
DEEPEST_NESTING = 10_000
MOST_ATTRIBUTES = 500
MOST_INLINE = 200  # scripts, and styles, of one page that are looked at

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,40})")
_ATTRIBUTE = r"""(?>[\s/]++(?:[^\s=/><]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?))"""
_TOO_MANY_ATTRIBUTES = re.compile(rf"<[a-zA-Z][^\s/>]*+(?:{_ATTRIBUTE}){{{MOST_ATTRIBUTES}}}")
# Elements without content, and those that the next one of their kind closes.
_DO_NOT_NEST = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
    | {"p", "li", "option"}
)
_REFERRING = {
    "href": {"a", "area", "link", "image", "use"},
    "src": {"script", "img", "source", "video", "audio", "track", "iframe", "embed", "input"},
    "data": {"object"},
    "poster": {"video"},
    "srcset": {"img", "source"},
}
_RELATIONS_WITHOUT_FILE = frozenset({"preconnect", "dns-prefetch", "canonical", "alternate", "author", "license"})
_EMBEDDING = frozenset({"iframe", "object", "embed"})
_SCRIPT_KINDS = {
    "": "classic",
    "text/javascript": "classic",
    "application/javascript": "classic",
    "text/ecmascript": "classic",
    "application/ecmascript": "classic",
    "module": "module",
    **dict.fromkeys(("application/json", "application/ld+json", "importmap", "speculationrules"), "json"),
}


class Unreadable(ValueError):
    """Reading the page would take very long. The text says why."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script element: the address of its file, or inline code and the line on which that begins.

    ``kind`` is ``classic``, ``module``, ``json``, or None for what browsers do not run, such as templates.
    """

    kind: str | None
    src: str | None
    code: str
    line: int


@dataclass(frozen=True, slots=True)
class Style:
    """A style element: its text, and the line on which it begins."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Page:
    """What is known about a page without running it."""

    path: str  # in the app
    source: str  # the text, with line feeds alone
    tree: LexborHTMLParser  # of elements; the contents of ``template`` elements are not in it
    title: str | None  # white space collapsed; None when there is no title element
    ids: Counter[str]  # each with how often it occurs
    # addresses as written, entities decoded; they, scripts and styles are in document order
    references: tuple[str, ...]
    scripts: tuple[Script, ...]
    styles: tuple[Style, ...]
    is_alive: bool  # whether anything in it may change it, or lead elsewhere, once it is open

    def line_of(self, attribute_value: str) -> int | None:
        """The last line on which an attribute has this value, or None when it is not written like that."""
        written = "|".join(map(re.escape, {attribute_value, html.escape(attribute_value)}))
        found = [match.start() for match in re.finditer(rf"=\s*+[\"']?\s*+(?:{written})(?=[\"'\s>])", self.source)]
        return _line_at(self.source, found[-1]) if found else None


def read_page(path: str, text: str) -> Page:
    """Parse ``text``.

    Raises:
        Unreadable: more than DEEPEST_NESTING elements may be open at once, or one has more than MOST_ATTRIBUTES.
    """
    source = with_line_feeds(text)
    if _nesting(source) > DEEPEST_NESTING:
        raise Unreadable(f"nests elements more than {DEEPEST_NESTING} deep")
    if _TOO_MANY_ATTRIBUTES.search(source):
        raise Unreadable(f"has an element with more than {MOST_ATTRIBUTES} attributes")
    tree = LexborHTMLParser(source)
    nodes = [(node, dict(node.attributes)) for node in tree.css("*")]
    scripts = tuple(islice(_scripts(source, nodes), MOST_INLINE))
    return Page(
        path=path,
        source=source,
        tree=tree,
        title=_title(tree),
        ids=Counter(name for _, attributes in nodes if (name := attributes.get("id"))),
        references=tuple(_references(nodes)),
        scripts=scripts,
        styles=tuple(Style(text, line) for _, text, line in islice(_texts(source, nodes, "style"), MOST_INLINE)),
        is_alive=any(script.kind in {"classic", "module"} for script in scripts) or any(map(_acts, nodes)),
    )


_Node = tuple[LexborNode, dict[str, str | None]]


def _title(tree: LexborHTMLParser) -> str | None:
    for element in tree.css("title"):
        ancestor = element.parent
        while ancestor is not None and ancestor.tag != "svg":
            ancestor = ancestor.parent
        if ancestor is None:
            return " ".join(element.text().split())
    return None


def _references(nodes: list[_Node]) -> Iterator[str]:
    for node, attributes in nodes:
        tag = node.tag or ""
        if tag == "link" and _RELATIONS_WITHOUT_FILE & set((attributes.get("rel") or "").lower().split()):
            continue
        for attribute, tags in _REFERRING.items():
            value = attributes.get(attribute) or (attributes.get("xlink:href") if attribute == "href" else None)
            if tag not in tags or not (value and value.strip()):
                continue
            if attribute == "srcset":
                yield from (part.split()[0] for part in value.split(", ", 50)[:50] if part.strip())
            else:
                yield value.strip()


def _scripts(source: str, nodes: list[_Node]) -> Iterator[Script]:
    for attributes, code, line in _texts(source, nodes, "script"):
        kind = (attributes.get("type") or "").strip().lower().split(";")[0]
        yield Script(_SCRIPT_KINDS.get(kind), attributes.get("src"), code, line)


def _texts(source: str, nodes: list[_Node], tag: str) -> Iterator[tuple[dict[str, str | None], str, int]]:
    """Attributes and raw text of each element with this tag, and the line on which the text begins."""
    position = 0
    for node, attributes in nodes:
        if node.tag == tag:
            text = node.text()
            start = source.find(f">{text}</", position)
            yield attributes, text, 1 if start < 0 else _line_at(source, start)
            position = position if start < 0 else start + len(text) + 1


def _acts(node: _Node) -> bool:
    """Whether the element runs code, embeds what may, or leads to another page by itself."""
    element, attributes = node
    if element.tag in _EMBEDDING or (attributes.get("http-equiv") or "").lower() == "refresh":
        return True
    return any(
        name.startswith("on") or (value or "").lstrip().lower().startswith("javascript:")
        for name, value in attributes.items()
    )


def _line_at(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


def _nesting(source: str) -> int:
    """About how many elements are open at once at most; elements that are closed wrongly do not lower the figure."""
    open_elements: Counter[str] = Counter()
    depth = deepest = 0
    for closing, name in _TAG.findall(source):
        tag = name.lower()
        if not closing and tag not in _DO_NOT_NEST:
            open_elements[tag] += 1
            depth += 1
            deepest = max(deepest, depth)
        elif closing and open_elements[tag]:
            open_elements[tag] -= 1
            depth -= 1
    return deepest
