"""What stands at the head of a text between two fences."""

import re

CARD_FENCE = "---"
_LINE_END = r"(?>\r\n?|\n)"


def split_front_matter(text: str, fence: str = CARD_FENCE) -> tuple[str | None, str]:
    """The lines between two fences at the head of ``text``, and what follows; None and all of it without them.

    Nothing but a byte order mark may come first, as the Hub and Jekyll want it.
    """
    mark = re.escape(fence)
    found = re.match(
        rf"\ufeff?{mark}[ \t]*+{_LINE_END}((?:[^\r\n]*+{_LINE_END})*?){mark}[ \t]*+(?:{_LINE_END}|\Z)", text
    )
    return (found[1], text[found.end() :]) if found else (None, text)
