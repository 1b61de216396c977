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
    """A whole file, new or in place of an old one; line ends are as the reply had them.

    Here and below, a path is as the reply named it: not judged by the path rule yet.
    """

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class EditBlock:
    """Lines to find and lines to put in their place: all between the two markers, the ``=======`` line among it."""

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
    """Changes inside a file, in the reply's order; never none."""

    path: str
    blocks: tuple[EditBlock, ...]


@dataclass(frozen=True, slots=True)
class FileDelete:
    """A file to be removed."""

    path: str


@dataclass(frozen=True, slots=True)
class FileCopy:
    """An attachment, or a file derived from one, to be placed byte for byte."""

    source: str
    path: str


@dataclass(frozen=True, slots=True)
class FileRender:
    """A picture to be taken of the element of the page that a CSS selector names."""

    source: str
    path: str


Operation = FileWrite | FileEdit | FileDelete | FileCopy | FileRender


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A file or edit that was begun and must not be used: its text so far, and what is missing or wrong."""

    path: str
    received: str
    reason: str


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """A reply, read to its end: what is complete, in order of appearance, at most one per path, and what is not.

    The summary is the prose before the first tag; notes say what was mended or ignored.
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
    """A file of the reply began, grew, ended or broke off, at so many bytes."""

    path: str
    size: int = 0


def utf8_size(text: str) -> int:
    """Bytes of ``text``; a half of a character that came in two pieces counts as well."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
