"""Additions to pages by another hand: nothing that is there is changed, one block is put in."""

import re

_OPAQUE = re.compile(
    rb"<!--.*?(?:-->|\Z)|<(script|style|textarea|template|title)\b[^>]*>.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_ENDS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (rb"</main\s*>", rb"</body\s*>", rb"</html\s*>"))
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def insert(page: bytes, block: str) -> bytes | None:
    """Put ``block`` before the last ``</main>``, else ``</body>``, else ``</html>``, else at the end.

    End tags inside scripts, styles and comments are not taken for the page's own. The block is written in ASCII with
    character references, so that it reads the same whatever the page's encoding is.

    Returns:
        The page, or None when its encoding does not hold ASCII as such (UTF-16).
    """
    if page.startswith(_UTF_16):
        return None
    opaque = [match.span() for match in _OPAQUE.finditer(page)]

    def is_own(at: int) -> bool:
        return not any(start <= at < end for start, end in opaque)

    for pattern in _ENDS:
        places = [match.start() for match in pattern.finditer(page) if is_own(match.start())]
        if places:
            at = _line_start(page, places[-1])
            return page[:at] + _ascii(block) + page[at:]
    return page + b"\n" + _ascii(block)


def _line_start(page: bytes, at: int) -> int:
    """Before the spaces that indent what stands at ``at``, so that its line stays whole."""
    return len(page[:at].rstrip(b" \t"))


def _ascii(block: str) -> bytes:
    return block.encode("ascii", "xmlcharrefreplace")


def mentions_id(id_: str, sources: list[str]) -> bool:
    """Markup or code among ``sources`` makes an element with this id."""
    pattern = re.compile(rf"\bid\s*[=:]\s*\\?[\"'`]?{re.escape(id_)}(?![\w-])")
    return any(pattern.search(source) for source in sources)
