"""Questions to a repository on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from git import BadObject, Blob, Commit, GitCmdObjectDB, Head, Repo, Tree
from gitdb import LooseObjectDB

from pipeline.domain.files import AppFiles
from pipeline.workspace.objects import BRANCH, FILE_MODE, object_id
from pipeline.workspace.processes import environment_of

INDEX_PAGE = "index.html"

T = TypeVar("T")


def is_repository(folder: Path) -> bool:
    """Whether there is anything to ask. False where links lead elsewhere, and before the first commit got far."""
    git_folder = folder / ".git"
    return (git_folder / "HEAD").is_file() and not folder.is_symlink() and not git_folder.is_symlink()


def ask(folder: Path, question: Callable[[Repo], T]) -> T:
    """Answer from loose objects, in this process and safe in any thread; failing that, by a git process of its own.

    Our objects are loose. They move into packs when a person runs ``git gc``, and come in packs from a large clone.
    """
    try:
        with Repo(folder, odbt=LooseObjectDB, expand_vars=False) as repo:
            return question(repo)
    except BadObject:
        with Repo(folder, odbt=GitCmdObjectDB, expand_vars=False) as repo:
            # The folder may belong to another user, as on a mounted volume; what is asked runs nothing that is in it.
            repo.git.update_environment(**environment_of({"safe.directory": "*"}), GIT_OPTIONAL_LOCKS="0")
            return question(repo)


def head_and_parents(repo: Repo) -> tuple[str, tuple[str, ...]] | None:
    """Shas of the newest commit and of those it follows, or None when there is none."""
    head = _head_commit(repo)
    return (head.hexsha, tuple(parent.hexsha for parent in head.parents)) if head else None


def has_commit(repo: Repo, sha: str) -> bool:
    """Whether the commit is in the repository, on whatever branch."""
    return _tree_of(repo, sha) is not None


def file_at(repo: Repo, sha: str | None, path: str) -> bytes | None:
    """A plain file of a commit, else of the newest, or the index page of a folder, or None."""
    head = _head_commit(repo)
    tree = _tree_of(repo, sha) if sha else head and head.tree
    if tree is None:
        return None
    try:
        found = tree / path
        if found.type == "tree":
            found = found / INDEX_PAGE
    except KeyError:
        return None
    return _content(found) if isinstance(found, Blob) and found.mode == FILE_MODE else None


def files_of(repo: Repo, sha: str) -> AppFiles | None:
    """All plain files of a commit, or None when there is no such commit."""
    tree = _tree_of(repo, sha)
    if tree is None:
        return None
    blobs = (item for item in tree.traverse() if isinstance(item, Blob) and item.mode == FILE_MODE)
    return AppFiles({str(blob.path): _content(blob) for blob in blobs})


def _head_commit(repo: Repo) -> Commit | None:
    try:
        return Head(repo, BRANCH).commit
    except (ValueError, AssertionError):  # no such branch, or, after a power failure, an empty file
        return None


def _tree_of(repo: Repo, sha: str) -> Tree | None:
    try:
        return Commit(repo, bytes.fromhex(sha)).tree
    except ValueError:  # what GitPython makes of git's word that there is no such object
        return None


def _content(blob: Blob) -> bytes:
    content = bytes(blob.data_stream.read())
    if object_id("blob", content) != blob.hexsha:  # GitPython gives the first part of an object that was cut off
        raise ValueError(f"object {blob.hexsha} is damaged")
    return content
