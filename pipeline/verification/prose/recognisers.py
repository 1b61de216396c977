"""A recogniser: patterns that must cover a whole sentence in its plainer form, and a function that judges what is said.

``Unclear``, raised by it: the sentence is none of its business after all. ``Settled``: the check is decided by that.
"""

import re
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from pipeline.verification.inspection import Inspection, Judgement, Ruling


class Unclear(Exception):
    """A sentence says something else than its pattern is about."""


class Settled(Exception):
    """Nothing else need be looked at: the check comes out as ``ruling``."""

    def __init__(self, ruling: Ruling) -> None:
        super().__init__(ruling.evidence)
        self.ruling = ruling


class Said:
    """What a sentence said of an app, by the named parts of a pattern; empty when they are not said."""

    def __init__(self, match: re.Match[str], inspection: Inspection) -> None:
        self.text = match[0]
        self.inspection = inspection
        self._groups = match.groupdict()

    @cached_property
    def _parts(self) -> dict[str, str]:
        parts: dict[str, str] = {}
        for group, text in self._groups.items():
            name = group.partition("__")[0]
            parts[name] = text or parts.get(name, "")
        return parts

    def __getitem__(self, name: str) -> str:
        return self._parts.get(name, "")


Judge = Callable[[Said], Judgement]
_J = TypeVar("_J", bound=Judge)
KNOWN: list[tuple[str, Judge]] = []
"""Expressions with what judges them; those of ``kinds`` are added when its modules are imported."""


def recognises(*expressions: str) -> Callable[[_J], _J]:
    """The decorated function judges sentences that one of ``expressions`` covers; a name may stand in it repeatedly."""

    def register(judge: _J) -> _J:
        KNOWN.extend((expression, judge) for expression in expressions)
        return judge

    return register
