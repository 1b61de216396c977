"""What can go wrong at a server, on request of a test."""

import random
import re
import threading
from dataclasses import dataclass, field, replace
from typing import Any, Literal


@dataclass(frozen=True)
class Drop:
    """The connection is closed without an answer.

    On a connection that was kept open, git's transport then sends the same request once more by itself. So a push
    only fails when the fault's ``times`` is 2 or None.
    """


@dataclass(frozen=True)
class Hang:
    """Nothing happens for some seconds; cut short when the server stops.

    At GitHub the request then goes on as if nothing had been; the Hub closes the connection without an answer.
    """

    seconds: float


@dataclass(frozen=True)
class Fault:
    """Something that happens to requests of one sort.

    Attributes:
        method: of HTTP; ``*`` = any.
        path: a regular expression that is searched for in the path with the query.
        times: how many requests it meets; None = all.
        when: ``before`` = the request has no effect; ``after`` = it has, and only the answer is another.
        answer: Drop, Hang, or one of the server's own.
        kind: of the request, at a server that has several.
        share: of the requests that match, how many it meets, by chance.
    """

    method: str = "*"
    path: str = ""
    times: int | None = 1
    when: Literal["before", "after"] = "before"
    answer: Any = field(default_factory=Drop)
    kind: str = ""
    share: float = 1.0

    def matches(self, method: str, target: str, kind: str) -> bool:
        return self.kind == kind and self.method in {"*", method} and re.search(self.path, target) is not None


class FaultPlan:
    """The faults that are still to come. The first that matches a request is taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._chance = random.Random(0)  # the same in every run
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, method: str, target: str, kind: str = "") -> Fault | None:
        with self._lock:
            for index, fault in enumerate(self._waiting):
                is_met = fault.times != 0 and fault.matches(method, target, kind)
                if is_met and (fault.share >= 1 or self._chance.random() < fault.share):
                    if fault.times is not None:
                        self._waiting[index] = replace(fault, times=fault.times - 1)
                    return fault
        return None
