"""HTML of the parts. Everything that comes from outside is escaped by markupsafe; nothing is glued by hand."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from markupsafe import Markup, escape

from pipeline.generation.scaffold.parts import Part, Place
from pipeline.generation.scaffold.words import label_of, vocabulary

_VOID = frozenset({"input", "img", "hr", "br"})
_ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9-]*")
_ALLOWED = vocabulary(
    "id class type name value placeholder alt role lang min max step required for href src hidden rel "
    "width height autocomplete rows"
)
_BOOTSTRAP = {
    "select": "form-select",
    "input": "form-control",
    "textarea": "form-control",
    "button": "btn btn-primary",
    "table": "table table-hover",
}
_LONG_TEXT = 24


def node(tag: str, attributes: Mapping[str, str] | None = None, *content: str) -> Markup:
    """One element. Attributes that could run code, or whose name is not an attribute name, are left out."""
    given = [(name, value) for name, value in (attributes or {}).items() if _is_safe(name)]
    inner = Markup("").join(Markup(' {}="{}"').format(Markup(name), value) for name, value in given)  # noqa: S704 - the name matched _ATTRIBUTE_NAME
    opening = Markup("<{}{}>").format(Markup(tag), inner)  # noqa: S704 - tags come from our own tables or the selector grammar
    if tag in _VOID:
        return opening
    return opening + Markup("").join(escape(each) for each in content) + Markup("</{}>").format(Markup(tag))  # noqa: S704


def _is_safe(name: str) -> bool:
    return _ATTRIBUTE_NAME.fullmatch(name) is not None and (name in _ALLOWED or name.startswith(("aria-", "data-")))


def file_address(path: str, *, below: str = "") -> str:
    """Relative address of ``path`` as seen from the page at ``below``."""
    return "../" * below.count("/") + quote(path)


def content(parts: Iterable[Part], *, bootstrap: bool) -> Markup:
    """The page's body: controls, then figures, then blocks, then actions."""
    parts = [part for part in parts if not part.settings.get("existing")]
    by_place = {place: [part for part in parts if part.place is place] for place in Place}
    inside = {part.id: [each for each in by_place[Place.INSIDE] if each.holder == part.id] for part in parts}
    orphans = [part for part in by_place[Place.INSIDE] if part.holder not in inside]
    sections = []
    if not any("data-messages" in part.attributes for part in parts):
        messages = {"data-messages": "", "role": "status", "hidden": "hidden"}
        sections.append(node("p", messages))
    controls = [_control(part, bootstrap=bootstrap) for part in [*by_place[Place.CONTROL], *orphans]]
    figures = [_figure(part) for part in by_place[Place.FIGURE]]
    actions = [_action(part, bootstrap=bootstrap) for part in by_place[Place.ACTION]]
    sections += [node("div", {"class": "panel controls"}, *controls)] if controls else []
    sections += [node("div", {"class": "figures"}, *figures)] if figures else []
    sections += [_block(part, inside.get(part.id, []), bootstrap=bootstrap) for part in by_place[Place.BLOCK]]
    sections += [node("div", {"class": "actions"}, *actions)] if actions else []
    return Markup("\n").join(sections)


def _element(part: Part, *content: str, bootstrap: bool, classes: str = "") -> Markup:
    names = f"{classes} {_BOOTSTRAP.get(part.tag, '') if bootstrap else ''}".strip()
    attributes = {"id": part.id} | ({"class": names} if names else {}) | dict(part.attributes)
    if part.tag == "button":
        attributes = {"type": "button"} | attributes
    if part.tag == "img":
        attributes = {"alt": part.label} | attributes
    return node(part.tag, attributes, *content)


def _control(part: Part, *, bootstrap: bool) -> Markup:
    label = part.label or label_of(part.id)
    if part.tag == "button":
        return node("div", {"class": "control"}, _element(part, label, bootstrap=bootstrap))
    options = [node("option", {"value": value}, text) for value, text in part.options.items()]
    named = part if part.tag not in {"input", "textarea", "select"} else _named(part)
    return node(
        "div",
        {"class": "control"},
        node("label", {"for": part.id}, label),
        _element(named, *options, bootstrap=bootstrap),
    )


def _named(part: Part) -> Part:
    attributes = {"name": part.id, **part.attributes}
    return Part(
        part.id, part.role, part.tag, part.place, part.settings, attributes, part.options, part.text, part.label
    )


def _figure(part: Part) -> Markup:
    is_long = part.role == "origin" or len(part.text) > _LONG_TEXT
    label = node("span", {"class": "figure-label"}, part.label or label_of(part.id))
    return node(
        "div", {"class": "figure long" if is_long else "figure"}, label, _element(part, part.text, bootstrap=False)
    )


def _action(part: Part, *, bootstrap: bool) -> Markup:
    text = part.label or label_of(part.id) if part.tag == "button" else part.text
    return _element(part, text, bootstrap=bootstrap)


def _block(part: Part, inside: Iterable[Part], *, bootstrap: bool) -> Markup:
    if part.role == "tabs":
        return _element(part, bootstrap=False, classes="tabs")
    if part.tag in {"h1", "h2", "h3", "h4"}:
        return _element(part, part.text, bootstrap=False)
    held = [_control(each, bootstrap=bootstrap) for each in inside]
    if part.tag in {"ul", "ol"} and part.text:
        held.append(node("li", {}, part.text))
    elif part.tag == "table" and part.text:
        held.append(node("caption", {}, part.text))
    elif part.tag == "a":
        held.append(escape(part.label))
    elif part.tag not in _VOID and part.text:
        held.append(escape(part.text))
    body = _element(part, *held, bootstrap=bootstrap)
    body = node("div", {"class": "scroll"}, body) if part.tag == "table" else body
    return node("section", {"class": "panel", "data-pane": ""}, _heading(part), body)


def _heading(part: Part) -> Markup:
    if not part.label or part.tag == "a":
        return Markup("")
    is_file = part.label == part.settings.get("source")
    link = node("a", {"href": file_address(part.label)}, "Open the file") if is_file else Markup("")
    return node("h2", {}, part.label, link)
