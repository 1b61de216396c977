"""The operations of one reply while they are found, at most one per path, whatever form they came in."""

from collections.abc import Iterable
from dataclasses import replace

from pipeline.generation.reply.operations import (
    FileEdit,
    FileWrite,
    Incomplete,
    Operation,
    ParsedReply,
    ReplyRejected,
)
from pipeline.generation.reply.wrapping import are_escaped, blocks_in, holds_markers, unescaped, unwrapped


class Collected:
    """What a reply has asked for so far."""

    def __init__(self) -> None:
        self._operations: dict[str, Operation] = {}
        self._conflicts: set[str] = set()
        self._incomplete: list[Incomplete] = []
        self._notes: list[str] = []

    def add(self, operation: Operation, *, may_repeat: bool = False) -> Operation | None:
        """Take an operation in; return what it really is, or None when it cannot be used.

        A whole file loses what is wrapped around it; one that consists of SEARCH/REPLACE blocks is an edit.
        """
        if isinstance(operation, FileWrite):
            finished = self._finished(operation)
            if isinstance(finished, Incomplete):
                self._incomplete.append(finished)
                return None
            operation = finished
        path = operation.path
        earlier = self._operations.get(path)
        if isinstance(earlier, FileEdit) and isinstance(operation, FileEdit):
            operation = FileEdit(path, earlier.blocks + operation.blocks)
        elif earlier and ((isinstance(operation, FileWrite) and not may_repeat) or operation != earlier):
            self._conflicts.add(path)
        if not isinstance(operation, FileEdit):  # a whole version makes up for one that broke off before it
            self._incomplete = [item for item in self._incomplete if item.path != path]
        self._operations[path] = operation
        return operation

    def leave_out(self, incomplete: Incomplete) -> None:
        """Remember what was begun and cannot be used."""
        self._incomplete.append(incomplete)

    def withdraw(self, write: FileWrite) -> None:
        """Forget a file that turned out not to be whole."""
        self._operations.pop(write.path, None)

    def result(self, summary: str, notes: Iterable[str] = ()) -> ParsedReply:
        """All of it. Raises ReplyRejected when a path has two operations, other than two edits."""
        if self._conflicts:
            raise ReplyRejected(f"the reply holds more than one version of {', '.join(sorted(self._conflicts))}")
        operations = [*self._operations.values()]
        if are_escaped(operations):
            operations = [unescaped(operation) for operation in operations]
            self._notes.append("the files were escaped as a whole; read as what was meant")
        return ParsedReply(tuple(operations), summary, tuple(self._incomplete), (*notes, *self._notes))

    def _finished(self, write: FileWrite) -> FileWrite | FileEdit | Incomplete:
        text = unwrapped(write.path, write.text)
        if text != write.text:
            self._notes.append(f"{write.path}: what was wrapped around the file was removed")
        if blocks := blocks_in(write.path, text):
            return FileEdit(write.path, blocks)
        if not write.path.endswith((".diff", ".patch")) and holds_markers(text):
            reason = "it holds conflict markers or is a diff: give the whole file, or SEARCH/REPLACE blocks alone"
            return Incomplete(write.path, text, reason)
        return replace(write, text=text)
