"""A parsed reply carried out on the files of an app: whatever can be, and for the rest, why not."""

import re
import unicodedata
from base64 import b64decode
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.domain.brief import Attachment
from pipeline.domain.files import AppFiles, path_collision, path_problem
from pipeline.domain.media_types import is_named_otherwise, is_text_type, media_type_of
from pipeline.generation.reply.losses import loss
from pipeline.generation.reply.matching import nearest
from pipeline.generation.reply.operations import (
    EditBlock,
    FileCopy,
    FileDelete,
    FileEdit,
    FileRender,
    FileWrite,
    Operation,
    ParsedReply,
)
from pipeline.generation.reply.placement import BlockFailure, Change, Document, find_change, lines_of

MAX_BLOCKS = 100
_NEAREST_SHOWN = 5  # failed blocks of one edit for which the likest lines are looked up
_BINARY = ("image/", "audio/", "font/", "application/pdf")
_DATA_URI = re.compile(r"\A\s*data:[^\s,]{0,200};base64,")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Edited:
    """A file with the blocks that have a place in it, and those that have none."""

    text: str
    failures: tuple[BlockFailure, ...] = ()


def apply_edits(text: str | None, blocks: Sequence[EditBlock], done: Container[EditBlock] = ()) -> Edited:
    """Put ``blocks`` into ``text`` (None is a file that does not exist), apart from those that are ``done``.

    Each SEARCH has to stand in exactly one place of the file as it was, or, when it stands nowhere there, in exactly
    one place of what the blocks before it made. An empty SEARCH fills a file that is missing or empty. A block that
    says the same as an earlier one is not done twice. Line ends stay as they are in the file.
    """
    if len(blocks) > MAX_BLOCKS:
        reason = f"the edit has more than {MAX_BLOCKS} blocks: write the whole file instead"
        return Edited(text or "", (BlockFailure(MAX_BLOCKS + 1, reason, ""),))
    mark = _BYTE_ORDER_MARK if text and text.startswith(_BYTE_ORDER_MARK) else ""
    document = Document((text or "").removeprefix(mark))
    failures: list[BlockFailure] = []
    for number, block in enumerate(blocks, start=1):
        if block in done or block in blocks[: number - 1]:
            continue
        found = find_change(document, block, number)
        if isinstance(found, Change):
            document.change(found)
            continue
        if text is None:
            found = replace(found, reason="the file does not exist: write it whole")
        elif len(failures) < _NEAREST_SHOWN:
            found = replace(found, nearest=nearest(document.original.lines, lines_of(found.search)))
        failures.append(found)
    return Edited(mark + document.text, tuple(failures))


@dataclass(frozen=True, slots=True)
class Failure:
    """A part of the reply that was not carried out, and why. Apart from edits that stand, the file is as it was."""

    path: str
    reason: str
    blocks: tuple[BlockFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a reply: the base with all that could be carried out, what could not, and what was mended."""

    files: AppFiles
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    placed: frozenset[tuple[str, EditBlock]] = frozenset()  # the blocks that were, and are not to be placed again
    renders: Mapping[str, str] = field(default_factory=dict)  # files that pictures are to become, and of which element


def apply_reply(
    base: AppFiles,
    attachments: Sequence[Attachment],
    parsed: ParsedReply,
    derived: Mapping[str, bytes] | None = None,
    *,
    placed: frozenset[tuple[str, EditBlock]] = frozenset(),
    doubted: Container[str] = (),
) -> Applied:
    """Carry out every operation of ``parsed`` on ``base``, apart from blocks that earlier answers have ``placed``.

    A file of which any part is incomplete stays as it was, and one that would lose most of what it holds; of those
    that were ``doubted``, the model was asked whether it means that. A path that the rule forbids is left out.
    ``<copy>`` takes its bytes from an attachment, from ``derived`` (files made from attachments, by name) or from a
    file of ``base``; ``<edit>`` changes a file of ``base`` or, if there is none, the attachment of that name.

    Raises:
        InvalidInput: the app would have more files than an app may have.
    """
    attached = {_nfc(item.name): item.content for item in attachments}
    work = _Work(base, attached, dict(derived or {}), placed=set(placed), doubted=doubted)
    work.notes.extend(parsed.notes)
    for incomplete in parsed.incomplete:
        work.fail(incomplete.path, incomplete.reason)
    unusable = {incomplete.path for incomplete in parsed.incomplete}
    for operation in parsed.operations:
        if operation.path not in unusable:
            work.carry_out(operation)
    return work.result()


@dataclass
class _Work:
    base: AppFiles
    attached: dict[str, bytes]
    derived: dict[str, bytes]
    placed: set[tuple[str, EditBlock]]
    doubted: Container[str]
    written: dict[str, bytes] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    renders: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fail(self, path: str, reason: str, blocks: tuple[BlockFailure, ...] = ()) -> None:
        self.failures.append(Failure(path, reason, blocks))

    def carry_out(self, operation: Operation) -> None:
        if problem := path_problem(operation.path):
            self.notes.append(f"{operation.path} was left out: the path {problem}")
            return
        path = _nfc(operation.path)
        if path in self.written or path in self.deleted:  # the same but for its Unicode form
            self.fail(operation.path, "the path names the same file as another one")
            return
        match operation:
            case FileWrite(text=text):
                self._write(path, text)
            case FileEdit(blocks=blocks):
                self._edit(path, blocks)
            case FileDelete():
                self._delete(path)
            case FileCopy(source=source):
                self._copy(source, path)
            case FileRender() if not path.lower().endswith((".png", ".jpg", ".jpeg")):
                self.fail(path, "<render> makes .png and .jpg files alone")
            case FileRender() if path in self.attached:
                self.fail(path, "the attachment of that name stays as it was sent: give the picture another name")
            case FileRender(source=source):
                self.renders[path] = source

    def _write(self, path: str, text: str) -> None:
        old = self.base.get(path, self.attached.get(path, b"")).decode(errors="ignore")
        if reason := loss(path, old, text, may_shrink=path in self.doubted):
            self.fail(path, reason)
        else:
            self.written[path] = _bytes_of(path, text)

    def _edit(self, path: str, blocks: Sequence[EditBlock]) -> None:
        content = self.base.get(path, self.attached.get(path))
        try:
            text = None if content is None else content.decode()
        except UnicodeDecodeError:
            self.fail(path, "the file is not UTF-8 text: write it whole")
            return
        edited = apply_edits(text, blocks, {block for where, block in self.placed if where == path})
        if reason := loss(path, text or "", edited.text, is_edit=True):
            self.fail(path, reason)
            return
        failed = {failure.number for failure in edited.failures}
        if len(failed) < len(blocks):
            self.written[path] = edited.text.encode()
        stand = [number for number in range(1, len(blocks) + 1) if number not in failed]
        self.placed |= {(path, blocks[number - 1]) for number in stand}
        if failed:
            reason = f"{_numbered(sorted(failed))} could not be placed"
            self.fail(path, f"{reason}; in place already: {_numbered(stand)}" if stand else reason, edited.failures)

    def _delete(self, path: str) -> None:
        self.deleted.add(path)
        if path not in self.base:
            self.notes.append(f"{path}: there was no such file to delete")

    def _copy(self, source: str, path: str) -> None:
        for known in (self.attached, self.derived, self.base):
            content = known.get(_nfc(source))
            if content is not None:
                self.written[path] = content
                return
        names = ", ".join(self.attached | self.derived) or "none"
        self.fail(path, f"there is no such attachment; known are: {names}")

    def result(self) -> Applied:
        kept = [path for path in self.base if path not in self.deleted]
        while collision := path_collision(paths := [*kept, *(path for path in self.written if path not in self.base)]):
            index, reason = collision
            self.fail(paths[index], f"the path {reason}")
            del self.written[paths[index]]
        files = self.base.without(*self.deleted).with_files(self.written)
        return Applied(files, tuple(self.failures), tuple(self.notes), frozenset(self.placed), self.renders)


def _bytes_of(path: str, text: str) -> bytes:
    """What a whole file holds: of one that cannot be text, what its base64 stands for, if it is that."""
    content, media_type = text.encode(), media_type_of(path)
    if is_text_type(media_type) or not media_type.startswith(_BINARY):
        return content
    try:
        decoded = b64decode("".join(_DATA_URI.sub("", text).split()), validate=True)
    except ValueError:
        return content
    return content if is_named_otherwise(path, decoded) else decoded


def _numbered(numbers: Sequence[int]) -> str:
    return f"block{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _nfc(path: str) -> str:
    return unicodedata.normalize("NFC", path)
