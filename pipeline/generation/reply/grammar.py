"""The reply grammar: files as raw text between tags that stand alone on their lines, or nearly so.

    <file path="index.html">         a whole file, up to </file>
    <edit path="app.js">             SEARCH/REPLACE blocks, up to </edit>
    <<<<<<< SEARCH
    =======
    >>>>>>> REPLACE
    <delete path="old.html"/>
    <copy from="data.csv" to="data/data.csv"/>
    <render from="#chart" to="chart.png"/>

Nothing inside is unescaped. Reasoning between ``<think>`` and ``</think>`` is ignored. A file is complete only when
its closing tag was seen: indented like its opening tag, or, where text stands on the opening tag's line, behind text.
A reply is taken in pieces of any size; where it is cut into pieces never changes what comes out.
"""

import re
from io import StringIO

from pipeline.generation.reply.collecting import Collected
from pipeline.generation.reply.draft import Draft
from pipeline.generation.reply.operations import (
    MAX_FILE_BYTES,
    MAX_FILES_IN_REPLY,
    MAX_REPLY_BYTES,
    MAX_TAGS,
    FileWrite,
    Incomplete,
    ParsedReply,
    ParseEvent,
    ReplyRejected,
    utf8_size,
)
from pipeline.generation.reply.tags import Tag, find_tag, operation_of, read_attempt

_GROWTH_STEP = 1_024  # bytes between two reports on the same file
_THINK = re.compile(r"\s*<think(?:ing)?>")
_THINK_END = re.compile(r"</think(?:ing)?>")
_LANDMARK_IN_PROSE = re.compile(r"\n[ \t]*</?(?:file|edit|think)|<(?:file|edit|delete|copy|render)\s|</think")
_LAST_CLOSING = re.compile(r"</file>\s*\Z")
_OPENERS = ("<file", "<edit")
_FENCE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[^\n`]*\n?", re.MULTILINE)


def parse_reply(text: str, *, truncated: bool = False) -> ParsedReply:
    """Read a whole reply. Raises ReplyRejected as ``ReplyParser`` does."""
    parser = ReplyParser()
    parser.feed(text)
    return parser.finish(truncated=truncated)


class ReplyParser:
    """Reads one reply as it streams in: ``feed`` every piece, then ``finish`` once.

    Time is linear in the size of the reply, however it is cut into pieces; memory is bounded, because an endless
    stream ends in ReplyRejected.
    """

    def __init__(self) -> None:
        self._draft: Draft | None = None
        self._reported = 0  # size of the draft at the last event
        self._is_thinking = False
        self._unfinished_line = StringIO()
        self._unfinished_size = 0
        self._size = 0
        self._tags = 0
        self._paths: set[str] = set()
        self._collected = Collected()
        self._prose: list[str] = []
        self._last_file: FileWrite | None = None  # closed, and only prose since
        self._prose_since = False
        self._notes: list[str] = []
        self._events: list[ParseEvent] = []

    def feed(self, text: str) -> list[ParseEvent]:
        """Take the next piece and return what can be told after it.

        Raises:
            ReplyRejected: more than MAX_REPLY_BYTES in all, MAX_FILE_BYTES in one file, MAX_FILES_IN_REPLY files
                or MAX_TAGS tags.
        """
        self._size += utf8_size(text)
        if self._size > MAX_REPLY_BYTES:
            raise ReplyRejected(f"the reply is longer than {MAX_REPLY_BYTES} bytes")
        end = text.rfind("\n") + 1
        if end:
            lines = self._unfinished_line.getvalue() + text[:end]
            self._unfinished_line, self._unfinished_size = StringIO(), 0
            self._read_lines(lines)
        self._unfinished_line.write(text[end:])
        self._unfinished_size += utf8_size(text[end:])
        self._watch_growth()
        events, self._events = self._events, []
        return events

    def finish(self, *, truncated: bool) -> ParsedReply:
        """End the reply and return what it says.

        ``truncated`` means that the provider cut it, or did not say why it ended. A last line without a newline is
        then no tag, even if it reads like one: it may have been going on.

        Raises:
            ReplyRejected: a path has two operations, other than two edits.
        """
        rest = self._unfinished_line.getvalue()
        self._unfinished_line, self._unfinished_size = StringIO(), 0
        if not truncated:
            self._read_lines(rest)
        elif self._draft:
            self._take_text(rest)
        if self._draft:
            self._abandon(self._draft, "the reply ended before its closing tag", is_cut=truncated)
        if self._is_thinking:
            self._notes.append("the reply ended inside its reasoning")
        summary = _FENCE_LINE.sub("", "".join(self._prose)).strip()
        return self._collected.result(summary, self._notes)

    def _read_lines(self, lines: str) -> None:
        """Go from landmark to landmark; what lies between is taken in one piece, however many lines it has."""
        lines = f"\n{lines}"
        position = 0  # of the newline before the next line
        while position < len(lines) - 1:
            found = self._landmark.search(lines, position)
            start = lines.rfind("\n", 0, found.start() + 1) + 1 if found else len(lines)
            if start > position + 1:
                self._take_text(lines[position + 1 : start])
            end = lines.find("\n", start)
            end = len(lines) if end < 0 else end
            if found:
                self._take_line(lines[start : end + 1])
            position = end

    @property
    def _landmark(self) -> re.Pattern[str]:
        if self._draft:
            return self._draft.landmark
        return _THINK_END if self._is_thinking else _LANDMARK_IN_PROSE

    def _take_text(self, text: str) -> None:
        if self._draft:
            self._draft.take_text(text)
        elif not self._is_thinking:
            self._prose_since = self._prose_since or not text.isspace()
            if not self._tags:
                self._prose.append(text)

    def _take_line(self, line: str) -> None:
        if self._draft:
            self._take_inner_line(self._draft, line)
        elif self._is_thinking:
            self._take_end_of_thinking(line)
        else:
            self._take_outer_line(line)

    def _take_outer_line(self, line: str) -> None:
        bare = line.strip()
        if _THINK.match(line):
            self._is_thinking = True
            self._take_end_of_thinking(line)
        elif bare.startswith("</think") or bare.endswith(("</think>", "</thinking>")):
            self._forget_all()
            self._take_end_of_thinking(line)
        elif bare in {"</file>", "</edit>"}:
            self._doubt_last_file()
        elif found := find_tag(line):
            self._take_text(found.before)
            self._obey(found.tag, _indent(line), found.behind)
        elif attempt := read_attempt(line):
            draft = self._begin(attempt, _indent(line), "its tag is malformed, or words follow it")
            if attempt.is_pair or attempt.stands_alone:
                self._close(draft)
        else:
            self._take_text(line)

    def _take_end_of_thinking(self, line: str) -> None:
        """Go on after the last ``</think>`` of the line; a tag may follow it."""
        ends = [*_THINK_END.finditer(line)]
        if ends:
            rest = line[ends[-1].end() :]
            self._is_thinking = bool(_THINK.match(rest))
            if not self._is_thinking:
                self._take_outer_line(rest)

    def _forget_all(self) -> None:
        """The end of reasoning without its beginning, as some chat templates send it: all before it was a draft."""
        self._tags = 0
        self._paths.clear()
        self._collected = Collected()
        self._prose.clear()
        self._last_file = None

    def _take_inner_line(self, draft: Draft, line: str) -> None:
        if closing := draft.closing_behind_text(line):
            draft.take_text(line[: closing.start()])
            self._close(draft)
            self._go_on(line[closing.end() :])
            return
        if not draft.is_own_line(line):
            draft.take_text(line)
            return
        found = find_tag(line) if line.lstrip().startswith(_OPENERS) else None
        if found and found.tag.opens_text:
            self._abandon(draft, "its closing tag is missing: another file begins inside it")
            self._obey(found.tag, _indent(line), found.behind)
        elif draft.take_line(line):
            self._close(draft)

    def _obey(self, tag: Tag, indent: str, behind: str) -> None:
        if tag.stands_alone:
            self._count(tag.path)
            self._collected.add(operation_of(tag))
        elif tag.is_self_closed:
            flaw = "it has no content: an empty file is an opening and a closing tag"
            self._close(self._begin(tag, indent, flaw))
        elif tag.is_pair:
            self._close(self._begin(tag, indent))
        else:
            is_followed = bool(behind.strip())
            draft = self._begin(tag, indent, is_followed=is_followed)
            if is_followed:
                self._take_inner_line(draft, behind.lstrip(" \t"))
            return
        self._go_on(behind)

    def _go_on(self, behind: str) -> None:
        """Read what follows a tag on its line."""
        if behind.strip():
            self._take_outer_line(behind.lstrip(" \t"))

    def _begin(self, tag: Tag, indent: str, flaw: str | None = None, *, is_followed: bool = False) -> Draft:
        self._count(tag.path)
        self._draft = draft = Draft(tag, indent, flaw, is_followed=is_followed)
        self._reported = 0
        self._events.append(ParseEvent(tag.path))
        return draft

    def _count(self, path: str) -> None:
        self._last_file = None
        self._tags += 1
        self._paths.add(path)
        if len(self._paths) > MAX_FILES_IN_REPLY:
            raise ReplyRejected(f"the reply names more than {MAX_FILES_IN_REPLY} files")
        if self._tags > MAX_TAGS:
            raise ReplyRejected(f"the reply has more than {MAX_TAGS} tags")

    def _close(self, draft: Draft) -> None:
        self._draft = None
        _check_file_size(draft.size)
        closed = draft.closed()
        if isinstance(closed, Incomplete):
            self._leave_out(closed, draft.size)
            return
        added = self._collected.add(closed)
        if isinstance(added, FileWrite):
            self._last_file, self._prose_since = added, False
        self._events.append(ParseEvent(draft.path, draft.size))

    def _abandon(self, draft: Draft, reason: str, *, is_cut: bool = False) -> None:
        """End a draft whose closing tag has no line of its own; one behind its last text will do."""
        self._draft = None
        left = draft.left_open(reason)
        closing = None if is_cut or draft.is_edit else _LAST_CLOSING.search(left.received)
        if closing and not draft.flaw:
            self._collected.add(FileWrite(left.path, left.received[: closing.start()]))
            self._events.append(ParseEvent(left.path, draft.size))
        else:
            self._leave_out(left, draft.size)

    def _leave_out(self, incomplete: Incomplete, size: int) -> None:
        self._collected.leave_out(incomplete)
        self._events.append(ParseEvent(incomplete.path, size))

    def _doubt_last_file(self) -> None:
        """A closing tag without a file: if prose stands before it, that was the rest of a file that ended too early."""
        write, self._last_file = self._last_file, None
        if write and self._prose_since:
            self._collected.withdraw(write)
            reason = "one of its own lines reads </file>, so that its end cannot be told"
            self._leave_out(Incomplete(write.path, write.text, reason), utf8_size(write.text))

    def _watch_growth(self) -> None:
        if not self._draft:
            return
        size = self._draft.size + self._unfinished_size
        _check_file_size(size)
        if size >= self._reported + _GROWTH_STEP:
            self._reported = size
            self._events.append(ParseEvent(self._draft.path, size))


def _check_file_size(size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise ReplyRejected(f"a file of the reply is larger than {MAX_FILE_BYTES} bytes")


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
