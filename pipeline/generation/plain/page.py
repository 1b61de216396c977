"""Puts elements together as HTML, and makes files that a brief asks for by name."""

import json
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from importlib.resources import files
from xml.etree import ElementTree as ET

from jinja2 import Environment
from markdown_it import MarkdownIt
from markupsafe import Markup

from pipeline.generation.plain.elements import Element, label_of

TO_BE_WRITTEN = "To be written. This app was built without a language model."
_NAMED = {
    "py": '"""Serves the page to a Space."""\n\nfrom http.server import HTTPServer, SimpleHTTPRequestHandler\n\n'
    'HTTPServer(("0.0.0.0", 7860), SimpleHTTPRequestHandler).serve_forever()\n',
    "js": "// {}\n",
    "json": '{{"note": "{}"}}\n',
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="60"><text x="8" y="40">{}</text></svg>\n',
}
_FIELDS, _VERBATIM = frozenset({"input", "select", "textarea"}), frozenset({"pre", "code", "textarea"})
_UNPRINTABLE = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def asset(name: str) -> str:
    """A template of this package."""
    return files(__package__).joinpath("templates", name).read_text("utf-8")


def script_json(value: object) -> str:
    """``value`` as JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def new_page(title: str, **values: object) -> str:
    """A page without content; ``values`` are escaped."""
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(asset("page.html"))
    return template.render(title=title, css=Markup(asset("page.css")), **values) + "\n"  # noqa: S704 - our own file


def inserted(page: str, block: str, before: str) -> str:
    """``page`` with ``block`` in front of the last ``before``, of the end of its body, or at its end."""
    places = [place for mark in (before, "</body>", "</html>") if (place := page.lower().rfind(mark)) >= 0]
    place = places[0] if places else len(page)
    return f"{page[:place]}{block}\n{page[place:]}" if block else page


def named_file(path: str, context: str, style: str) -> str:
    """A file of which only its name is known, and ``context``, what is said about it; ``style``: the app's CSS file."""
    ending, up = path.rpartition(".")[2], "../" * path.count("/")
    if ending == "html":
        page = new_page(label_of(path), links=[(up + "index.html", "Home")], style=style and up + style)
        body = Markup("<section><p>{}</p><p>{}</p></section>").format(TO_BE_WRITTEN, context)
        return inserted(page, body, "<div data-messages")
    return asset("page.css") if ending == "css" else _NAMED.get(ending, "note: {}\n").format(TO_BE_WRITTEN)


def content(elements: Iterable[Element], documents: Mapping[str, str]) -> Markup:
    """The elements, each in a frame; ``documents`` are Markdown."""
    frames: list[ET.Element] = []
    for each in elements:
        _complete(each, documents)
        frames += [_framed(each)] * (1 if each.id else each.count)
    return Markup("\n".join(ET.tostring(each, "unicode", method="html") for each in frames))  # noqa: S704 - escaped


def _complete(element: Element, documents: Mapping[str, str]) -> None:
    for each in [element, *element.inner()]:
        each.tag = each.tag or ("output" if (each.id or each.get("data-role")) and len(each) == 0 else "div")
        is_filled = each.id or each.get("data-role") or len(each) or each.tag in {"img", *_FIELDS}
        each.text = each.text or ("" if is_filled else _name(each))
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
