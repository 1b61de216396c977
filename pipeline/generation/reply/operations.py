"""What a model's reply asks to be done to the files of an app."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_REPLY_BYTES = 8 * 1024 * 1024
MAX_FILE_BYTES = 1024 * 1024
MAX_FILES_IN_REPLY = 60
MAX_TAGS = 500  # several edits of one file may each have a tag of their own

# A divider of five to nine signs, because models miscount; the cut whose SEARCH is found in the file settles which one.
_DIVIDER = re.compile(r"^={5,9}[ \t]*\r?$\n?", re.MULTILINE)
_MAX_DIVIDERS = 20


class ReplyRejected(ValueError):
    """The reply breaks a rule as a whole and nothing of it may be used; the text says which rule."""


@dataclass(frozen=True, slots=True)
class FileWrite:
    """A whole file, new or in place of an old one.

    Attributes:
        path: as the reply named it: not judged by the path rule yet.
        text: all of it, line ends as the reply had them.
    """

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class EditBlock:
    """Lines to find and lines to put in their place.

    Attributes:
        body: what stood between the SEARCH and the REPLACE marker, the ``=======`` line among it.
    """

    body: str

    @property
    def is_divided(self) -> bool:
        """Whether there is a ``=======`` line at all."""
        return _DIVIDER.search(self.body) is not None

    def cuts(self) -> Iterator[tuple[str, str]]:
        """Every way to read the block as (SEARCH, REPLACE), the longest SEARCH first.

        There are several when the text itself holds such lines, as underlined Markdown headings do.
        """
        dividers = [*_DIVIDER.finditer(self.body)][:_MAX_DIVIDERS]
        for divider in reversed(dividers):
            yield self.body[: divider.start()], self.body[divider.end() :]


@dataclass(frozen=True, slots=True)
class FileEdit:
    """Changes inside a file.

    Attributes:
        path: as the reply named it.
        blocks: in the reply's order; never empty.
    """

    path: str
    blocks: tuple[EditBlock, ...]


@dataclass(frozen=True, slots=True)
class FileDelete:
    """A file to be removed."""

    path: str


@dataclass(frozen=True, slots=True)
class FileCopy:
    """An attachment to be placed, byte for byte.

    Attributes:
        source: name of the attachment, or of a file derived from one.
        path: where it goes.
    """

    source: str
    path: str


Operation = FileWrite | FileEdit | FileDelete | FileCopy


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A file or edit that was begun and must not be used.

    Attributes:
        path: as the reply named it.
        received: its text so far.
        reason: what is missing or wrong.
    """

    path: str
    received: str
    reason: str


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """A reply, read to its end.

    Attributes:
        operations: what is complete, in order of appearance, at most one per path.
        summary: the prose before the first tag.
        incomplete: what was begun and cannot be used.
        notes: what was mended or ignored, as sentences.
    """

    operations: tuple[Operation, ...] = ()
    summary: str = ""
    incomplete: tuple[Incomplete, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no tag was found: prose, or another format that the ladder may know."""
        return not self.operations and not self.incomplete


@dataclass(frozen=True, slots=True)
class ParseEvent:
    """Something to show while the reply comes in.

    Attributes:
        path: of the file that began, grew, ended or broke off.
        size: bytes so far.
    """

    path: str
    size: int = 0


def utf8_size(text: str) -> int:
    """Bytes of ``text``; a half of a character that came in two pieces counts as well."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
