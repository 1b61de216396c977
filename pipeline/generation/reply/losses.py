"""New text that has lost most of the old one: to a comment that stands for it, or without a word."""

import re
from collections import Counter

FEWEST_LOST = 60
"""Characters: less may be meant, and is seen when the page is checked."""

_FRACTION = 4
_LARGE = 1_000
_ELLIPSIS = re.compile(r"\.\.\.|\u2026")
_COMMENT = re.compile(
    r"<!--.*-->|/\*.*\*/|\{/\*.*\*/\}|(?://|#(?![\w!])|--\s|;|%).*|[\[(].*(?:\.\.\.|\u2026).*[\])]|(?:\.\.\.|\u2026).*"
    r"|.*(?:\.\.\.|\u2026)"
)
_HEADINGS = (".md", ".markdown", ".mdx")


def loss(path: str, old: str, new: str, *, is_edit: bool = False, may_shrink: bool = False) -> str | None:
    """Why ``new`` cannot be what is meant to become of ``old``, or None.

    A new comment on a line of its own, while much more is gone than came, stands for what is gone, in whatever
    language; in an edit, which shows what it takes away, only one with an ellipsis does. A file that shrank to a
    fraction may be meant: the model is asked once, and then it ``may_shrink``.
    """
    before, after = _lines(old), _lines(new)
    gone, came = before - after, after - before
    has_headings = path.lower().endswith(_HEADINGS)
    comments = [line for line in came if _COMMENT.fullmatch(line) and not (has_headings and line.startswith("#"))]
    if is_edit:
        comments = [line for line in comments if _ELLIPSIS.search(line)]
    lost = sum(len(line) * times for line, times in gone.items())
    new_text = sum(len(line) * times for line, times in came.items()) - sum(map(len, comments))
    if comments and lost >= FEWEST_LOST and lost > 2 * new_text:
        return (
            f"{comments[0][:100]!r} stands where {gone.total()} lines of the file were. Give the file with these lines;"
            " if they are to go, leave the comment out"
        )
    if not is_edit and not may_shrink and len(old) >= _LARGE and len(new) * _FRACTION < len(old):
        return (
            f"it has {len(new)} characters, and {len(old)} before. Give the file whole, with all that is to stay;"
            " if so much is to go, give it again as it is"
        )
    return None


def _lines(text: str) -> Counter[str]:
    return Counter(line for line in map(str.strip, text.split("\n")) if line)
