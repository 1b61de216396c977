"""What is known of one attachment, before it is fitted into the prompt."""

from dataclasses import dataclass

from pipeline.domain.conversation import Image
from pipeline.generation.tokens import Density


@dataclass(frozen=True, slots=True)
class Description:
    """What can be said of an attachment."""

    media_type: str  # what it is, judged by its content
    facts: str  # sentences and lists about it, shown before anything else
    sample: str = ""  # its text, or a part of it; shortened to fit
    density: Density = Density.PROSE  # of the sample
    is_partial: bool = False  # whether the sample lacks some of the content
    image: Image | None = None  # for models that see
    derived: tuple["DerivedFile", ...] = ()  # files made from it


@dataclass(frozen=True, slots=True)
class DerivedFile:
    """A CSV file made from an attachment: from which ``part`` of it, or if that is empty, from all of it."""

    part: str
    content: bytes


class Unreadable(Exception):
    """The content is not what it begins like; the text says what is wrong with it."""


def counted(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
