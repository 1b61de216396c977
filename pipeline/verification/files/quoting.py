"""What an app says, as it may stand in a message."""

LONGEST_QUOTE = 100


def shown(text: str) -> str:
    """``text`` in one line, shortened."""
    printable = "".join(character if character.isprintable() else "?" for character in text[: LONGEST_QUOTE + 1])
    return printable if len(text) <= LONGEST_QUOTE else f"{printable[:LONGEST_QUOTE]}…"
