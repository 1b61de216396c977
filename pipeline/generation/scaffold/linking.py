"""Parts that belong together learn of each other: a quiz its buttons, a form its fields, tabs their panes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pipeline.generation.scaffold.parts import Part, Place, Scene
from pipeline.generation.scaffold.words import label_of, words_of

_TOKENS = ("token", "key", "api_key", "apikey", "access_token")
_FIELDS = ("name", "email", "phone", "subject", "age", "date", "city", "message", "comment")
_LONG_FIELDS = frozenset({"message", "comment"})
_FIELD_TAGS = frozenset({"input", "textarea", "select"})
_SAMPLE_NAMES = {"https://api.github.com/users/": "octocat"}
"""What a lookup shows before anybody has asked: the account that GitHub itself uses in its examples."""


def link(parts: Sequence[Part], scene: Scene, fresh: Callable[[], str]) -> list[Part]:
    """Tell each main part the ids of its helpers, adding those it cannot do without."""
    linked: list[Part] = []
    for part in parts:
        linker = _LINKERS.get(part.role)
        linked += linker(part, parts, scene, fresh) if linker else [part]
    linked = [_without_quiz(part, scene) for part in linked] if _helper(parts, "quiz") is None else linked
    linked = _with_marks(linked)
    linked = _with_hash(linked, scene)
    return _tabs_before_panes(linked)


def _told(part: Part, **settings: Any) -> Part:
    return replace(part, settings={**part.settings, **settings})


def _helper(parts: Sequence[Part], role: str) -> Part | None:
    return next((part for part in parts if part.role == role), None)


def _quiz(part: Part, parts: Sequence[Part], _scene: Scene, fresh: Callable[[], str]) -> list[Part]:
    added = []
    if (submit := _helper(parts, "quiz:submit")) is None:
        submit = Part(fresh(), "quiz:submit", "button", Place.ACTION, label="Check answers")
        added.append(submit)
    if (score := _helper(parts, "quiz:score")) is None:
        score = Part(fresh(), "quiz:score", "output", Place.ACTION, label="Score")
        added.append(score)
    retry = _helper(parts, "quiz:retry")
    return [_told(part, submit=submit.id, score=score.id, retry=retry.id if retry else ""), *added]


def _without_quiz(part: Part, scene: Scene) -> Part:
    """On a page by another hand the quiz is theirs: a button to begin again clears choices and score there."""
    if part.role == "quiz:retry":
        scores = [each.id for each in scene.reading.elements if each.has("score", "result", "point")]
        return _told(replace(part, role="clear"), empties=scores)
    return replace(part, role="idle") if part.role == "quiz:submit" else part


def _lookup(part: Part, parts: Sequence[Part], scene: Scene, fresh: Callable[[], str]) -> list[Part]:
    added = []
    if (name := _helper(parts, "lookup:input")) is None:
        label = "Username" if scene.reading.says(r"\busername\b") else "Name"
        name = Part(
            fresh(), "lookup:input", "input", Place.INSIDE, attributes={"type": "text"}, label=label, holder=part.id
        )
        added.append(name)
    if _helper(parts, "lookup:button") is None:
        added.append(Part(fresh(), "lookup:button", "button", Place.INSIDE, label="Look up", holder=part.id))
    shown = [each for each in parts if each.role == "lookup:field"]
    fields = [
        {"id": each.id, "words": words_of(each.id), "what": "age" if "age" in words_of(each.id) else "value"}
        for each in shown
    ]
    parameters = scene.reading.parameters
    told = _told(
        part,
        input=name.id,
        fields=fields,
        token=next((each for each in parameters if each.lower() in _TOKENS), ""),
        parameters=[each for each in parameters if each.lower() not in _TOKENS],
        remembers=bool(scene.reading.storage_key),
        example=_SAMPLE_NAMES.get(part.settings["address"], ""),
    )
    return [told, *added]


def _counter(part: Part, parts: Sequence[Part], _scene: Scene, _fresh: Callable[[], str]) -> list[Part]:
    buttons = [{"id": each.id, "step": each.settings["step"]} for each in parts if each.role == "counter:button"]
    return [_told(part, buttons=buttons)]


def _adder(part: Part, parts: Sequence[Part], _scene: Scene, fresh: Callable[[], str]) -> list[Part]:
    typed, button, count = (_helper(parts, f"adder:{name}") for name in ("input", "button", "count"))
    added = []
    if button is None:
        holder = typed.holder if typed else ""
        button = Part(
            fresh(), "adder:button", "button", Place.INSIDE if holder else Place.CONTROL, label="Add", holder=holder
        )
        added.append(button)
    return [_told(part, input=typed.id if typed else "", button=button.id, count=count.id if count else ""), *added]


def _form(part: Part, parts: Sequence[Part], scene: Scene, fresh: Callable[[], str]) -> list[Part]:
    inside = [each for each in parts if each.holder == part.id]
    has_fields = any(each.tag in _FIELD_TAGS for each in inside)
    added = _held_fields(part, scene, fresh)
    held = {each.attributes["name"] for each in added}
    named = [] if has_fields else [name for name in _named_fields(part, scene) if name not in held]
    if not (has_fields or held or named):
        named = ["name"]
    added += [_field(name, "textarea" if name in _LONG_FIELDS else "input", part.id, fresh()) for name in named]
    if not any(each.tag == "button" for each in inside):
        added.append(Part(fresh(), "form:button", "button", Place.INSIDE, label="Send", holder=part.id))
    shows = _helper(parts, "form:shows")
    return [_told(part, shows=shows.id if shows else ""), *added]


def _named_fields(part: Part, scene: Scene) -> list[str]:
    """Usual fields that the form's sentence names: "name, email and message fields"."""
    element = next((each for each in scene.reading.elements if each.id == part.id), None)
    return [name for name in _FIELDS if element and name in words_of(element.context)]


def _held_fields(part: Part, scene: Scene, fresh: Callable[[], str]) -> list[Part]:
    """Fields that checks look for by name: ``#contact input[name=email]``."""
    element = next((each for each in scene.reading.elements if each.id == part.id), None)
    named = {}
    for compound in element.holds if element else ():
        given = {name: value for name, _, value in compound.attributes}
        if compound.tag in {"input", "textarea"} and ("name" in given or "type" in given):
            name = given.get("name") or given["type"]
            named[name] = _field(name, compound.tag, part.id, fresh())
    return [field for name, field in named.items() if name not in {"submit", "button"}]


def _field(name: str, tag: str, holder: str, id_: str) -> Part:
    kinds = {
        "email": "email",
        "phone": "tel",
        "date": "date",
        "age": "number",
        "password": "password",
        "checkbox": "checkbox",
    }
    attributes = {"name": name} | ({"type": kinds.get(name, "text")} if tag == "input" else {})
    return Part(id_, "", tag, Place.INSIDE, attributes=attributes, label=label_of(name), holder=holder)


def _tabs(part: Part, parts: Sequence[Part], scene: Scene, _fresh: Callable[[], str]) -> list[Part]:
    blocks = {
        each.id: each.label or label_of(each.id) for each in parts if each.place is Place.BLOCK and each.role != "tabs"
    }
    others = [each.id for each in scene.reading.elements if each.id in scene.existing and each.id != part.id]
    named = [name for name in [*others, *blocks] if f"#{name}" in part.settings["context"]]
    chosen = named if len(named) > 1 else list(blocks)
    panes = [{"id": name, "label": blocks.get(name) or label_of(name)} for name in chosen]
    return [replace(part, settings={"panes": panes}, place=Place.BLOCK)]


_LINKERS = {"quiz": _quiz, "lookup": _lookup, "counter": _counter, "adder": _adder, "form": _form, "tabs": _tabs}


def _with_marks(parts: Sequence[Part]) -> list[Part]:
    """Figures carry the active choice of every filter of their table: ``data-region`` for the column region."""
    columns: dict[str, list[str]] = {}
    for part in parts:
        if part.role == "filter":
            columns.setdefault(part.settings["source"], []).append(part.settings["column"])
    marked = []
    for part in parts:
        filters = columns.get(part.settings.get("source", ""), []) if part.role == "figure" else []
        marks = [{"attribute": "-".join(column.lower().split()), "column": column} for column in filters]
        usable = [
            mark for mark in marks if mark["attribute"].replace("-", "").isalnum() and mark["attribute"].isascii()
        ]
        attributes = {f"data-{mark['attribute']}": "all" for mark in usable}
        marked.append(
            replace(_told(part, marks=usable), attributes={**part.attributes, **attributes}) if usable else part
        )
    return marked


def _with_hash(parts: Sequence[Part], scene: Scene) -> list[Part]:
    """A key of the address that no control took by name goes to the first one that can be typed into or chosen from."""
    keys = scene.reading.hash_keys
    if not keys or any("hash" in part.settings for part in parts):
        return list(parts)
    first = next((part for role in ("search", "filter", "sort") for part in parts if part.role == role), None)
    return [_told(part, hash=keys[0]) if part is first else part for part in parts]


def _tabs_before_panes(parts: list[Part]) -> list[Part]:
    tabs = next((part for part in parts if part.role == "tabs"), None)
    if tabs is None:
        return parts
    panes = {pane["id"] for pane in tabs.settings["panes"]}
    others = [replace(part, label="") if part.id in panes else part for part in parts if part is not tabs]
    at = next((index for index, part in enumerate(others) if part.id in panes), len(others))
    return [*others[:at], tabs, *others[at:]]
