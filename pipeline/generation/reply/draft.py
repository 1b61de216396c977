"""A file or an edit while its lines come in."""

import re
from io import StringIO

from pipeline.generation.reply.operations import EditBlock, FileEdit, FileWrite, Incomplete, utf8_size
from pipeline.generation.reply.tags import Tag, TagName

_OPENER = r"<(?:file|edit)\s"
_MARKER = r"[<-]{5,9} ?SEARCH|[>+]{5,9} ?REPLACE"
_SEARCH = re.compile(r"[<-]{5,9} ?SEARCH>?")
_REPLACE = re.compile(r"[>+]{5,9} ?REPLACE")
_DIVIDER = re.compile(r"={5,9}")

# Where the next line begins that may be more than text. A pattern that starts with a literal newline is searched
# many times faster than one with ^.
_CLOSING_BEHIND_TEXT = re.compile(r"</file>(?=\s*$|[ \t]*<(?:file|edit|delete|copy|render)\s)")
_IN_FILE = re.compile(rf"\n[ \t]*(?:</file>|{_OPENER})")
_IN_FOLLOWED_FILE = re.compile(rf"</file>|\n[ \t]*{_OPENER}")
_BETWEEN_BLOCKS = re.compile(rf"\n[ \t]*(?:</edit>|</file>|={{5}}|{_MARKER}|{_OPENER})")
_IN_BLOCK = re.compile(rf"\n[ \t]*(?:</edit>|{_MARKER}|{_OPENER})")


class Draft:
    """What stands between an opening tag and its closing tag, as far as it has come: ``size`` bytes.

    ``flaw`` is why it cannot be used even when it is closed, or None. The text ``is_followed`` when it begins on the
    line of the opening tag: then its closing tag may stand behind text as well.
    """

    def __init__(self, tag: Tag, indent: str, flaw: str | None = None, *, is_followed: bool = False) -> None:
        self.path = tag.path
        self.size = 0
        self.flaw = flaw
        self.is_edit = tag.name is TagName.EDIT
        self._indent = indent
        self._is_followed = is_followed
        self._received = StringIO()
        self._blocks: list[EditBlock] = []
        self._block: list[str] | None = None  # lines of the block that is open

    @property
    def landmark(self) -> re.Pattern[str]:
        """Finds, after a newline, the next line that has to go through ``take_line``; all before it is text."""
        if not self.is_edit:
            return _IN_FOLLOWED_FILE if self._is_followed else _IN_FILE
        return _BETWEEN_BLOCKS if self._block is None else _IN_BLOCK

    def closing_behind_text(self, line: str) -> re.Match[str] | None:
        """The closing tag in ``line`` when text, or the tag of the next file, may stand beside it."""
        if self.is_edit or not (self._is_followed or line.startswith(f"{self._indent}</file>")):
            return None
        closing = _CLOSING_BEHIND_TEXT.search(line)
        return closing if closing and (self._is_followed or line[closing.end() :].strip()) else None

    def take_text(self, text: str) -> None:
        """Take text in which there is no landmark."""
        self._received.write(text)
        self.size += utf8_size(text)
        if self._block is not None:
            self._block.append(text)

    def is_own_line(self, line: str) -> bool:
        """Whether ``line`` is indented as the opening tag was: only such lines can be tags or markers."""
        return line.startswith(self._indent) and not line[len(self._indent) :].startswith((" ", "\t"))

    def take_line(self, line: str) -> bool:
        """Take a line of its own that may be a marker or the closing tag; True when it is the closing tag."""
        bare = line.strip()
        closing = {"</edit>"} if self._block is not None else {"</edit>", "</file>"}
        if bare in (closing if self.is_edit else {"</file>"}):
            if self._block is not None:
                self.flaw = "a block has no REPLACE marker"
            return True
        if not (self.is_edit and self._take_marker(bare, line)):
            self.take_text(line)
        return False

    def _take_marker(self, bare: str, line: str) -> bool:
        if _SEARCH.fullmatch(bare):
            if self._block is not None:
                self.flaw = "a block has no REPLACE marker"
            self._block = []
        elif self._block is not None and _REPLACE.fullmatch(bare):
            self._blocks.append(EditBlock("".join(self._block)))
            if not self._blocks[-1].is_divided:
                self.flaw = "a block has no ======= line"
            self._block = None
        elif self._block is None and (_REPLACE.fullmatch(bare) or _DIVIDER.fullmatch(bare)):
            self.flaw = "a marker stands outside of any block"
        else:
            return False
        self._received.write(line)
        self.size += utf8_size(line)
        return True

    def left_open(self, reason: str) -> Incomplete:
        """What is left of it when its closing tag does not come."""
        return Incomplete(self.path, self._received.getvalue(), reason)

    def closed(self) -> FileWrite | FileEdit | Incomplete:
        """What it is now that its closing tag was seen."""
        received = self._received.getvalue()
        text = joined_surrogates(received)
        flaw = self.flaw
        if self.is_edit and not self._blocks:
            flaw = flaw or "it holds no SEARCH/REPLACE block"
        if text is None:
            flaw = flaw or "it holds half of a Unicode character"
        if flaw or text is None:
            return self.left_open(flaw or "")
        if self.is_edit:
            blocks = (
                self._blocks if text == received else [EditBlock(joined_surrogates(b.body) or "") for b in self._blocks]
            )
            return FileEdit(self.path, tuple(blocks))
        return FileWrite(self.path, text)


def joined_surrogates(text: str) -> str | None:
    """Join characters beyond U+FFFF whose halves came in two pieces; None when a half is missing."""
    try:
        text.encode()
    except UnicodeEncodeError:
        try:
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            return None
    return text
