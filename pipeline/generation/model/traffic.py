"""What all jobs of this process know of providers: whom to leave alone, until when, and whose turn is next."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.generation.model.failure import ModelFailure, Remedy
from pipeline.ports import Model

LONGEST_REST = 3600.0
FIRST_GAP, LONGEST_GAP, SHRINKS = 0.5, 60.0, 0.95
"""Seconds between two requests to whoever limits them: at first, at most, and by what factor after each answer."""


@dataclass(slots=True)
class _Door:
    """Of one model, or of all models of an account."""

    shut_until: float = 0.0
    reason: str = ""
    remedy: Remedy = Remedy.RETRY  # for RETRY, waiting helps
    gap: float = 0.0
    next_turn: float = 0.0
    learnt_at: float = 0.0


class Traffic:
    """Doors of models and accounts, opened and shut by what comes back from them.

    A failure that says when to come back shuts the model's door until then: to all jobs, so that what one has learnt
    spares the others the attempt. A key, a budget or a limit may be that of one model behind a gateway: only when a
    second model of the account is turned away as well is it the account's. Behind a door that was shut by a limit, jobs
    go one after the other: the gap doubles with each time it was too short, and shrinks with each answer.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._doors: dict[tuple[str, str], _Door] = {}  # by account and model; "": never more than there are links

    def obstacle(self, model: Model) -> str | None:
        """Why waiting for ``model`` is no use for now: no key, no credit, no such model."""
        now = self._monotonic()
        locked = (d for d in self._both(model) if d.shut_until > now and d.remedy is not Remedy.RETRY)
        return next((door.reason for door in locked), None)

    def wait(self, model: Model) -> tuple[float, str]:
        """Seconds until the next free turn, and who made them so many."""
        door = max(self._both(model), key=lambda door: max(door.shut_until, door.next_turn))
        return max(door.shut_until - self._monotonic(), door.next_turn - self._monotonic(), 0.0), door.reason

    def take_turn(self, model: Model) -> None:
        """The next free turn is the caller's, who waits for it."""
        for door in self._both(model):
            if door.gap:
                door.next_turn = max(self._monotonic(), door.shut_until, door.next_turn) + door.gap

    def is_shut(self, model: Model) -> bool:
        """Whether whoever has waited for a turn has to take another."""
        return any(door.shut_until > self._monotonic() for door in self._both(model))

    def answered(self, model: Model) -> None:
        """It did."""
        for door in self._both(model):
            door.gap = door.gap * SHRINKS if door.gap > FIRST_GAP / 4 else 0.0

    def turned_away(self, model: Model, failure: ModelFailure, asked_at: float) -> None:
        """Learn from ``failure`` of a request that went out at ``asked_at``."""
        if not failure.wait_seconds:
            return
        now = self._monotonic()
        others = (
            door
            for (account, name), door in self._doors.items()
            if account == model.account and name not in {"", model.name}
        )
        is_accounts = failure.remedy is not Remedy.NEXT_MODEL and any(
            door.shut_until > now and door.remedy is failure.remedy for door in others
        )
        for door in self._both(model)[: 2 if is_accounts else 1]:
            if failure.remedy is Remedy.RETRY and asked_at >= door.learnt_at:
                door.gap, door.learnt_at = min(max(2 * door.gap, FIRST_GAP), LONGEST_GAP), now
            door.shut_until = max(door.shut_until, now + min(failure.wait_seconds, LONGEST_REST))
            door.reason, door.remedy = str(failure), failure.remedy

    def _both(self, model: Model) -> tuple[_Door, _Door]:
        """The model's own door, and the account's."""
        own, accounts = (model.account, model.name), (model.account, "")
        return self._doors.setdefault(own, _Door()), self._doors.setdefault(accounts, _Door())
