"""Rules for elements that show a table: charts, sums per category, figures, lists, cards."""

import re

from pipeline.generation.scaffold.parts import (
    SHOWING_TAGS,
    Part,
    Place,
    Scene,
    column_for,
    number_column,
    number_column_in_id,
    text_column_in_id,
)
from pipeline.generation.scaffold.prose import data_attributes
from pipeline.generation.scaffold.reading import Element
from pipeline.generation.scaffold.sources import Column, Shape, Source
from pipeline.generation.scaffold.words import label_of, mentions, vocabulary, words_of

_HOW_BY_WORD = {
    word: how
    for how, words in {
        "average": "average avg mean",
        "median": "median",
        "lowest": "min minimum lowest smallest least cheapest",
        "highest": "max maximum highest largest biggest peak top best most",
        "count": "count counter number num quantity tally",
        "sum": "total sum amount revenue overall grand subtotal turnover",
    }.items()
    for word in words.split()
}
_ROW_WORDS = ("row", "record", "item", "entry", "result", "line", "order", "match", "matche")
_HOW_IN_CONTEXT = (
    ("average", r"\b(?:average|mean)\b"),
    ("median", r"\bmedian\b"),
    ("lowest", r"\b(?:minimum|lowest|smallest)\b"),
    ("highest", r"\b(?:maximum|highest|largest)\b"),
    ("count", r"\b(?:count|number of|how many)\b"),
    ("sum", r"\b(?:sum|sums|total|totals)\b"),
)
_NUMBER_NAMES = vocabulary("value amount number total size count")


def chart(element: Element, scene: Scene) -> Part | None:
    """A chart of one column by another."""
    view = scene.view_of(element)
    held = {compound.tag for compound in element.holds}
    asked = (
        element.has("chart", "graph", "plot", "histogram", "diagram")
        or held & {"svg", "rect", "circle"}
        or element.tag == "canvas"
    )
    if view is None or not asked or element.tag not in {"", "div", "section", "figure", "canvas"}:
        return None
    column = number_column(element, view)
    category = column_for(element, view, numeric=False) or next((c for c in view.columns if c is not column), None)
    if category is None:
        return None
    is_line = re.search(r"\bline\s+(?:chart|graph|plot)|\btime\s*series", element.context, re.IGNORECASE) is not None
    per_row = re.search(r"\b(?:per|each|every)\s+(?:row|record|line)", element.context, re.IGNORECASE) is not None
    marks = [_mark(name, category, column, view) for name in data_attributes([element.context])]
    title = f"{label_of(column.name) if column else 'Count'} by {category.name}"
    settings = {
        "source": view.name,
        "form": "line" if is_line or element.has("line") else "bar",
        "column": column.name if column else "",
        "category": category.name,
        "grouped": column is None or (category.repeats and not per_row),
        "mark": _mark_class(element, scene) or ("point" if is_line else "bar"),
        "marks": [mark for mark in marks if mark],
        "title": title,
    }
    return Part(element.id, "chart", element.tag or "div", Place.BLOCK, settings, label=title)


def _mark_class(element: Element, scene: Scene) -> str:
    classes = scene.reading.classes
    return next((c.name for c in classes if c.inside == element.id or c.tag in {"rect", "circle", "path"}), "")


def _mark(attribute: str, category: Column, column: Column | None, view: Source) -> dict[str, str] | None:
    name = attribute.removeprefix("data-")
    words = set(words_of(name))
    exact = next((each.name for each in view.columns if set(words_of(each.name)) == words), None)
    if exact is None and not words.isdisjoint({"label", "name", "category", "key"}):
        exact = category.name
    if exact is None and column and not words.isdisjoint(_NUMBER_NAMES):
        exact = column.name
    return {"attribute": name, "column": exact} if exact else None


def table(element: Element, scene: Scene) -> Part | None:
    """A table: sums per category when the id or the sentence names one, else all rows."""
    view = scene.view_of(element)
    if view is None or not (
        element.tag == "table" or (element.has("table", "breakdown") and element.tag in {"", "div"})
    ):
        return None
    in_id = text_column_in_id(element, view)
    is_grouped = in_id and (in_id.repeats or number_column_in_id(element, view))
    category = in_id if is_grouped else _per_column(element, view)
    if category is None:
        return Part(
            element.id, "table", "table", Place.BLOCK, {"source": view.name, "sums": False}, label=label_of(element.id)
        )
    column = number_column(element, view)
    settings = {"source": view.name, "category": category.name, "column": column.name if column else ""}
    return Part(element.id, "groups", "table", Place.BLOCK, settings, label=label_of(element.id))


def _per_column(element: Element, view: Source) -> Column | None:
    per = re.finditer(r"\b(?:each|per|by|every|grouped by)\s+(\w+(?:\s+\w+)?)", element.context, re.IGNORECASE)
    texts = [match[1] for match in per]
    return next(
        (c for text in texts for c in view.columns if c.repeats and not c.numeric and mentions(text, c.name) == 0), None
    )


def figure(element: Element, scene: Scene) -> Part | None:
    """One number out of a table, such as the sum of the column that the id names."""
    view = scene.view_of(element)
    hows = [_HOW_BY_WORD[word] for word in words_of(element.id) if word in _HOW_BY_WORD]
    if view is None or element.tag not in SHOWING_TAGS:
        return None
    if not hows:
        named = number_column_in_id(element, view)
        return _figure(element, view, "sum", named) if named else None
    how = "count" if "count" in hows else next((each for each in hows if each != "sum"), "sum")
    number, text = number_column_in_id(element, view), text_column_in_id(element, view)
    if how in {"highest", "lowest"} and number is None and text is not None:
        return _extreme(element, view, "last" if how == "lowest" else "first", text)
    if how in {"sum", "count"} and number is None and text is not None and element.id.lower().endswith("s"):
        return _figure(element, view, "distinct", text)
    if how == "sum" and number is None and (element.has(*_ROW_WORDS) or element.has(*words_of(view.name)[:1])):
        return _figure(element, view, "count", None)
    return _figure(element, view, how, number_column(element, view))


def figure_in_context(element: Element, scene: Scene) -> Part | None:
    """One number out of a table, when only the sentence says which: "the sum of price in #answer"."""
    view = scene.view_of(element)
    if view is None or element.tag not in SHOWING_TAGS:
        return None
    before = element.context[: max(element.context.find("#" + element.id), 0)]
    found = [
        (match.start(), how)
        for how, pattern in _HOW_IN_CONTEXT
        for match in re.finditer(pattern, before, re.IGNORECASE)
    ]
    return _figure(element, view, max(found)[1], number_column(element, view)) if found else None


def _figure(element: Element, view: Source, how: str, column: Column | None) -> Part | None:
    if column is None and how != "count":
        return None
    settings = {"source": view.name, "how": how, "column": column.name if column and how != "count" else ""}
    return Part(element.id, "figure", element.tag or "output", Place.FIGURE, settings, text="…")


def _extreme(element: Element, view: Source, how: str, category: Column) -> Part:
    column = number_column(element, view)
    settings = {"source": view.name, "how": how, "category": category.name, "column": column.name if column else ""}
    return Part(element.id, "figure", element.tag or "output", Place.FIGURE, settings, text="…")


def values(element: Element, scene: Scene) -> Part | None:
    """A list of the values of one text column."""
    view = scene.view_of(element)
    if view is None or element.tag not in {"", "ul", "ol", "div", "p", "span"}:
        return None
    column = text_column_in_id(element, view)
    if column is None and element.has("list", "name", "value", "option"):
        column = column_for(element, view, numeric=False)
    if column is None:
        return None
    settings = {"source": view.name, "column": column.name, "distinct": column.repeats}
    return Part(element.id, "values", element.tag or "ul", Place.BLOCK, settings, label=label_of(element.id))


def records(element: Element, scene: Scene) -> Part | None:
    """The container of the cards."""
    view = scene.first(shape=Shape.RECORDS) or (scene.view_of(element) if scene.reading.says(r"\bcards?\b") else None)
    usual = (
        "item",
        "list",
        "card",
        "result",
        "record",
        "grid",
        "catalog",
        "catalogue",
        "collection",
        "container",
        "output",
    )
    if view is None or element.tag not in {"", "div", "section", "ul", "ol", "main"}:
        return None
    if not element.has(*usual, *words_of(view.name.rpartition(".")[0])):
        return None
    return card_part(element.id, element.tag or "div", view, scene)


def card_part(id_: str, tag: str, view: Source, scene: Scene) -> Part:
    """Cards for the rows of ``view``, with the class and the ``data-*`` names that the brief gives them."""
    reading = scene.reading
    taken = {"wrong", "correct", "right", "active", "hidden", "selected", "dark", "light", "open"}
    usable = [
        c
        for c in reading.classes
        if c.tag not in {"rect", "circle", "path", "fieldset"} and c.name.lower() not in taken
    ]
    columns = {column.name.lower() for column in view.columns}
    cards = [c for c in usable if c.name.lower() not in columns]
    chosen = cards[0] if cards else None
    attributes = [name.removeprefix("data-") for name in reading.data_attributes]
    settings = {
        "source": view.name,
        "classes": [chosen.name] if chosen else [],
        "tag": "li"
        if tag in {"ul", "ol"}
        else chosen.tag
        if chosen and chosen.tag in {"div", "section", "li", "a"}
        else "article",
        "marks": [
            {"attribute": name, "column": c.name} for name in attributes for c in view.columns if c.name.lower() == name
        ],
    }
    return Part(id_, "records", tag, Place.BLOCK, settings, label=label_of(view.name.rpartition(".")[0]))


RULES = (chart, table, figure, values, records)
"""In the order in which they are tried."""

LAST = (figure_in_context,)
"""When nothing else fits."""
