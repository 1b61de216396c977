"""What a look at one part of the configuration found."""

from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """How it stands with it."""

    OK = "ok"
    WARNING = "warning"  # it works, but not for everything
    FAILED = "failed"  # it is configured, and does not work
    NOT_CONFIGURED = "not configured"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How it stands with one part."""

    condition: Condition
    found: str  # a sentence
    mend: str = ""  # the variable or command that changes it; empty when nothing need be changed


def ok(found: str) -> Diagnosis:
    """It works."""
    return Diagnosis(Condition.OK, found)


def warning(found: str, mend: str) -> Diagnosis:
    """It works, but not for everything."""
    return Diagnosis(Condition.WARNING, found, mend)


def failed(found: str, mend: str) -> Diagnosis:
    """It does not work."""
    return Diagnosis(Condition.FAILED, found, mend)


def not_configured(found: str, mend: str = "") -> Diagnosis:
    """Nobody asked for it."""
    return Diagnosis(Condition.NOT_CONFIGURED, found, mend)
