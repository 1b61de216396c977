"""Where the lines of a SEARCH stand in a file: in exactly one place, or nowhere. Nothing is guessed."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from heapq import nlargest

MAX_PLACES = 20  # counted at most; as many candidates are compared for their indentation
_NEAREST_LINES = 40
_NEAREST_WIDTH = 300
_COMPARED_LINES = 20_000
_COMPARED_WIDTH = 160
_CANDIDATES = 20
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a file that a SEARCH matches: the first one, counted from 0, and how many they are.

    ``added`` is white space that the file has in front of every line and the SEARCH lacks, ``dropped`` the reverse.
    """

    start: int
    count: int
    added: str = ""
    dropped: str = ""

    def fitted(self, lines: Sequence[str]) -> list[str] | None:
        """``lines`` shifted as the SEARCH had to be; None when one of them cannot be."""
        if not all(line.startswith(self.dropped) for line in lines if line.strip()):
            return None
        return [self.added + line.removeprefix(self.dropped) if line.strip() else line for line in lines]


@dataclass(frozen=True)
class Haystack:
    """The lines of a file, without line ends, ready to be searched many times."""

    lines: Sequence[str]
    _texts: dict[Callable[[str], str], str] = field(default_factory=dict)

    def places(self, needle: Sequence[str]) -> list[Place]:
        """All places of ``needle`` by the strictest of three rules that finds any, at most MAX_PLACES.

        The rules: equal; equal but for white space at line ends; that, and one shift of indentation for all lines.
        """
        return (
            [Place(start, len(needle)) for start in self._starts(needle, str)]
            or [Place(start, len(needle)) for start in self._starts(needle, str.rstrip)]
            or list(self._shifted(needle))
        )

    def _starts(self, needle: Sequence[str], strip: Callable[[str], str]) -> Iterator[int]:
        """Line numbers at which ``needle`` begins: found as text, which is linear, not line by line."""
        if strip not in self._texts:
            self._texts[strip] = _joined(map(strip, self.lines))
        text, wanted = self._texts[strip], _joined(map(strip, needle))
        position, line_number = text.find(wanted), 0
        counted_to = 0
        for _ in range(MAX_PLACES):
            if position < 0:
                return
            line_number += text.count("\n", counted_to, position)
            counted_to = position
            yield line_number
            position = text.find(wanted, position + 1)

    def _shifted(self, needle: Sequence[str]) -> Iterator[Place]:
        for start in self._starts(needle, str.strip):
            found = self.lines[start : start + len(needle)]
            added, dropped = _shift(found, needle)
            place = Place(start, len(needle), added, dropped)
            fitted = place.fitted([line.rstrip() for line in needle]) if added or dropped else None
            if fitted == [line.rstrip() for line in found]:
                yield place


def _joined(lines: Iterable[str]) -> str:
    """Every line between two newlines, so that only whole lines are found."""
    return "\n" + "".join(f"{line}\n" for line in lines)


def _shift(found: Sequence[str], needle: Sequence[str]) -> tuple[str, str]:
    """What the first line with text would have to be given and to lose; two empty strings when that cannot be."""
    for there, wanted in zip(found, needle, strict=True):
        if wanted.strip():
            indent_there, indent_wanted = _indent(there), _indent(wanted)
            if indent_there.endswith(indent_wanted):
                return indent_there.removesuffix(indent_wanted), ""
            if indent_wanted.endswith(indent_there):
                return "", indent_wanted.removesuffix(indent_there)
            break
    return "", ""


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


@dataclass(frozen=True, slots=True)
class Nearest:
    """The lines of a file that are most like a SEARCH that was not found; the first is counted from 1."""

    first_line: int
    lines: tuple[str, ...]


def nearest(lines: Sequence[str], needle: Sequence[str]) -> Nearest | None:
    """The part of a file that was probably meant, or None when nothing is like it.

    Equal lines vote for where ``needle`` would begin; when there are none, difflib looks for the likest single line.
    """
    wanted = {line.strip(): index for index, line in reversed([*enumerate(needle)]) if len(line.strip()) > 1}
    votes: Counter[int] = Counter()
    for number, line in enumerate(lines):
        index = wanted.get(line.strip())
        if index is not None:
            votes[max(0, number - index)] += 1
    # among equals, the first
    start = max(votes, key=lambda place: (votes[place], -place)) if votes else _likest(lines, wanted)
    if start is None:
        return None
    first = max(0, start - 2)
    shown = lines[first : min(start + len(needle) + 2, first + _NEAREST_LINES)]
    return Nearest(first + 1, tuple(line[:_NEAREST_WIDTH] for line in shown))


def _likest(lines: Sequence[str], wanted: dict[str, int]) -> int | None:
    """Where the longest wanted line would be: difflib judges the few lines that share most words with it."""
    if not wanted:
        return None
    longest = max(wanted, key=len)
    words = set(_WORD.findall(longest))
    shared = {
        line.strip()[:_COMPARED_WIDTH]: (len(words.intersection(_WORD.findall(line[:_COMPARED_WIDTH]))), number)
        for number, line in reversed([*enumerate(lines[:_COMPARED_LINES])])
    }
    candidates = nlargest(_CANDIDATES, shared, key=lambda line: shared[line][0])
    found = get_close_matches(longest[:_COMPARED_WIDTH], candidates, n=1, cutoff=0.6)
    return max(0, shared[found[0]][1] - wanted[longest]) if found else None
