"""Bare repositories on disk, read and written with git itself."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

GIT_SECONDS = 60
_FIELD = "\x1f"
_FORMAT = _FIELD.join(("%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"))
_REPOSITORY_SETTINGS = ("gc.auto=0", "receive.autogc=false", "core.logAllRefUpdates=false")


def git_environment() -> dict[str, str]:
    """The environment of a git process that nobody's settings reach."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
    }


def run_git(
    *arguments: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    command, given = ["git", *arguments], environment or git_environment()
    return subprocess.run(
        command, cwd=folder, env=given, input=stdin, capture_output=True, check=False, timeout=GIT_SECONDS
    )


@dataclass(frozen=True)
class Signature:
    """Who did it, and when (ISO 8601)."""

    name: str
    email: str
    date: str


@dataclass(frozen=True)
class Commit:
    """A commit as git shows it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True)
class Entry:
    """A file or folder of a tree. ``size`` is 0 for folders."""

    path: str
    type: str
    sha: str
    size: int


class BareRepository:
    """One repository; ``folder`` is where it lies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        settings = [part for setting in _REPOSITORY_SETTINGS for part in ("-c", setting)]
        run_git(*settings, "init", "--bare", "--template=", "--initial-branch=main", self.folder).check_returncode()

    def head(self, branch: str) -> str | None:
        """Sha of the branch. References are never packed here, so that each is a file."""
        try:
            return (self.folder / "refs/heads" / branch).read_text().strip() or None
        except OSError:
            return None

    def commits(self, revision: str) -> list[Commit]:
        """``revision`` and its ancestors, newest first; empty when it does not exist."""
        printed = self._git("log", "-z", f"--format={_FORMAT}", revision, "--", is_optional=True)
        return [_commit(line) for line in printed.decode(errors="replace").split("\0") if line]

    def entries(self, revision: str) -> list[Entry]:
        entries = []
        for line in self._git("ls-tree", "-r", "-t", "-l", "-z", "--full-tree", revision).split(b"\0"):
            if line:
                described, _, path = line.partition(b"\t")
                _, kind, sha, size = described.decode().split()
                entries.append(Entry(path.decode(errors="replace"), kind, sha, 0 if size == "-" else int(size)))
        return entries

    def files(self, revision: str) -> dict[str, bytes]:
        blobs = [entry for entry in self.entries(revision) if entry.type == "blob"]
        asked = "".join(f"{blob.sha}\n" for blob in blobs).encode()
        printed = self._git("cat-file", "--batch", stdin=asked)
        files, position = {}, 0
        for blob in blobs:
            begin = printed.index(b"\n", position) + 1
            position = begin + blob.size + 1
            files[blob.path] = printed[begin : begin + blob.size]
        return files

    def add_commit(self, files: Mapping[str, bytes], message: str, author: str, branch: str) -> str:
        """Make ``files`` the whole of the branch's next commit and return its sha."""
        parent = self.head(branch)
        head = f"commit refs/heads/{branch}\ncommitter {author} now\n".encode()
        stream = head + _data(message.encode()) + (f"from {parent}\n".encode() if parent else b"") + b"deleteall\n"
        for path, content in files.items():
            stream += f"M 100644 inline {path}\n".encode() + _data(content)
        self._git("fast-import", "--quiet", "--date-format=now", stdin=stream)
        return self.head(branch) or ""

    def _git(self, *arguments: str, stdin: bytes = b"", is_optional: bool = False) -> bytes:
        ended = run_git(*arguments, folder=self.folder, stdin=stdin)
        if ended.returncode and not is_optional:
            raise RuntimeError(f"git {arguments[0]}: {ended.stderr.decode(errors='replace')}")
        return b"" if ended.returncode else ended.stdout


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _commit(printed: str) -> Commit:
    sha, tree, parents, *people, message = printed.split(_FIELD, 9)
    author, committer = Signature(*people[:3]), Signature(*people[3:])
    return Commit(sha, tree, tuple(parents.split()), author, committer, message.strip())
