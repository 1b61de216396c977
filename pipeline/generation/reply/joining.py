"""An answer that came in several pieces, each cut off by the model's output limit or a broken connection."""

import re

_TAG = re.compile(r"^[ \t]*<(?:file|edit|delete|copy|render)\s", re.MULTILINE)
_FENCE = re.compile(r"\s*(?:[^\n<>{}`~]{1,200}\n\s*)?(`{3,}|~{3,})\w*[ \t]*\n")
_LONGEST_REPEATED = 4_000
_SHORTEST_REPEATED = 8


def joined(text: str, rest: str, path: str) -> str:
    """``text``, and ``rest`` that the model wrote when it was asked to go on in the file at ``path``.

    ``rest`` may begin with the last lines of ``text`` once more or with a fence, also below a line of words, or give
    that file again from its beginning.
    """
    tag = _TAG.search(rest)
    if (tag and not rest[: tag.start()].strip()) or is_begun_again(rest, path):
        return f"{text}\n{rest}"
    if (fence := _FENCE.match(rest)) and len(re.findall(rf"^{fence[1]}", text, re.MULTILINE)) % 2 == 0:
        rest = re.sub(rf"^{fence[1]}[ \t]*\n?", "", rest[fence.end() :], count=1, flags=re.MULTILINE)
    return text + rest[_repeated(text, rest) :]


def is_begun_again(rest: str, path: str) -> bool:
    """Whether ``rest`` gives the file at ``path`` from its beginning."""
    return bool(path) and bool(re.search(rf"^[ \t]*<(?:file|edit)\s[^\n]*{re.escape(path)}", rest, re.MULTILINE))


def _repeated(text: str, rest: str) -> int:
    """How many characters of ``rest`` are the end of ``text`` again: whole lines of it that stand nowhere else."""
    start = max(0, len(text) - _LONGEST_REPEATED)
    while (start := text.find(rest[:_SHORTEST_REPEATED], start)) >= 0:
        tail = text[start:]
        is_line = start == 0 or text[start - 1] == "\n"
        if is_line and len(rest) >= len(tail) >= _SHORTEST_REPEATED and rest.startswith(tail) and text.count(tail) == 1:
            return len(tail)
        start += 1
    return 0
