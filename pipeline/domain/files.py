"""The files of an app, and THE path rule: the only place that decides which file names are let in."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from pipeline.domain.errors import FieldProblem, InvalidInput

MAX_PATH_BYTES = 240
MAX_FILES = 2_000
WORKFLOW_FILE = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
"""What GitHub takes for a workflow."""

_FORBIDDEN_CATEGORIES = {
    "Cc": "a control character",
    "Cf": "an invisible formatting character",
    "Cs": "a lone surrogate",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
    "Co": "a private-use character",
    "Cn": "an unassigned character",
}
_FORBIDDEN_CHARACTERS = frozenset('\\:%*?"<>|')
# Unicode's look-alikes of / and \ : fraction slash, division slash, big solidus, set minus, full-width forms ...
_SLASH_LOOKALIKES = frozenset("\u2044\u2215\u29f8\u29f5\u29f9\u2216\ufe68\uff0f\uff3c\u2571\u2572")
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])(\..*)?", re.DOTALL)
_CODE = re.compile(r"\.(?:x?html?|s?css|less|[cm]?[jt]sx?|vue|svelte|py|php|rb)\Z|(?:^|/)Dockerfile\Z", re.IGNORECASE)
_GIT_SHORT_NAME = re.compile(r"(git|gitmod)~\d+")  # what NTFS calls .git and .gitmodules in 8.3 form
_FORBIDDEN_SEGMENTS = frozenset({".git", ".gitmodules", ".ssh", ".env"})


def path_problem(path: str) -> str | None:
    """Say which rule ``path`` breaks, or None when it is a safe relative file path.

    The rule holds for attachments, files sent to /create-space and files named in a model's reply alike.
    Sources: git's own checks for ``.git`` look-alikes on NTFS and HFS+, the Win32 naming rules.
    """
    return next(_path_problems(path), None)


def _path_problems(path: str) -> Iterator[str]:
    if not path:
        yield "is empty"
    for character in path:
        if name := _FORBIDDEN_CATEGORIES.get(unicodedata.category(character)):
            yield f"contains {name}"
        if character in _FORBIDDEN_CHARACTERS:
            yield 'contains a character that is not allowed in a file name: one of \\ : % * ? " < > |'
        if character in _SLASH_LOOKALIKES:
            yield "contains a character that looks like a slash"
    if len(unicodedata.normalize("NFC", path).encode()) > MAX_PATH_BYTES:
        yield f"is longer than {MAX_PATH_BYTES} bytes"
    if path.startswith("/"):
        yield "is absolute: a relative path is needed"
    yield from filter(None, map(_segment_problem, path.split("/")))


def _segment_problem(segment: str) -> str | None:
    if not segment:
        return "has an empty part: two slashes in a row, or one at the end"
    if fold(segment) in {".", ".."}:  # as some file systems and servers read it
        return "has a part that is . or .."
    if segment != segment.strip() or segment.endswith("."):
        return "has a part that begins or ends with a space, or ends with a dot"
    folded = fold(segment)
    if folded in _FORBIDDEN_SEGMENTS or _GIT_SHORT_NAME.fullmatch(folded):
        return "has a part with a reserved name: .git, .gitmodules, .ssh or .env"
    if _WINDOWS_DEVICE.fullmatch(folded):
        return "has a part with the name of a Windows device"
    return None


def fold(path: str) -> str:
    """The form in which two paths that some file system takes for one are equal."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())


def is_code(path: str) -> bool:
    """Whether its name says that the file is a page, a style sheet or a program, and no data."""
    return _CODE.search(path) is not None


def as_relative(path: str) -> str:
    """``path`` without what says "here": a leading slash or ``./``."""
    while path.startswith(("/", "./")):
        path = path.removeprefix(".").removeprefix("/")
    return path


def safe_path(path: str, field: str) -> str:
    """Return ``path`` in Unicode form NFC.

    Raises:
        InvalidInput: it breaks the path rule; ``field`` tells the caller where.
    """
    if problem := path_problem(path):
        raise InvalidInput(FieldProblem(field, problem))
    return unicodedata.normalize("NFC", path)


def path_collision(paths: list[str]) -> tuple[int, str] | None:
    """Find the first path that cannot live beside those before it.

    Returns:
        Its index and the reason: the same name but for case or Unicode form, or one is the other's folder.
    """
    names: set[str] = set()
    folders: set[str] = set()
    for index, path in enumerate(paths):
        folded = fold(path)
        parents = {folded[:i] for i, character in enumerate(folded) if character == "/"}
        if folded in names:
            return index, "names the same file as another one (upper and lower case are the same here)"
        if folded in folders or parents & names:
            return index, "is a file and a folder at once"
        names.add(folded)
        folders |= parents
    return None


@dataclass(frozen=True, slots=True)
class AppFiles(Mapping[str, bytes]):
    """A whole app: safe relative path -> bytes, in path order. Immutable.

    Raises:
        InvalidInput: a path breaks the path rule or collides with another; too many files.
    """

    _files: Mapping[str, bytes]

    def __init__(self, files: Mapping[str, bytes]) -> None:
        if len(files) > MAX_FILES:
            raise InvalidInput(FieldProblem("files", f"more than {MAX_FILES} files"))
        checked = [(safe_path(path, "files"), content) for path, content in sorted(files.items())]
        if collision := path_collision([path for path, _ in checked]):
            raise InvalidInput(FieldProblem("files", f"one path {collision[1]}"))
        object.__setattr__(self, "_files", dict(checked))

    def __getitem__(self, path: str) -> bytes:
        return self._files[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"AppFiles({len(self)} files, {self.size} bytes)"

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(map(len, self._files.values()))

    @property
    def digest(self) -> str:
        """SHA-256 over all paths and contents, as 64 hex digits."""
        digest = sha256()
        for path, content in self._files.items():
            digest.update(f"{len(path.encode())} {path} {len(content)} ".encode())
            digest.update(content)
        return digest.hexdigest()

    def text(self, path: str) -> str | None:
        """The file as text, or None when it is absent or not UTF-8."""
        content = self._files.get(path)
        if content is None:
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None

    def with_files(self, files: Mapping[str, bytes]) -> "AppFiles":
        """A copy in which ``files`` were added or replaced."""
        return AppFiles({**self._files, **files})

    def without(self, *paths: str) -> "AppFiles":
        """A copy that lacks ``paths``; those that are not there are ignored."""
        return AppFiles({path: content for path, content in self._files.items() if path not in paths})


@dataclass(frozen=True, slots=True)
class FileChanges:
    """How one set of files differs from another, as sorted paths."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def compare(before: AppFiles, after: AppFiles) -> FileChanges:
    """What has to be done to ``before`` to get ``after``."""
    return FileChanges(
        added=tuple(path for path in after if path not in before),
        changed=tuple(path for path in after if path in before and after[path] != before[path]),
        removed=tuple(path for path in before if path not in after),
    )
