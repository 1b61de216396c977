"""The git repositories on disk, one folder per site. The only module that knows git.

Commits are built in memory and written byte for byte: no filter, line-ending rule, ignore file, hook or setting of
the machine, the user or the app itself has a say. GitPython reads; the few things to be written are written here,
because GitPython's writers take a short write on a full disk for a whole one and leave locks behind when killed.
Formats: gitrepository-layout(5), gitformat-index(5) and "Git Internals - Git Objects" in the Pro Git book.

Every file comes into being by a rename from ``.git/staging``, and the branch moves last. So a process may be killed
anywhere: visitors see the old commit or the new one, and the next commit clears up.
"""

import asyncio
import errno
import os
import shutil
import stat
import tempfile
import unicodedata
import zlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha1
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import NoReturn, TypeVar

from git import BadObject, BaseIndexEntry, Blob, Commit, GitCmdObjectDB, GitError, Head, IndexEntry, Repo
from git.exc import ODBError
from git.index.fun import write_cache
from gitdb import LooseObjectDB

from pipeline.domain.errors import InvalidInput, WorkspaceFailed
from pipeline.domain.files import AppFiles, path_problem
from pipeline.domain.publication import Site

AUTHOR_NAME = "code-to-deployment"
AUTHOR_EMAIL = "code-to-deployment@localhost"
BRANCH = "refs/heads/main"
INDEX_PAGE = "index.html"

_FILE_MODE = 0o100644
_SKELETON = {
    "HEAD": f"ref: {BRANCH}\n",
    "config": "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n",
    # Outranks the app's own .gitattributes, so that a person's git sees the bytes as they are.
    "info/attributes": "* -text !eol !filter !ident !working-tree-encoding\n",
}
_GIT_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    # The folder may belong to another user, as on a mounted volume; what is asked runs nothing that is in it.
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}
_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space where GENERATED_REPOS_DIR is, then run the job again",
    errno.EDQUOT: "the disk quota is used up: free some space where GENERATED_REPOS_DIR is, then run the job again",
    errno.EFBIG: "a file is larger than this process may write: raise the limit (ulimit -f), then run the job again",
    errno.EROFS: "the file system is read-only: point GENERATED_REPOS_DIR at one that can be written",
    errno.EACCES: "permission denied: let the service's user own GENERATED_REPOS_DIR and all that is in it",
    errno.EPERM: "permission denied: let the service's user own GENERATED_REPOS_DIR and all that is in it",
}

T = TypeVar("T")


class GitWorkspaces:
    """The Workspaces port on folders below ``root``.

    One job per site at a time may commit; any number of readers may look on.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    async def published(self, site: Site) -> AppFiles:
        """The files at the site's published commit, whatever lies in the working tree.

        Raises:
            WorkspaceFailed: nothing is published, or its commit is not on this machine, or it cannot be read.
        """
        return await asyncio.to_thread(self._published, site)

    async def commit(self, site: Site, files: AppFiles, message: str, at: datetime) -> str:
        """Make ``files`` the whole of the site's next commit and its working tree, and return the commit's sha.

        The head is kept when it is the very commit that this call asks for, so a call that is repeated after a crash
        changes nothing. Another ``message`` or ``at`` (to the second) is a commit of its own, even of the same files.

        Raises:
            WorkspaceFailed: with what the operator can do about it.
        """
        return await asyncio.to_thread(self._commit, site, files, message, at)

    async def read(self, folder: str, path: str) -> bytes | None:
        """One file at the head of ``folder``, or None when there is no such file.

        A ``path`` that is empty, ends with a slash or names a folder means its ``index.html``.

        Raises:
            WorkspaceFailed: the repository is there but cannot be read.
        """
        return await asyncio.to_thread(self._read, folder, path)

    async def head(self, folder: str) -> str | None:
        """Sha of the newest commit in ``folder``, or None when there is none."""
        return await asyncio.to_thread(self._head, folder)

    def _published(self, site: Site) -> AppFiles:
        if site.publication is None:
            raise WorkspaceFailed(f"nothing was published from {site.folder} yet")
        sha = site.publication.commit_sha
        files = self._ask_if_there(site.folder, lambda repo: _files_of(repo, sha))
        if files is None:
            _restore(site)
        return files

    def _commit(self, site: Site, files: AppFiles, message: str, at: datetime) -> str:
        if problem := _folder_problem(site.folder):
            raise WorkspaceFailed(f"a site's folder must have a plain name, but this one {problem}")
        folder = self._root / site.folder
        with _explained(site.folder, "write"):
            _make_repository(folder)
            head = _ask(folder, _head_and_parents)
            if head is None and site.publication:
                _restore(site)
            blobs = {path: _store(folder, "blob", content) for path, content in files.items()}
            tree = _store_tree(folder, blobs)
            _write_working_tree(folder, files)
            _write(folder, folder / ".git/index", _index(blobs))
            if head and head[0] == _object_id("commit", _commit_text(tree, head[1], message, at)):
                return head[0]
            sha = _store(folder, "commit", _commit_text(tree, head[:1] if head else (), message, at))
            _write(folder, folder / ".git" / BRANCH, f"{sha}\n".encode())
            return sha

    def _read(self, folder: str, path: str) -> bytes | None:
        path = unicodedata.normalize("NFC", path + INDEX_PAGE if path.endswith("/") or not path else path)
        return None if path_problem(path) else self._ask_if_there(folder, lambda repo: _file_at_head(repo, path))

    def _head(self, folder: str) -> str | None:
        head = self._ask_if_there(folder, _head_and_parents)
        return head[0] if head else None

    def _ask_if_there(self, folder: str, question: Callable[[Repo], T | None]) -> T | None:
        """The answer of the repository in ``folder``, or None when there is none."""
        if _folder_problem(folder):
            return None
        with _explained(folder, "read"):
            return _ask(self._root / folder, question) if _is_repository(self._root / folder) else None


def _restore(site: Site) -> NoReturn:
    """The place to bring back, from where it is published, a repository that this machine lacks. Not done yet."""
    raise WorkspaceFailed(
        f"the published commit of {site.folder} is not on this machine: put that folder back below "
        "GENERATED_REPOS_DIR, or send round 1 again to start anew"
    )


@contextmanager
def _explained(folder_name: str, doing: str) -> Iterator[None]:
    """Turn what the system and GitPython raise into WorkspaceFailed. Absolute paths stay out of the text."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0) or error.strerror or "the system does not say why"
        raise WorkspaceFailed(f"cannot {doing} the repository {folder_name}: {advice}") from error
    except (GitError, ODBError, InvalidInput, ValueError, AssertionError, zlib.error) as error:
        raise WorkspaceFailed(
            f"cannot {doing} the repository {folder_name}, it is damaged or was changed by hand: move the folder "
            "away and put back a copy, or send round 1 again to start anew"
        ) from error


def _folder_problem(name: str) -> str | None:
    if "/" in name or name.startswith("."):  # a dot also keeps the service's own .pipeline out of reach
        return "has a slash or begins with a dot"
    return path_problem(name)


def _is_repository(folder: Path) -> bool:
    """Whether there is anything to ask. False where links lead elsewhere, and before the first commit got far."""
    git_folder = folder / ".git"
    return (git_folder / "HEAD").is_file() and not folder.is_symlink() and not git_folder.is_symlink()


# Reading


def _ask(folder: Path, question: Callable[[Repo], T]) -> T:
    """Answer from loose objects, in this process and safe in any thread; failing that, by a git process of its own.

    Our objects are loose. They move into packs when a person runs ``git gc``, and come in packs from a clone.
    """
    try:
        with Repo(folder, odbt=LooseObjectDB, expand_vars=False) as repo:
            return question(repo)
    except BadObject:
        with Repo(folder, odbt=GitCmdObjectDB, expand_vars=False) as repo:
            repo.git.update_environment(**_GIT_ENVIRONMENT)
            return question(repo)


def _head_commit(repo: Repo) -> Commit | None:
    try:
        return Head(repo, BRANCH).commit
    except (ValueError, AssertionError):  # no such branch, or, after a power failure, an empty file
        return None


def _head_and_parents(repo: Repo) -> tuple[str, tuple[str, ...]] | None:
    head = _head_commit(repo)
    return (head.hexsha, tuple(parent.hexsha for parent in head.parents)) if head else None


def _file_at_head(repo: Repo, path: str) -> bytes | None:
    head = _head_commit(repo)
    if head is None:
        return None
    try:
        found = head.tree / path
        if found.type == "tree":
            found = found / INDEX_PAGE
    except KeyError:
        return None
    return _content(found) if isinstance(found, Blob) and found.mode == _FILE_MODE else None


def _files_of(repo: Repo, sha: str) -> AppFiles | None:
    try:
        tree = Commit(repo, bytes.fromhex(sha)).tree
    except ValueError:  # what GitPython makes of git's word that there is no such object
        return None
    blobs = (item for item in tree.traverse() if isinstance(item, Blob) and item.mode == _FILE_MODE)
    return AppFiles({str(blob.path): _content(blob) for blob in blobs})


def _content(blob: Blob) -> bytes:
    content = bytes(blob.data_stream.read())
    if _object_id("blob", content) != blob.hexsha:  # GitPython gives the first part of an object that was cut off
        raise ValueError(f"object {blob.hexsha} is damaged")
    return content


# Writing


def _make_repository(folder: Path) -> None:
    """Make ``folder`` a repository fit for writing, whatever state it was left in."""
    git_folder = folder / ".git"
    for path in (folder, git_folder):
        if path.is_symlink():
            raise WorkspaceFailed(f"{folder.name} is, or its .git is, a symbolic link: remove it and run the job again")
    if (git_folder / "staging").exists():
        shutil.rmtree(git_folder / "staging")
    for name in ("objects", "refs/heads", "info", "staging"):
        (git_folder / name).mkdir(parents=True, exist_ok=True)
    for stale_lock in (*git_folder.glob("*.lock"), *(git_folder / "refs").rglob("*.lock")):
        stale_lock.unlink()
    for name, text in _SKELETON.items():
        if name != "config" or not (git_folder / name).exists():  # people may have added to the configuration
            _write(folder, git_folder / name, text.encode())


def _write(folder: Path, path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step. A link that stands there is replaced, never followed."""
    if _holds(path, content):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder / ".git/staging")
    staged = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        staged.chmod(stat.S_IMODE(_FILE_MODE))
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def _holds(path: Path, content: bytes) -> bool:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    return status.st_mode == _FILE_MODE and status.st_size == len(content) and path.read_bytes() == content


def _framed(kind: str, content: bytes) -> bytes:
    return f"{kind} {len(content)}\0".encode() + content


def _object_id(kind: str, content: bytes) -> str:
    return sha1(_framed(kind, content), usedforsecurity=False).hexdigest()


def _store(folder: Path, kind: str, content: bytes) -> str:
    """Keep a loose object, also in the place of a damaged one, and return its sha."""
    sha = _object_id(kind, content)
    compressed = zlib.compress(_framed(kind, content), zlib.Z_BEST_SPEED)
    _write(folder, folder / ".git/objects" / sha[:2] / sha[2:], compressed)
    return sha


def _store_tree(folder: Path, blobs: Mapping[str, str]) -> str:
    """Keep the trees for path -> sha of its blob, and return the sha of the topmost."""
    entries: list[tuple[str, str, str]] = []
    folders: dict[str, dict[str, str]] = {}
    for path, sha in blobs.items():
        name, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(name, {})[rest] = sha
        else:
            entries.append((name, "100644", sha))
    entries += [(f"{name}/", "40000", _store_tree(folder, inside)) for name, inside in folders.items()]
    entries.sort()  # with its slash: that is where git puts a folder
    content = b"".join(f"{mode} {name.rstrip('/')}\0".encode() + bytes.fromhex(sha) for name, mode, sha in entries)
    return _store(folder, "tree", content)


def _commit_text(tree: str, parents: Iterable[str], message: str, at: datetime) -> bytes:
    who = f"{AUTHOR_NAME} <{AUTHOR_EMAIL}> {int(at.timestamp())} +0000"
    header = [f"tree {tree}", *(f"parent {sha}" for sha in parents), f"author {who}", f"committer {who}"]
    text = message.replace("\0", "").strip()
    return "\n".join([*header, "", text, ""]).encode(errors="replace")


def _write_working_tree(folder: Path, files: AppFiles) -> None:
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents}
    _remove_strays(folder, "", files.keys(), folders)
    for path, content in files.items():
        _write(folder, folder / path, content)


def _remove_strays(folder: Path, prefix: str, files: Container[str], folders: Container[str]) -> None:
    """Remove all below ``folder`` whose path is neither in ``files`` nor that of a real folder in ``folders``."""
    for entry in list(os.scandir(folder)):
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            if path in folders:
                _remove_strays(folder / entry.name, f"{path}/", files, folders)
            elif path != ".git":
                shutil.rmtree(entry)
        elif path not in files:
            Path(entry).unlink()


def _index(blobs: Mapping[str, str]) -> bytes:
    """The index for path -> sha of its blob. It says nothing of the files' times, so git compares their contents."""
    entries = [BaseIndexEntry((_FILE_MODE, bytes.fromhex(blobs[path]), 0, path)) for path in sorted(blobs)]
    stream = BytesIO()
    write_cache([IndexEntry.from_base(entry) for entry in entries], stream)
    return stream.getvalue()
