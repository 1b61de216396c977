"""The tags of the reply grammar, one line at a time."""

import re
from dataclasses import dataclass
from enum import StrEnum
from xml.sax.saxutils import unescape

_MAX_TAG_LENGTH = 1_000
_TAG = re.compile(r"<(file|edit|delete|copy)\s+([^<>]*?)\s*(/?)>(\s*</\1>)?")
_ATTEMPT = re.compile(r"<(file|edit|delete|copy)\s[^<>]*?\b(?:path|to)\s*=\s*[\"']?([^\"'<>]*)")
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"']+))")


class TagName(StrEnum):
    """What a tag asks for."""

    FILE = "file"
    EDIT = "edit"
    DELETE = "delete"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Tag:
    """A line that holds a tag and nothing else: what it asks for, of which file, and of a copy, from where.

    It may be written ``<…/>``, or have its closing tag on the same line.
    """

    name: TagName
    path: str
    source: str = ""
    is_self_closed: bool = False
    is_pair: bool = False

    @property
    def opens_text(self) -> bool:
        """Whether lines of a file or edit follow."""
        return self.name in {TagName.FILE, TagName.EDIT} and not self.is_self_closed and not self.is_pair


def read_tag(line: str) -> Tag | None:
    """The tag that ``line`` holds, or None. Attributes come in any order, with either quotes or none."""
    if len(line) > _MAX_TAG_LENGTH:
        return None
    found = _TAG.fullmatch(line.strip())
    if not found:
        return None
    attributes = _attributes(found[2])
    name = TagName(found[1])
    path = attributes.get("to" if name is TagName.COPY else "path")
    source = attributes.get("from", "")
    if path is None or (name is TagName.COPY and not source):
        return None
    return Tag(name, path, source, is_self_closed=bool(found[3]), is_pair=bool(found[4]))


def read_attempt(line: str) -> Tag | None:
    """The tag that ``line`` was meant to begin with, if it is malformed or does not stand alone on its line."""
    found = _ATTEMPT.match(line[:_MAX_TAG_LENGTH].strip())
    if not found:
        return None
    return Tag(TagName(found[1]), _clean(found[2]), is_pair=f"</{found[1]}>" in line)


def _attributes(text: str) -> dict[str, str]:
    """``&amp;`` and its like are read as XML reads them, because attachments are shown to the model that way."""
    entities = {"&quot;": '"', "&apos;": "'"}
    return {
        found[1].lower(): _clean(unescape(found[2] or found[3] or found[4] or "", entities))
        for found in _ATTRIBUTE.finditer(text)
    }


def _clean(path: str) -> str:
    return path.strip().removeprefix("./")
