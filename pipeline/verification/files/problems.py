"""What a parser has to say about a text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint.

    Attributes:
        message: what is wrong.
        line: from 1 within the text, or None.
        is_certain: False when browsers may see it otherwise.
    """

    message: str
    line: int | None = None
    is_certain: bool = True
