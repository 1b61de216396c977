"""The tags of the reply grammar, one line at a time."""

import re
from dataclasses import dataclass
from enum import StrEnum
from xml.sax.saxutils import unescape

from pipeline.domain.files import as_relative
from pipeline.generation.reply.operations import FileCopy, FileDelete, FileRender, Operation

_MAX_TAG_LENGTH = 1_000
_NAMES = "file|edit|delete|copy|render"
_VALUE = r"\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'<>]+?"  # what stands between quotes may be anything
ATTRIBUTES = rf"(?:\s+[\w:.-]+\s*=\s*(?:{_VALUE}))+"
_TAG = re.compile(rf"<({_NAMES})({ATTRIBUTES})\s*(/?)>(\s*</\1>)?")
_ATTEMPT = re.compile(rf"<({_NAMES})\s[^<>]*?\b(?:path|to)\s*=\s*[\"']?([^\"'<>]*)")
_ATTRIBUTE = re.compile(rf"([\w:.-]+)\s*=\s*({_VALUE})(?=\s|$)")
# Marks without width, and tokens of chat templates that a server let through: nobody means them beside a tag.
_MARK = r"[\ufeff\u200b-\u200f\u2060]"
_NOISE = rf"(?:(?:{_MARK}|<[|\uff5c][^<>\n]{{1,60}}[|\uff5c]>|</?s>|\[/?INST\])[ \t]*)+"
_NOISE_AT_TAGS = re.compile(
    rf"\A{_NOISE}|{_NOISE}(?=<(?:{_NAMES})\s)|{_MARK}+(?=</(?:file|edit)>)|(?<=</file>|</edit>)[ \t]*{_NOISE}$"
    rf"|{_NOISE}(?=\s*\Z)",
    re.MULTILINE,
)


class TagName(StrEnum):
    """What a tag asks for."""

    FILE = "file"
    EDIT = "edit"
    DELETE = "delete"
    COPY = "copy"
    RENDER = "render"


@dataclass(frozen=True, slots=True)
class Tag:
    """A line that holds a tag and nothing else: what it asks for, of which file, and of a copy or picture, from where.

    It may be written ``<…/>``, or have its closing tag on the same line.
    """

    name: TagName
    path: str
    source: str = ""
    is_self_closed: bool = False
    is_pair: bool = False

    @property
    def stands_alone(self) -> bool:
        """Whether it says all there is to say."""
        return self.name not in {TagName.FILE, TagName.EDIT}

    @property
    def opens_text(self) -> bool:
        """Whether lines of a file or edit follow."""
        return not (self.stands_alone or self.is_self_closed or self.is_pair)


@dataclass(frozen=True, slots=True)
class TagInLine:
    """A tag, and what stands before and behind it on its line."""

    tag: Tag
    before: str
    behind: str


def find_tag(line: str) -> TagInLine | None:
    """The first tag of ``line``, or None when it holds none or only speaks of one.

    Nothing but white space stands on one of its sides: words may lead to a tag, or text may begin directly behind the
    opening tag of a file. Attributes come in any order, with either quotes or none.
    """
    found = _TAG.search(line[:_MAX_TAG_LENGTH])
    tag = _tag(found) if found else None
    if not found or not tag:
        return None
    before, behind = line[: found.start()], line[found.end() :]
    is_followed = bool(behind.strip())
    if before.strip() and is_followed:
        return None
    if is_followed and not tag.opens_text and not _TAG.match(behind.lstrip()):
        return None
    return TagInLine(tag, before, behind)


def operation_of(tag: Tag) -> Operation:
    """What a tag that ``stands_alone`` asks for."""
    if tag.name is TagName.DELETE:
        return FileDelete(tag.path)
    return (FileCopy if tag.name is TagName.COPY else FileRender)(tag.source, tag.path)


def without_noise(text: str) -> str:
    """``text`` without marks and tokens that touch a tag, its beginning or its end."""
    return _NOISE_AT_TAGS.sub("", text)


def _tag(found: re.Match[str]) -> Tag | None:
    attributes = attributes_of(found[2])
    name = TagName(found[1])
    has_source = name in {TagName.COPY, TagName.RENDER}
    path = attributes.get("to" if has_source else "path")
    source = attributes.get("from", "")
    if path is None or (has_source and not source):
        return None
    return Tag(name, path, source, is_self_closed=bool(found[3]), is_pair=bool(found[4]))


def read_attempt(line: str) -> Tag | None:
    """The tag that ``line`` was meant to begin with, if it is malformed or followed by words."""
    found = _ATTEMPT.match(line[:_MAX_TAG_LENGTH].strip())
    if not found:
        return None
    return Tag(TagName(found[1]), as_path(found[2]), is_pair=f"</{found[1]}>" in line)


def attributes_of(text: str) -> dict[str, str]:
    """``&amp;`` and its like are read as XML reads them, because attachments are shown to the model that way."""
    entities = {"&quot;": '"', "&apos;": "'"}
    return {found[1].lower(): as_path(unescape(found[2].strip("\"'"), entities)) for found in _ATTRIBUTE.finditer(text)}


def as_path(text: str) -> str:
    """A path as other tools write it, with a leading slash or backslashes, in the form of ours."""
    return as_relative(text.strip().replace("\\", "/"))
