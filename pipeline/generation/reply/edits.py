"""A parsed reply carried out on the files of an app: per file, all of it or nothing."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.domain.brief import Attachment
from pipeline.domain.files import AppFiles, path_collision, path_problem
from pipeline.generation.reply.matching import nearest
from pipeline.generation.reply.operations import (
    EditBlock,
    FileCopy,
    FileDelete,
    FileEdit,
    FileWrite,
    Operation,
    ParsedReply,
)
from pipeline.generation.reply.placement import BlockFailure, Change, Document, find_change, lines_of

MAX_BLOCKS = 100
_NEAREST_SHOWN = 5  # failed blocks of one edit for which the likest lines are looked up
_BYTE_ORDER_MARK = "\ufeff"


def apply_edits(text: str | None, blocks: Sequence[EditBlock]) -> str | tuple[BlockFailure, ...]:
    """Put ``blocks`` into ``text`` (None is a file that does not exist); every block that failed, if one did.

    Each SEARCH has to stand in exactly one place of the file as it was, or, when it stands nowhere there, in exactly
    one place of what the blocks before it made. An empty SEARCH fills a file that is missing or empty. A block that
    says the same as an earlier one is not done twice. Line ends stay as they are in the file.
    """
    if len(blocks) > MAX_BLOCKS:
        reason = f"the edit has more than {MAX_BLOCKS} blocks: write the whole file instead"
        return (BlockFailure(MAX_BLOCKS + 1, reason, ""),)
    mark = _BYTE_ORDER_MARK if text and text.startswith(_BYTE_ORDER_MARK) else ""
    document = Document((text or "").removeprefix(mark))
    failures: list[BlockFailure] = []
    for number, block in enumerate(blocks, start=1):
        if block in blocks[: number - 1]:
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
    return tuple(failures) or mark + document.text


@dataclass(frozen=True, slots=True)
class Failure:
    """A part of the reply that was not carried out, and why; the file is as it was before."""

    path: str
    reason: str
    blocks: tuple[BlockFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a reply: the base with all that could be carried out, what could not, and what was mended."""

    files: AppFiles
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()


def apply_reply(
    base: AppFiles, attachments: Sequence[Attachment], parsed: ParsedReply, derived: Mapping[str, bytes] | None = None
) -> Applied:
    """Carry out every operation of ``parsed`` on ``base``; per file, all of it or nothing.

    A file of which any part is incomplete stays as it was. ``<copy>`` takes its bytes from an attachment, from
    ``derived`` (files made from attachments, by name) or from a file of ``base``; ``<edit>`` changes a file of
    ``base`` or, if there is none, the attachment of that name.

    Raises:
        InvalidInput: the app would have more files than an app may have.
    """
    work = _Work(base, {_nfc(item.name): item.content for item in attachments}, dict(derived or {}))
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
    written: dict[str, bytes] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fail(self, path: str, reason: str, blocks: tuple[BlockFailure, ...] = ()) -> None:
        self.failures.append(Failure(path, reason, blocks))

    def carry_out(self, operation: Operation) -> None:
        if problem := path_problem(operation.path):
            self.fail(operation.path, f"the path {problem}")
            return
        path = _nfc(operation.path)
        if path in self.written or path in self.deleted:  # the same but for its Unicode form
            self.fail(operation.path, "the path names the same file as another one")
            return
        match operation:
            case FileWrite(text=text):
                self.written[path] = text.encode()
            case FileEdit(blocks=blocks):
                self._edit(path, blocks)
            case FileDelete():
                self._delete(path)
            case FileCopy(source=source):
                self._copy(source, path)

    def _edit(self, path: str, blocks: Sequence[EditBlock]) -> None:
        content = self.base.get(path, self.attached.get(path))
        try:
            text = None if content is None else content.decode()
        except UnicodeDecodeError:
            self.fail(path, "the file is not UTF-8 text: write it whole")
            return
        edited = apply_edits(text, blocks)
        if isinstance(edited, str):
            self.written[path] = edited.encode()
        else:
            self.fail(path, f"{len(edited)} of {len(blocks)} blocks could not be placed, so none was", edited)

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
        return Applied(files, tuple(self.failures), tuple(self.notes))


def _nfc(path: str) -> str:
    return unicodedata.normalize("NFC", path)
