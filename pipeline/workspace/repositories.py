"""The Workspaces port."""

import asyncio
import shutil
import tempfile
import unicodedata
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from git import Repo

from pipeline.domain.errors import PushFailed, PushProblem, WorkspaceFailed
from pipeline.domain.files import AppFiles, path_problem
from pipeline.domain.publication import Remote, Site
from pipeline.workspace.failures import explained, folder_problem, missing, refuse_bad_name
from pipeline.workspace.objects import commit_text, object_id
from pipeline.workspace.reading import (
    INDEX_PAGE,
    ask,
    file_at,
    files_of,
    has_commit,
    head_and_parents,
    is_repository,
)
from pipeline.workspace.remotes import fetch_branch, push_commit
from pipeline.workspace.writing import make_repository, move_branch, refuse_links, store, store_tree, write_working_tree

T = TypeVar("T")


class GitWorkspaces:
    """The Workspaces port on folders below ``root``.

    One job per site at a time may commit, push or clone; any number of readers may look on.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    async def published(self, site: Site) -> AppFiles:
        """As the port says, whatever lies in the working tree."""
        if (sha := site.head) is None:
            raise WorkspaceFailed(f"nothing was published from {site.folder} yet")
        files = await asyncio.to_thread(self._ask_if_there, site.folder, lambda repo: files_of(repo, sha))
        if files is None:
            raise missing(site.folder)
        return files

    async def commit(self, site: Site, files: AppFiles, message: str, at: datetime) -> str:
        """As the port says; WorkspaceFailed tells what the operator can do about it.

        The head is kept when it is the very commit that this call asks for, so a call that is repeated after a crash
        changes nothing. Another ``message`` or ``at`` (to the second) is a commit of its own, even of the same files.
        """
        return await asyncio.to_thread(self._commit, site, files, message, at)

    async def push(self, folder: str, commit_sha: str, remote: Remote, seconds: float) -> None:
        """As the port says, never forced, and failed when it takes more than ``seconds``.

        A commit that the remote refused by a rule is taken back, so that the next one does not carry it along. Raises
        WorkspaceMissing when the commit is not in the folder.
        """
        if not await asyncio.to_thread(self._ask_if_there, folder, lambda repo: has_commit(repo, commit_sha)):
            raise missing(folder)
        with explained(folder, "push"):
            try:
                await push_commit(self._root / folder, commit_sha, remote, seconds)
            except PushFailed as error:
                if error.problem is PushProblem.REFUSED:
                    await asyncio.to_thread(self._take_back, folder, commit_sha)
                raise

    async def clone(self, folder: str, remote: Remote, seconds: float) -> None:
        """As the port says, with the whole history; it takes the folder's place when it is whole.

        Raises WorkspaceFailed when the remote holds what no app may hold.
        """
        refuse_bad_name(folder)
        with explained(folder, "clone"):
            made = await asyncio.to_thread(_begin_clone, self._root / folder)
            try:
                await fetch_branch(made, remote, seconds)
                await asyncio.to_thread(_finish_clone, made, self._root / folder)
            finally:
                shutil.rmtree(made, ignore_errors=True)

    async def read(self, folder: str, path: str, commit_sha: str | None = None) -> bytes | None:
        """As the port says.

        A ``path`` that is empty, ends with a slash or names a folder means its ``index.html``.
        """
        path = unicodedata.normalize("NFC", path + INDEX_PAGE if path.endswith("/") or not path else path)
        if path_problem(path):
            return None
        return await asyncio.to_thread(self._ask_if_there, folder, lambda repo: file_at(repo, commit_sha, path))

    async def head(self, folder: str) -> str | None:
        """As the port says."""
        head = await asyncio.to_thread(self._ask_if_there, folder, head_and_parents)
        return head[0] if head else None

    def _commit(self, site: Site, files: AppFiles, message: str, at: datetime) -> str:
        refuse_bad_name(site.folder)
        folder, published = self._root / site.folder, site.head
        with explained(site.folder, "write"):
            make_repository(folder)
            head = ask(folder, head_and_parents)
            if published and not (head and ask(folder, lambda repo: has_commit(repo, published))):
                raise missing(site.folder)
            blobs = {path: store(folder, "blob", content) for path, content in files.items()}
            tree = store_tree(folder, blobs)
            write_working_tree(folder, files, blobs)
            if head and head[0] == object_id("commit", commit_text(tree, head[1], message, at)):
                return head[0]
            sha = store(folder, "commit", commit_text(tree, head[:1] if head else (), message, at))
            move_branch(folder, sha)
            return sha

    def _take_back(self, folder: str, sha: str) -> None:
        head = ask(self._root / folder, head_and_parents)
        if head and head[0] == sha:
            move_branch(self._root / folder, head[1][0] if head[1] else None)

    def _ask_if_there(self, folder: str, question: Callable[[Repo], T | None]) -> T | None:
        """The answer of the repository in ``folder``, or None when there is none."""
        if folder_problem(folder):
            return None
        with explained(folder, "read"):
            return ask(self._root / folder, question) if is_repository(self._root / folder) else None


def _begin_clone(folder: Path) -> Path:
    """An empty repository beside ``folder``. What others left there who were killed is removed."""
    refuse_links(folder)
    place = folder.parent / ".cloning"
    place.mkdir(parents=True, exist_ok=True)
    for left in place.glob(f"{folder.name}.*"):
        shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(dir=place, prefix=f"{folder.name}."))
    made.chmod(0o755)  # as mkdir makes them; mkdtemp's are for one user only
    make_repository(made)
    return made


def _finish_clone(made: Path, folder: Path) -> None:
    """Complete the repository in ``made`` and put it in the place of ``folder``."""
    head = ask(made, head_and_parents)
    files = ask(made, lambda repo: files_of(repo, head[0])) if head else None
    if files is None:
        raise PushFailed(f"the remote of {folder.name} has no main branch", PushProblem.NOT_FOUND)
    blobs = {path: object_id("blob", content) for path, content in files.items()}
    write_working_tree(made, files, blobs)
    if folder.exists():
        replaced = Path(tempfile.mkdtemp(dir=made.parent, prefix=f"{folder.name}."))
        folder.rename(replaced)
        made.rename(folder)
        shutil.rmtree(replaced)
    else:
        made.rename(folder)
