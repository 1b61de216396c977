"""Replies without our tags: other ways in which models hand over files, the most reliable first."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import unescape
from itertools import zip_longest
from typing import Any

from pipeline.generation.reply.collecting import Collected
from pipeline.generation.reply.draft import joined_surrogates
from pipeline.generation.reply.fences import Fence, find_fences, path_in
from pipeline.generation.reply.grammar import parse_reply
from pipeline.generation.reply.operations import (
    MAX_FILE_BYTES,
    MAX_FILES_IN_REPLY,
    FileWrite,
    Incomplete,
    ParsedReply,
    ReplyRejected,
    utf8_size,
)
from pipeline.generation.reply.tags import ATTRIBUTES, as_path, attributes_of, without_noise
from pipeline.generation.reply.wrapping import is_escaped, unwrapped

_SECTION = re.compile(r"^={3,}([^=\n]+)={3,}[ \t]*\r?$\n?", re.MULTILINE)
_PAGE = re.compile(r"^[ \t]*<(?:!doctype[ \t]+html|html[\s>])", re.IGNORECASE | re.MULTILINE)
_PAGE_END = re.compile(r"</html\s*>", re.IGNORECASE)
_ELEMENT = re.compile(rf"^[ \t]*<([A-Za-z][\w.:-]*)({ATTRIBUTES})\s*(/?)>[ \t]*\n?", re.MULTILINE)
_MARKUP_LINE = re.compile(r"^[ \t]*</?[A-Za-z!?]", re.MULTILINE)
_PATH_KEYS = ("path", "filepath", "filename", "file", "name")
_TEXT_KEYS = ("content", "contents", "text", "code", "source")
_OPEN_THINKING = re.compile(r"\A\s*<think(?:ing)?>")
_THINKING = re.compile(r"^[ \t]*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.MULTILINE)
_END_OF_THINKING = re.compile(r"^[ \t]*</think(?:ing)?>|</think(?:ing)?>[ \t]*$", re.MULTILINE)
_PAGE_ENDINGS = (".html", ".htm")
_PAGE_LANGUAGES = frozenset({"html", "htm", "xhtml"})
_OTHER_SOURCES = frozenset({"css", "js", "javascript", "jsx", "ts", "typescript", "tsx", "python", "py", "json", "svg"})


class Rung(StrEnum):
    """How the files were told apart."""

    TAGS = "tags"
    NAMED_FENCES = "named_fences"  # a line with the path, then a fence
    ELEMENTS = "elements"  # another tool's tags, with the path as an attribute
    FENCE_INFO = "fence_info"  # the path stands in the fence line
    SECTIONS = "sections"  # === path ===
    HTML_FENCE = "html_fence"  # one page without a name: index.html
    BARE_HTML = "bare_html"
    JSON = "json"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Reading:
    """A reply as it could be read: what it says is nothing when the rung is NONE."""

    rung: Rung
    parsed: ParsedReply


@dataclass(frozen=True, slots=True)
class _Found:
    rung: Rung
    path: str
    text: str
    flaw: str | None = None


def read_reply(text: str, *, truncated: bool) -> Reading:
    """Read ``text`` by the grammar or, when it holds no tag at all, by the first rung that fits.

    If a reply without tags is truncated, none of its files is called complete. JSON has to be valid as it stands:
    nothing is mended, because mending hides where a reply was cut.

    Raises:
        ReplyRejected: too large, too many files, or several versions of one file.
    """
    text = without_noise(text)
    reading = _read(text, truncated=truncated)
    if reading.rung is Rung.NONE and not truncated and (opening := _OPEN_THINKING.match(text)):
        return _read(text[opening.end() :], truncated=False)  # the model forgot to say that it has thought enough
    if reading.rung is Rung.NONE and is_escaped(text):
        return _read(unescape(text), truncated=truncated)
    return reading


def _read(text: str, *, truncated: bool) -> Reading:
    parsed = parse_reply(text, truncated=truncated)
    if not parsed.is_empty:
        return Reading(Rung.TAGS, parsed)
    if utf8_size(text) > MAX_FILE_BYTES:
        raise ReplyRejected(f"the reply has no tags and is longer than {MAX_FILE_BYTES} bytes")
    text = _without_reasoning(text)
    fences = find_fences(text)
    for read in _RUNGS:
        if found := read(text, fences):
            return Reading(found[0].rung, _parsed(found, truncated=truncated))
    return Reading(Rung.NONE, ParsedReply(summary=text.strip()))


def _parsed(found: list[_Found], *, truncated: bool) -> ParsedReply:
    if len(found) > MAX_FILES_IN_REPLY:
        raise ReplyRejected(f"the reply names more than {MAX_FILES_IN_REPLY} files")
    collected = Collected()
    for file in found:
        if utf8_size(file.text) > MAX_FILE_BYTES:
            raise ReplyRejected(f"a file of the reply is larger than {MAX_FILE_BYTES} bytes")
        text = joined_surrogates(file.text)
        flaw = "the reply was cut off" if truncated else file.flaw or _cut_page(file.path, file.text)
        if flaw or text is None:
            collected.leave_out(Incomplete(file.path, file.text, flaw or "it holds half of a Unicode character"))
        else:
            collected.add(FileWrite(file.path, text), may_repeat=True)
    return collected.result("", [f"the reply has no tags; read as {found[0].rung}"])


def _cut_page(path: str, text: str) -> str | None:
    is_page = path.lower().endswith(_PAGE_ENDINGS) and _PAGE.match(text.lstrip())
    return "its </html> is missing" if is_page and not _PAGE_END.search(text) else None


def _read_elements(text: str, _fences: Sequence[Fence]) -> list[_Found]:
    """``<anyName … filePath="a.js">`` and then the file, up to ``</anyName>`` at the end of a line."""
    found = []
    page = _PAGE.search(text)
    opening = _ELEMENT.search(text)
    if opening and page and page.start() < opening.start():
        return []
    while opening:
        attributes = {_plain(name): value for name, value in attributes_of(opening[2]).items()}
        path = next((path for key in _PATH_KEYS if (path := path_in(attributes.get(key, "")))), None)
        end = re.compile(rf"</{re.escape(opening[1])}>[ \t]*$", re.MULTILINE).search(text, opening.end())
        if path:
            body = text[opening.end() : end.start()] if end and not opening[3] else ""
            flaw = None if body.strip() else "no text of it was found between its tags"
            found.append(_Found(Rung.ELEMENTS, path, body, flaw))
        opening = _ELEMENT.search(text, end.end() if path and end else opening.end())
    return found


def _read_named_fences(_text: str, fences: Sequence[Fence]) -> list[_Found]:
    rung = Rung.FENCE_INFO if any(fence.is_named_inside for fence in fences) else Rung.NAMED_FENCES
    return [
        _Found(rung, fence.path, fence.text, _fence_flaw(fence, following))
        for fence, following in zip_longest(fences, fences[1:])
        if fence.path
    ]


def _fence_flaw(fence: Fence, following: Fence | None) -> str | None:
    if not fence.is_closed:
        return "its code fence is not closed"
    if fence.language in {"diff", "patch"}:
        return "it is a diff and not a file"
    if following and not following.path and not following.language:
        return "its code fence may have ended at a fence inside it"
    return None


def _read_sections(text: str, _fences: Sequence[Fence]) -> list[_Found]:
    """``=== path ===`` and then the file, up to the next line of that kind."""
    headers = [*_SECTION.finditer(text)]
    found = []
    for header, following in zip_longest(headers, headers[1:]):
        end = following.start() if following else len(text)
        path = path_in(header[1])
        if path:
            body = unwrapped(path, text[header.end() : end]).strip("\r\n")
            found.append(_Found(Rung.SECTIONS, path, f"{body}\n", _section_flaw(path, body)))
    return found


def _section_flaw(path: str, body: str) -> str | None:
    """Nothing marks the end of a section, so that its text has to."""
    if not body:
        return "it is empty"
    is_cut = path.lower().endswith(_PAGE_ENDINGS) and not _PAGE_END.fullmatch(body[body.rfind("<") :].strip())
    return "it does not end with </html>" if is_cut else None


def _read_html_fence(text: str, fences: Sequence[Fence]) -> list[_Found]:
    pages = [fence for fence in fences if fence.language in _PAGE_LANGUAGES or _PAGE.match(fence.text.lstrip())]
    has_other_sources = any(fence.language in _OTHER_SOURCES for fence in fences if fence not in pages)
    if len(pages) != 1 or has_other_sources:
        return []
    page = pages[0]
    if _MARKUP_LINE.search(text.replace(page.text, "", 1)):  # who knows what else there is, in whose format
        return []
    following = fences[fences.index(page) + 1 :]
    flaw = _fence_flaw(page, following[0] if following else None)
    return [_Found(Rung.HTML_FENCE, "index.html", page.text, flaw)]


def _read_bare_html(text: str, fences: Sequence[Fence]) -> list[_Found]:
    starts = [*_PAGE.finditer(text)]
    ends = [*_PAGE_END.finditer(text)]
    if not starts or any(_PAGE.match(fence.text.lstrip()) for fence in fences):
        return []
    page = text[starts[0].start() : ends[-1].end()] if ends else text[starts[0].start() :]
    if _MARKUP_LINE.search(text.replace(page, "", 1)):
        return []
    flaws = {0: "its </html> is missing", 1: None}
    flaw = flaws.get(len(ends), "several pages follow each other without names")
    return [_Found(Rung.BARE_HTML, "index.html", f"{page.strip()}\n", flaw)]


def _read_json(text: str, fences: Sequence[Fence]) -> list[_Found]:
    """A map of paths to texts, a list of objects with path and text, or an object with such a member.

    It may stand inside a fence or prose.
    """
    spans = [text[text.find(start) : text.rfind(end) + 1] for start, end in ("{}", "[]") if start in text]
    for span in [*(fence.text for fence in fences if fence.language in {"", "json"}), *sorted(spans, key=len)[::-1]]:
        try:
            # numbers are of no use here, and Python refuses to convert very long ones
            document = json.loads(span, object_pairs_hook=_without_repeated_keys, parse_int=str)
        except (json.JSONDecodeError, RecursionError):
            continue
        members = [document, *document.values()] if isinstance(document, dict) else [document]
        found = next((found for member in members if (found := _files_in(member))), [])
        if not found and isinstance(document, dict) and document.get("files"):
            raise ReplyRejected("the reply is JSON with a file that has no path")
        if found:
            return found
    return []


def _files_in(document: Any) -> list[_Found]:
    """The files that one JSON value holds, or none when it is about something else."""
    if isinstance(document, dict) and (named := [key for key in document if path_in(key)]):
        return [_json_file(path, document[path]) for path in named]
    objects = document if isinstance(document, list) else [document]
    files = []
    for item in objects:
        keys = {_plain(key): value for key, value in item.items()} if isinstance(item, dict) else {}
        path = next((keys[key] for key in _PATH_KEYS if isinstance(keys.get(key), str)), None)
        texts = [keys[key] for key in _TEXT_KEYS if key in keys]
        if not path or not texts:
            return []
        files.append(_json_file(path, texts[0]))
    return files


def _json_file(path: str, content: object) -> _Found:
    is_text = isinstance(content, str)
    flaw = None if is_text else "its content is not text"
    return _Found(Rung.JSON, as_path(path), str(content) if is_text else "", flaw)


def _plain(key: str) -> str:
    """``filePath``, ``file_path`` and ``file-path`` are one."""
    return key.lower().replace("_", "").replace("-", "")


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ReplyRejected("the reply is JSON with a key that occurs twice")
    return dict(pairs)


def _without_reasoning(text: str) -> str:
    text = _THINKING.sub("", text)
    ends = [*_END_OF_THINKING.finditer(text)]  # without a beginning, as some chat templates send it
    return text[ends[-1].end() :] if ends else text


_RUNGS: tuple[Callable[[str, Sequence[Fence]], list[_Found]], ...] = (
    _read_elements,
    _read_named_fences,
    _read_sections,
    _read_html_fence,
    _read_bare_html,
    _read_json,
)
