"""Parts of a page: each binds one element to one function of the page script."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pipeline.generation.scaffold.reading import Element, Reading
from pipeline.generation.scaffold.sources import Column, Kind, Shape, Source
from pipeline.generation.scaffold.words import mentions, vocabulary, words_of

SHOWING_TAGS = vocabulary("span div p output strong b em h1 h2 h3 h4 td dd time data small section code") | {""}
"""Tags of elements that can show a short text; "" = nothing was said about the tag."""

_KEY_COLUMNS = vocabulary("id no index year zip postcode code phone rank lat lon lng")


class Place(StrEnum):
    """Where on the page a part stands."""

    CONTROL = "control"
    FIGURE = "figure"
    BLOCK = "block"
    ACTION = "action"
    INSIDE = "inside"


@dataclass(frozen=True, slots=True)
class Part:
    """One element of the page and what it does.

    Attributes:
        id: of the element.
        role: the function of the page script that runs it. "" = none is needed; a role with a colon belongs to
            another part (``quiz:score``), which is told its id.
        tag: of the element.
        place: where it stands.
        settings: what the function is told, as JSON values.
        attributes: of the element.
        options: value -> label of a select that no function fills.
        text: what the element holds before, or without, any function.
        label: for people; "" = none is shown.
        holder: id of the part it stands in, for ``Place.INSIDE``.
        is_guess: no rule knew what it is for.
    """

    id: str
    role: str
    tag: str
    place: Place
    settings: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    label: str = ""
    holder: str = ""
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """What rules decide by.

    Attributes:
        reading: what was asked for.
        sources: files that the page opens, in order.
        files: every path of the app.
        existing: ids that another hand's page already has.
    """

    reading: Reading
    sources: tuple[Source, ...]
    files: frozenset[str] = frozenset()
    existing: frozenset[str] = frozenset()

    @property
    def views(self) -> tuple[Source, ...]:
        """Tables and lists of records."""
        return tuple(source for source in self.sources if source.is_view)

    def first(self, kind: Kind | None = None, shape: Shape | None = None) -> Source | None:
        """The first source of that kind or shape."""
        fits = (s for s in self.sources if (kind is None or s.kind is kind) and (shape is None or s.shape is shape))
        return next(fits, None)

    @property
    def text(self) -> Source | None:
        """The document to read: Markdown before plain text."""
        return self.first(Kind.MARKDOWN) or self.first(Kind.TEXT)

    def element(self, *tags: str, words: tuple[str, ...] = ()) -> Element | None:
        """The first wanted element with one of ``tags``, or one of ``words`` in its id."""
        fits = (each for each in self.reading.elements if each.tag in tags or each.has(*words))
        return next(fits, None)

    def view_of(self, element: Element) -> Source | None:
        """The table that ``element`` is about: one with a column in its id or context, else the first."""
        views = self.views
        by_id = [view for view in views if any(_in_id(column, element) for column in view.columns)]
        by_name = [view for view in views if view.name and view.name in element.context]
        return next(iter([*by_id, *by_name, *views]), None)


def column_for(element: Element, view: Source, *, numeric: bool) -> Column | None:
    """The column that the element's id names, else the one its context names last before it, else None."""
    columns = [column for column in view.columns if column.numeric is numeric]
    named = sorted((c for c in columns if _in_id(c, element)), key=lambda c: -len(words_of(c.name)))
    return next(iter(named), None) or _in_context(columns, element)


def number_column(element: Element, view: Source) -> Column | None:
    """The column to calculate with: the named one, else the last that is not a key, else the last numeric one."""
    numeric = [column for column in view.columns if column.numeric]
    amounts = [column for column in numeric if _KEY_COLUMNS.isdisjoint(words_of(column.name))]
    return column_for(element, view, numeric=True) or next(reversed(amounts or numeric), None)


def text_column_in_id(element: Element, view: Source) -> Column | None:
    """The text column that the element's id names."""
    return next((column for column in view.columns if not column.numeric and _in_id(column, element)), None)


def number_column_in_id(element: Element, view: Source) -> Column | None:
    """The numeric column that the element's id names."""
    return next((column for column in view.columns if column.numeric and _in_id(column, element)), None)


def _in_id(column: Column, element: Element) -> bool:
    words = words_of(column.name)
    return bool(words) and element.words.issuperset(words)


def _in_context(columns: list[Column], element: Element) -> Column | None:
    place = max(element.context.find(element.id), 0)
    before, after = element.context[:place], element.context[place:]
    earlier = [(at, column) for column in columns if (at := mentions(before, column.name, last=True)) is not None]
    later = [(at, column) for column in columns if (at := mentions(after, column.name)) is not None]
    if earlier:
        return max(earlier, key=lambda found: found[0])[1]
    return min(later, key=lambda found: found[0])[1] if later else None
