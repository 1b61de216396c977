"""What a parser has to say about a text, and what an app says as it may stand in a message."""

from dataclasses import dataclass

LONGEST_QUOTE = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint: its line counts from 1 within the text; what is not certain, browsers may see otherwise."""

    message: str
    line: int | None = None
    is_certain: bool = True


def shown(text: str, most: int = LONGEST_QUOTE) -> str:
    """``text`` on one line that can be printed, at most ``most`` characters of it."""
    line = "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text[: most + 1])
    return line if len(line) <= most else f"{line[:most]}…"


def with_line_feeds(text: str) -> str:
    """``text`` with line feeds alone at the ends of its lines: parsers differ in what they count."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
