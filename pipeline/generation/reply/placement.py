"""Where a SEARCH/REPLACE block goes in a file that earlier blocks may have changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import unescape
from typing import Self

from pipeline.generation.reply.matching import Haystack, Nearest, Place
from pipeline.generation.reply.operations import EditBlock
from pipeline.generation.reply.wrapping import is_escaped


@dataclass(frozen=True, slots=True)
class BlockFailure:
    """A block, counted from 1, that has no place in its file, and why.

    The lines that were looked for stand in so many places, counted up to matching.MAX_PLACES; if in none, there may be
    others in the file that were probably meant.
    """

    number: int
    reason: str
    search: str
    places: int = 0
    nearest: Nearest | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Lines to be put in the place of others, which are given as the document has them now."""

    place: Place
    lines: list[str]


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    end: str
    origin: int | None  # its number in the file as it was

    @classmethod
    def read(cls, part: str, origin: int) -> Self:
        text = part.removesuffix("\n").removesuffix("\r")
        return cls(text, part[len(text) :], origin)


class Document:
    """A file that remembers, line by line, what it was before the edit."""

    def __init__(self, text: str) -> None:
        self._end = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
        parts = text.split("\n")
        ended = [f"{part}\n" for part in parts[:-1]] + parts[-1:]
        self._lines = [_Line.read(part, number) for number, part in enumerate(ended) if part]
        self.original = self.current = Haystack([line.text for line in self._lines])

    @property
    def text(self) -> str:
        """The whole file as it is now."""
        return "".join(line.text + line.end for line in self._lines)

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing but white space."""
        return not any(line.text.strip() for line in self._lines)

    def everything(self) -> Place:
        """All lines."""
        return Place(0, len(self._lines))

    def where_is(self, place: Place) -> Place | None:
        """Where the lines of ``place`` in the original are now; None when one of them was changed."""
        origins = [line.origin for line in self._lines]
        wanted = list(range(place.start, place.start + place.count))
        start = origins.index(place.start) if place.start in origins else 0
        return replace(place, start=start) if origins[start : start + place.count] == wanted else None

    def change_inside_line(self, search: str, replacement: str) -> Change | None:
        """The change of the one place where ``search`` is a part of a line; None when that is not one."""
        wanted = search.removesuffix("\n").removesuffix("\r")
        if "\n" in wanted or self.text.count(wanted) != 1:
            return None
        number = next((index for index, line in enumerate(self._lines) if wanted in line.text), None)
        if number is None:
            return None
        before, _, behind = self._lines[number].text.partition(wanted)
        return Change(Place(number, 1), lines_of(before + "\n".join(lines_of(replacement)) + behind))

    def change(self, change: Change) -> None:
        """Make ``change``; the new lines end as most lines of the file do, the last one as the last one replaced."""
        place = change.place
        replaced = self._lines[place.start : place.start + place.count]
        lines = [_Line(text, self._end, None) for text in change.lines]
        if lines and replaced:
            lines[-1] = replace(lines[-1], end=replaced[-1].end)
        self._lines[place.start : place.start + place.count] = lines
        self.current = Haystack([line.text for line in self._lines])


def find_change(document: Document, block: EditBlock, number: int) -> Change | BlockFailure:
    """The one change that ``block`` means, over all the ways to cut it, or why there is none."""
    failures = []
    for search, replacement in block.cuts():
        change = _try_cut(document, search, replacement, number)
        if isinstance(change, Change):
            return change
        failures.append(change)
    if not failures:
        return BlockFailure(number, "it has no ======= line between SEARCH and REPLACE", block.body)
    likely = max(failures, key=lambda failure: failure.places)  # a cut that is found, if too often, is the likely one
    if not likely.places and is_escaped(block.body):
        return find_change(document, EditBlock(unescape(block.body)), number)
    return likely


def _try_cut(document: Document, search: str, replacement: str, number: int) -> Change | BlockFailure:
    if not search.strip():
        if document.is_blank:
            return Change(document.everything(), lines_of(replacement))
        return BlockFailure(number, "its SEARCH is empty, but the file is not: say which lines to replace", search)
    place = _locate(document, lines_of(search))
    if place == 0 and (inside := document.change_inside_line(search, replacement)):
        return inside
    if not isinstance(place, Place):
        reason = (
            f"its SEARCH stands in {place} places: add lines around it" if place else "its SEARCH is not in the file"
        )
        return BlockFailure(number, reason, search, place)
    lines = place.fitted(lines_of(replacement))
    if lines is None:
        reason = "its REPLACE is indented less than its SEARCH: indent both as the file does"
        return BlockFailure(number, reason, search, places=1)
    return Change(place, lines)


def _locate(document: Document, needle: Sequence[str]) -> Place | int:
    """The only place of ``needle`` in the document as it is now, or in how many places it stands."""
    places = document.original.places(needle)
    if len(places) > 1:
        return len(places)
    untouched = document.where_is(places[0]) if places else None
    if untouched:
        return untouched
    places = document.current.places(needle) if document.current is not document.original else []
    return places[0] if len(places) == 1 else len(places)


def lines_of(text: str) -> list[str]:
    """``text`` as lines without their ends; a newline at the very end does not begin another line."""
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []
