"""Rules for elements that steer a table: currency, order, search, limits, filters."""

import re
from typing import Any

from pipeline.generation.scaffold.parts import (
    Part,
    Place,
    Scene,
    column_for,
    number_column_in_id,
    text_column_in_id,
)
from pipeline.generation.scaffold.reading import Element
from pipeline.generation.scaffold.sources import Column, Shape, Source
from pipeline.generation.scaffold.words import distinct, label_of, mentions, vocabulary, words_of

_CHOICE_WORDS = ("filter", "select", "selector", "picker", "dropdown", "choice", "chooser", "by")
_NAME_VALUES = vocabulary("name title label alphabetical alphabet az")
_NUMBER_VALUES = vocabulary("value amount number total size count")
_DIRECTIONS = {"asc": False, "ascending": False, "low": False, "desc": True, "descending": True, "high": True}


def currency(element: Element, scene: Scene) -> Part | None:
    """A picker filled from a file of rates, and labels that show the chosen currency."""
    rates = scene.first(shape=Shape.RATES)
    if rates is None or not element.has("currency"):
        return None
    if element.tag == "select" or element.has(*_CHOICE_WORDS):
        view = scene.view_of(element)
        settings = {"source": rates.name, "converts": view.name if view else None}
        return Part(element.id, "currency", "select", Place.CONTROL, settings)
    shown = {"data-shows-currency": ""}
    return Part(element.id, "", element.tag or "output", Place.FIGURE, attributes=shown)


def sort(element: Element, scene: Scene) -> Part | None:
    """A select that orders a table."""
    view = scene.view_of(element)
    is_order = element.has("sort", "sorting", "sorter") or (element.has("order") and element.tag == "select")
    if view is None or not is_order or element.tag not in {"", "select"}:
        return None
    options = _sort_options(element, view)
    default = re.search(
        r"\bdefaults?(?:\s+(?:is|to|order|sort|value|by))*\s*:?\s+[\"'`]?([\w-]+)", element.context, re.IGNORECASE
    )
    chosen = next((o["value"] for o in options if default and o["value"] == default[1]), options[0]["value"])
    return Part(
        element.id, "sort", "select", Place.CONTROL, {"source": view.name, "options": options, "chosen": chosen}
    )


def _sort_options(element: Element, view: Source) -> list[dict[str, Any]]:
    values = distinct([*_listed(element.context, view), *_option_values(element)])
    options = [option for value in values if (option := _sort_option(value, element, view))]
    if options:
        return options
    every = [_sort_option(column.name, element, view) for column in view.columns]
    return [{"value": "", "label": "As in the file", "column": "", "descending": False}, *filter(None, every)]


def _listed(context: str, view: Source) -> list[str]:
    """Values that the brief lists: "values name and value"; or the columns it lists: "sort by price or name"."""
    if listed := re.search(r"\bvalues?\s+([\w ,'\"`-]{1,200})", context):
        items = re.split(r"\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+", listed[1])
        return [item.strip(" '\"`").split()[0] for item in items if item.strip(" '\"`")]
    by = re.search(r"\b(?:by|on)\s+([^.;#]{1,120})", context)
    found = [(at, column.name) for column in view.columns if by and (at := mentions(by[1], column.name)) is not None]
    return [name for _, name in sorted(found)]


def _option_values(element: Element) -> list[str]:
    return [
        value for held in element.holds if held.tag == "option" for name, _, value in held.attributes if name == "value"
    ]


def _sort_option(value: str, element: Element, view: Source) -> dict[str, Any] | None:
    words = words_of(value)
    directions = [_DIRECTIONS[word] for word in words if word in _DIRECTIONS]
    column = _sort_column([word for word in words if word not in _DIRECTIONS], view)
    if column is None:
        return None
    descending = column.numeric
    if re.search(r"\b(?:lowest|smallest|cheapest)\s+first|\bascending\b", element.context, re.IGNORECASE):
        descending = False
    return {
        "value": value,
        "label": label_of(value),
        "column": column.name,
        "descending": directions[0] if directions else descending,
    }


def _sort_column(words: list[str], view: Source) -> Column | None:
    for column in view.columns:
        if words and set(words) <= set(words_of(column.name)):
            return column
    aliases = ((_NAME_VALUES, False), (_NUMBER_VALUES, True))
    numeric = next((numeric for names, numeric in aliases if not names.isdisjoint(words)), None)
    return next((column for column in view.columns if column.numeric is numeric), None)


def search(element: Element, scene: Scene) -> Part | None:
    """An input that narrows a table to the rows that hold a text."""
    view = scene.view_of(element)
    named = re.search(
        rf"\bsearch[\w -]{{0,20}}[`'\"(]?#{re.escape(element.id)}(?![\w-])", element.context, re.IGNORECASE
    )
    words = ("search", "query", "find", "keyword", "lookup", *(("filter",) if element.tag == "input" else ()))
    if view is None or not (named or element.has(*words)) or element.tag not in {"", "input"}:
        return None
    by = re.search(r"\bby\s+([^.;#]{1,120})", element.context)
    columns = [column.name for column in view.columns if by and mentions(by[1], column.name) is not None]
    settings = {"source": view.name, "columns": columns} | _address_keys(element, scene, "q", "query", "search", "s")
    return Part(element.id, "search", "input", Place.CONTROL, settings, attributes={"type": "search"})


def _address_keys(element: Element, scene: Scene, *usual: str) -> dict[str, str]:
    """Under which names the element's value is kept in, or read from, the page's address."""

    def fits(key: str) -> bool:
        return key in usual or key == element.id or set(words_of(key)) <= element.words

    reading = scene.reading
    hash_key = next(filter(fits, reading.hash_keys), "")
    parameter = next(filter(fits, reading.parameters), "")
    return ({"hash": hash_key} if hash_key else {}) | ({"parameter": parameter} if parameter else {})


def limit(element: Element, scene: Scene) -> Part | None:
    """An input that narrows a table to numbers not above, or not below, what is entered."""
    view = scene.view_of(element)
    column = number_column_in_id(element, view) if view else None
    sign = 1 if element.has("max", "maximum", "under", "below") else -1 if element.has("min", "minimum", "over") else 0
    if view is None or column is None or not sign or element.tag != "input":
        return None
    settings = {"source": view.name, "column": column.name, "sign": sign}
    return Part(element.id, "limit", "input", Place.CONTROL, settings, attributes={"type": "number"})


def choose(element: Element, scene: Scene) -> Part | None:
    """A select with the values of a column, which narrows the table to one of them."""
    view = scene.view_of(element)
    if view is None or element.tag not in {"", "select"}:
        return None
    column = text_column_in_id(element, view)
    if column is None and element.tag == "select":
        column = column_for(element, view, numeric=False)
    if column is None or not (element.tag == "select" or element.has(*_CHOICE_WORDS)):
        return None
    settings = {"source": view.name, "column": column.name} | _address_keys(element, scene, column.name.lower())
    return Part(element.id, "filter", "select", Place.CONTROL, settings)


RULES = (currency, sort, search, limit, choose)
"""In the order in which they are tried."""
