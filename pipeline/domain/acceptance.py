"""Acceptance tests: what a visitor does with an app, and what is to be seen then. Written from its brief alone."""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What one step does. ``on`` is a selector as Playwright reads them, ``value`` what is done with it."""

    OPEN = "open"  # the app anew, at the query or fragment ``value``
    CLICK = "click"
    FILL = "fill"  # a field with ``value``, or choose that of a list
    PRESS = "press"  # the key ``value``, in the element ``on`` if one is named
    WAIT = "wait"  # ``value`` seconds
    EXPECT = "expect"  # that something visible matches ``on``, and shows ``value``
    GONE = "gone"  # that nothing visible does
    SCRIPT = "script"  # that the page script ``value`` comes to hold

    @property
    def looks(self) -> bool:
        """Whether it can fail because of what the app shows."""
        return self in {Action.EXPECT, Action.GONE, Action.SCRIPT}


@dataclass(frozen=True, slots=True)
class Step:
    """One of a test."""

    action: Action
    on: str = ""
    value: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, [self.action, self.on, self.value and f"“{self.value}”"]))


@dataclass(frozen=True, slots=True)
class AcceptanceTest:
    """One visit, from a fresh page on."""

    title: str
    steps: tuple[Step, ...]
