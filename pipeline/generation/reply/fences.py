"""Code fences in a reply that does not use our tags."""

import re
from dataclasses import dataclass, field

from pipeline.generation.reply.tags import as_path

_MAX_HEADER = 120
_MAX_SENTENCE = 300
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^`\n]*?)\s*")
_PATH = r"[\w./\\@+-]*\.\w{1,12}|(?-i:Dockerfile|LICENSE|Makefile|Procfile|CNAME)"
# A heading, a list item, bold, code, "File:" or "=== name ===", and nothing on the line but that and the path.
_HEADER = re.compile(
    rf"(?:[#>*=\s-]|\d+[.)]\s)*(?:(?:file(?:name)?|path)\s*[:=]?\s*)?[*_`\"'(]*({_PATH})[*_`\"')]*\s*:?[\s*=]*",
    re.IGNORECASE,
)
_NAMED_IN_WORDS = re.compile(rf"(?<!\w)[`*\"'(]+({_PATH})[`*\"')]+", re.IGNORECASE)
_SEARCH = re.compile(r"[<-]{5,9} ?SEARCH>?\s*")
_NAME_IN_INFO = re.compile(r"\b(?:path|file|filename|name|title)\s*=\s*[\"']?([^\"'\s]+)", re.IGNORECASE)
_SHELLS = frozenset({"bash", "sh", "shell", "console", "zsh", "powershell", "cmd"})


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of code.

    Its language is the first word after the fence, lower case, or empty; its path is what the fence itself, then it
    ``is_named_inside``, or the line before it names. It ``is_closed`` when its end was seen.
    """

    language: str
    path: str | None
    is_named_inside: bool
    text: str
    is_closed: bool


@dataclass(slots=True)
class _OpenFence:
    info: str
    header: str
    marks: list[str]  # the fence and those that were opened inside it
    lines: list[str] = field(default_factory=list)

    def takes(self, line: str) -> bool:
        """Take a line; False when it is the end of the fence.

        A fence with a language opens a block inside this one, and the next bare fence closes that one.
        """
        mark = _FENCE.fullmatch(line)
        if mark and mark[1][0] == self.marks[-1][0]:
            if mark[2]:
                self.marks.append(mark[1])
            elif len(mark[1]) >= len(self.marks[-1]):
                self.marks.pop()
        if self.marks:
            self.lines.append(line)
        return bool(self.marks)

    def as_fence(self, *, is_closed: bool) -> Fence:
        first, _, rest = self.info.partition(" ")
        language, _, after_colon = first.partition(":")
        named = _NAME_IN_INFO.search(self.info)
        inside = as_path(named[1]) if named else path_in(rest) or path_in(after_colon) or path_in(first)
        if not inside and len(self.lines) > 1 and _SEARCH.fullmatch(self.lines[1]):
            inside = path_in(self.lines[0])
        path = inside or path_in(self.header) or _path_among_words(self.header)
        if path and language.lower() in _SHELLS and not path.endswith((".sh", ".bash")):
            path = None  # commands under a heading such as "Node.js"
        return Fence(language.lower(), path, bool(inside), "".join(f"{line}\n" for line in self.lines), is_closed)


def path_in(line: str) -> str | None:
    """The path that ``line`` consists of, apart from decoration, or None."""
    found = _HEADER.fullmatch(line.strip()) if len(line) <= _MAX_HEADER else None
    return as_path(found[1]) if found else None


def _path_among_words(line: str) -> str | None:
    """The only path that a sentence marks as code or sets in bold or brackets, or None."""
    named = {found[1] for found in _NAMED_IN_WORDS.finditer(line[:_MAX_SENTENCE])}
    return as_path(named.pop()) if len(named) == 1 else None


def find_fences(text: str) -> list[Fence]:
    """All outermost fences of ``text``, in order."""
    fences = []
    open_fence: _OpenFence | None = None
    header = ""
    for line in text.removesuffix("\n").split("\n"):
        mark = _FENCE.fullmatch(line)
        if open_fence:
            if not open_fence.takes(line):
                fences.append(open_fence.as_fence(is_closed=True))
                open_fence, header = None, ""
        elif mark:
            open_fence = _OpenFence(mark[2], header, [mark[1]])
        elif line.strip():
            header = line
    if open_fence:
        fences.append(open_fence.as_fence(is_closed=False))
    return fences
